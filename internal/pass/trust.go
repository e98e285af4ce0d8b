package pass

import (
	"errors"
	"fmt"

	"ca-exchange/internal/ca"
	"ca-exchange/internal/inbox"
	"ca-exchange/internal/pki"
)

// publishTrust puts the issuers' certificates and what this CA understands into the outbox, and puts them back where
// somebody changed them.
func (p *pass) publishTrust() error { return publishTrust(p.CA, p.x) }

func publishTrust(c *ca.CA, x *inbox.Exchange) error {
	authorities := c.Trust().Authorities
	files := []inbox.File{
		{Name: "issuers.pem", Bytes: pki.EncodeTrust(authorities)},
		{Name: inbox.FeaturesFile, Bytes: inbox.EncodeFeatures(inbox.FeatureRenew)},
	}
	for _, a := range authorities {
		files = append(files, inbox.File{Name: a.Name + inbox.CertificateSuffix, Bytes: a.Anchor()})
	}
	var taken error // that name's trouble alone
	for _, f := range files {
		before, err := x.ReadAnswer("", f.Name)
		if err != nil {
			return err
		}
		changed, err := x.Ensure(f)
		if errors.Is(err, inbox.ErrNameTaken) {
			taken = fmt.Errorf("publishing %q: %w", f.Name, err)
			continue
		}
		if err != nil {
			return fmt.Errorf("publishing %q: %w", f.Name, err)
		}
		if changed && before.State != inbox.Gone {
			c.Log.Warn("a changed file in the outbox was restored", "file", f.Name)
		}
	}
	return taken
}
