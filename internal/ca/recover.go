package ca

import (
	"context"
	"crypto/x509"
	"strings"

	"ca-exchange/internal/kube"
	"ca-exchange/internal/ledger"
	"ca-exchange/internal/pki"
)

// TakeOver records certificates that were found in an outbox, as the decision of the person who runs the command.
func (c *CA) TakeOver(ctx context.Context, found []ledger.Recovered) error {
	changes := make([]ledger.Change, len(found))
	for i, f := range found {
		changes[i] = f.Change(person())
	}
	if len(changes) == 0 {
		return nil
	}
	return c.ledger.Record(ctx, changes)
}

// Signed gives the issuer of this CA that signed a certificate, by its signature; ok is false where none did. A CA's
// own certificate is nobody's answer.
func (c *CA) Signed(leaf *x509.Certificate) (by pki.Authority, ok bool) {
	if leaf.IsCA {
		return by, false
	}
	for _, a := range c.Trust().Authorities {
		// The names are compared first: a signature costs arithmetic, and the outbox may be full of junk.
		if string(leaf.RawIssuer) == string(a.Certificate.RawSubject) && leaf.CheckSignatureFrom(a.Certificate) == nil {
			return a, true
		}
	}
	return by, false
}

// ProfileOf gives the one profile whose subject and usages a certificate has, "" where none or several have them.
func (r *Rules) ProfileOf(leaf *x509.Certificate) string {
	var exact, generic []string
	for _, p := range kube.Profiles(r.Release) {
		switch {
		case !pki.EqualSets(leaf.ExtKeyUsage, p.Usages):
		case p.CommonName == "":
			generic = append(generic, p.Name)
		case fits(p.CommonName, leaf.Subject.CommonName) && pki.EqualSets(leaf.Subject.Organization, p.Organizations):
			exact = append(exact, p.Name)
		}
	}
	for _, found := range [][]string{exact, generic} {
		if len(found) == 1 {
			return found[0]
		}
		if len(found) > 1 {
			break
		}
	}
	return ""
}

// fits compares a common name with a profile's, whose {node} stands for any host's name.
func fits(template, name string) bool {
	before, after, found := strings.Cut(template, "{node}")
	if !found {
		return template == name
	}
	node, ok := strings.CutPrefix(name, before)
	return ok && strings.HasSuffix(node, after) && kube.CheckNode(strings.TrimSuffix(node, after)) == nil
}
