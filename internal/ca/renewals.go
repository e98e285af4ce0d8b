package ca

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"

	"ca-exchange/internal/ledger"
	"ca-exchange/internal/pki"
	"ca-exchange/internal/policy"
	"ca-exchange/internal/refusal"
)

// Renewals are the held requests that name a certificate of this CA as the one to be replaced.
type Renewals struct {
	Plain  []*Proposal // the same certificate again, with another key, serial and validity
	Left   []Left      // the others
	Firsts int         // held requests that replace no certificate of this CA
}

// Left is a renewal that a person has to look at by itself.
type Left struct {
	Record ledger.Request
	Why    string // what from the exchange is in it is quoted
}

// Renewals sorts what is held into renewals that may be approved together and those that may not.
func (c *CA) Renewals(ctx context.Context) (all Renewals, err error) {
	for record, err := range c.ledger.Pending(ctx) {
		if err != nil {
			return all, err
		}
		p, err := c.Propose(ctx, record.ID, policy.Override{})
		if errors.Is(err, ErrSettled) || errors.Is(err, ErrUnknown) {
			continue // somebody else decided meanwhile
		}
		if err != nil {
			return all, err
		}
		if p.Replaced == nil {
			all.Firsts++
			continue
		}
		why, err := c.notPlain(ctx, p)
		if err != nil {
			return all, err
		}
		if why == "" {
			all.Plain = append(all.Plain, p)
		} else {
			all.Left = append(all.Left, Left{record, why})
		}
	}
	return all, nil
}

// notPlain says why a renewal is more than the replaced certificate once more; "" where it is that. Whoever approves
// many at once looks at none of them closely, so the rule is narrow: nothing in the certificate may be new, and
// somebody has to vouch for whoever asks.
func (c *CA) notPlain(ctx context.Context, p *Proposal) (why string, err error) {
	d := p.Decision
	if d.Profile != nil && d.Profile.Guarded {
		return fmt.Sprintf("profile %s is guarded: a person decides every time", d.Profile.Name), nil
	}
	if err := p.Approvable(); err != nil {
		return err.Error(), nil
	}
	for _, r := range d.Refusals {
		if !slices.Contains(routine, r.Code) {
			return r.Code.Meaning(), nil
		}
	}
	if why, err := c.unvouched(ctx, p); why != "" || err != nil {
		return why, err
	}
	for _, t := range p.Takes {
		if t.From.Serial != p.Replaced.Serial {
			name := refusal.Quote(t.Address.Name + ".crt")
			return fmt.Sprintf("it takes %s from request %s", name, t.From.ID.Short()), nil
		}
	}
	leaf, err := c.leafOf(ctx, p.Replaced.Serial)
	if err != nil {
		return "", err
	}
	return difference(p.Plan, *p.Replaced, leaf), nil
}

// unvouched says why nobody vouches for a renewal. A certificate is public, so that a request names it proves nothing:
// an enrolled requester has to have asked for both, or the key has to be the replaced certificate's. That key counts
// only while nothing has replaced the certificate: a copy stolen before the host took a new key must not come back.
func (c *CA) unvouched(ctx context.Context, p *Proposal) (why string, err error) {
	old := p.Replaced
	switch {
	case p.Decision.Requester != nil && p.Decision.Replaces == "":
		return p.Decision.Note, nil
	case p.Decision.Requester != nil:
		return "", nil
	case old.Status == ledger.Revoked:
		return refusal.Renewal.Meaning(), nil
	case old.KeyFingerprint != p.Request.CSR.Fingerprint:
		return "no enrolled requester signed it, and its key is not the replaced certificate's", nil
	}
	successors, err := c.ledger.Successors(ctx, []string{old.Fingerprint})
	if err != nil || len(successors[old.Fingerprint]) == 0 {
		return "", err
	}
	return "that certificate was replaced already, by serial " + successors[old.Fingerprint][0].Serial, nil
}

// routine is what may be held against a renewal that is approved together with others: it was held against the replaced
// certificate as well, and a person let that one pass.
var routine = []refusal.Code{
	refusal.SignatureAbsent, refusal.SignatureUnknownKey, refusal.ProfileKey, refusal.ProfileNames, refusal.NameCount,
	refusal.ScopeProfile, refusal.ScopeNode, refusal.ScopeName, refusal.ScopeUser, refusal.ScopeGroup,
}

// difference says in what a plan differs from the certificate it would replace, beyond key, serial and validity.
func difference(plan pki.Plan, old ledger.Certificate, leaf *x509.Certificate) string {
	have := pki.NamesOf(leaf)
	more, less := plan.Names.Without(have), have.Without(plan.Names)
	switch {
	case plan.Profile != old.Profile:
		return fmt.Sprintf("its profile is %s, the replaced certificate's is %s", plan.Profile, old.Profile)
	case plan.Issuer != old.Issuer:
		return fmt.Sprintf("its issuer is %s, the replaced certificate's is %s", plan.Issuer, old.Issuer)
	case plan.Subject() != old.Subject:
		return fmt.Sprintf("its subject is %s, the replaced certificate's is %s", plan.Subject(), old.Subject)
	case len(more)+len(less) > 0:
		return "its names differ:" + listed(" + ", more) + listed(" - ", less)
	case !pki.EqualSets(plan.Usages, leaf.ExtKeyUsage):
		return fmt.Sprintf("its usages are %s, the replaced certificate's are %s",
			pki.UsageNames(plan.Usages), pki.UsageNames(leaf.ExtKeyUsage))
	}
	return ""
}

func listed(sign string, names []string) string {
	var line strings.Builder
	for _, name := range names {
		line.WriteString(sign + refusal.Quote(name))
	}
	return line.String()
}

// leafOf is a certificate that the ledger has.
func (c *CA) leafOf(ctx context.Context, serial string) (*x509.Certificate, error) {
	answer, err := c.ledger.CertificateAnswer(ctx, serial)
	if err != nil {
		return nil, err
	}
	certificates, err := pki.ParseCertificates(answer)
	if err != nil {
		return nil, fmt.Errorf("certificate %s in the ledger: %w", serial, err)
	}
	return certificates[0], nil
}
