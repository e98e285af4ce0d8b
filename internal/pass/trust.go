package pass

import (
	"context"
	"errors"
	"fmt"

	"ca-exchange/internal/ca"
	"ca-exchange/internal/inbox"
	"ca-exchange/internal/pki"
)

// publishTrust puts the issuers' certificates and what this CA understands into the outbox, and puts them back where
// somebody changed them.
func (p *pass) publishTrust() error { return publishTrust(p.CA, p.x, p.rules) }

func publishTrust(c *ca.CA, x *inbox.Exchange, rules *ca.Rules) error {
	trust := c.Trust()
	var files []inbox.File
	if rules != nil {
		files = append(files, inbox.File{Name: inbox.FeaturesFile, Bytes: inbox.EncodeFeatures(features(rules)...)})
	}
	if len(trust.Authorities) > 0 {
		files = append(files, inbox.File{Name: "issuers.pem", Bytes: pki.EncodeTrust(trust.Authorities)})
		if x.Trust == "" { // made while they waited for their parent
			if err := x.Announce(trust.Fingerprint); err != nil {
				return fmt.Errorf("announcing the trust fingerprint: %w", err)
			}
		}
	}
	for _, a := range trust.Authorities {
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
		// A release, or the policy, changes the features.
		if changed && before.State != inbox.Gone && f.Name != inbox.FeaturesFile {
			c.Log.Warn("a changed file in the outbox was restored", "file", f.Name)
		}
	}
	return taken
}

// features are what this CA understands beyond version 1.
func features(rules *ca.Rules) []string {
	known := []string{inbox.FeatureRenew}
	if rules.Policy.TakesReports() {
		known = append(known, inbox.FeatureReport)
	}
	return known
}

// Announce publishes the issuers on an exchange at once: those of a CA whose last issuer was adopted.
func Announce(ctx context.Context, c *ca.CA, at Sides) error {
	x, err := OpenExchange(ctx, c, at.WithOpenInbox())
	if err != nil {
		return err
	}
	return errors.Join(publishTrust(c, x, nil), x.Close())
}
