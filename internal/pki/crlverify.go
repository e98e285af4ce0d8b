package pki

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"ca-exchange/internal/refusal"
)

// clockAhead is how far a CRL's begin may be ahead of the clock of the host that takes it.
const clockAhead = 10 * time.Minute

// ErrOlderCRL reports a CRL whose number is not above the installed one's.
var ErrOlderCRL = errors.New("the CRL is not newer than the installed one")

// VerifyCRL reads a CRL in DER and checks what etcd and others do not: that this authority signed it, that it has
// begun, and that its number is above the installed one's, or that it is the installed one; nil where none is. A CRL
// that has ended is verified alike: it still names who is revoked.
func (a Authority) VerifyCRL(raw []byte, installed *CRL, now time.Time) (*CRL, error) {
	crl, err := ParseCRL(raw)
	if err != nil {
		return nil, fmt.Errorf("reading the CRL: %w", err)
	}
	list, issuer := crl.list, a.Certificate
	switch {
	case !bytes.Equal(list.RawIssuer, issuer.RawSubject):
		return nil, fmt.Errorf("the CRL is of %s, expected %s", refusal.Quote(list.Issuer.String()),
			refusal.Quote(issuer.Subject.String()))
	case len(issuer.SubjectKeyId) > 0 && len(list.AuthorityKeyId) > 0 &&
		!bytes.Equal(list.AuthorityKeyId, issuer.SubjectKeyId):
		return nil, fmt.Errorf("the CRL is of the key %x, expected %x", list.AuthorityKeyId, issuer.SubjectKeyId)
	case weakAlgorithm(list.SignatureAlgorithm):
		return nil, fmt.Errorf("the CRL is signed with %s", list.SignatureAlgorithm)
	}
	if err := list.CheckSignatureFrom(issuer); err != nil {
		return nil, fmt.Errorf("issuer %q did not sign the CRL: %w", a.Name, err)
	}
	if begin := crl.ThisUpdate; begin.After(now.Add(clockAhead)) {
		return nil, fmt.Errorf("the CRL begins at %s, and it is %s", Stamp(begin), Stamp(now))
	}
	if installed != nil && crl.Number.Cmp(installed.Number) <= 0 && !bytes.Equal(crl.Raw, installed.Raw) {
		return nil, fmt.Errorf("%w: number %v, installed is %v", ErrOlderCRL, crl.Number, installed.Number)
	}
	return crl, nil
}

// asPlanned is the last look before a CRL leaves: every part of it against the plan.
func (c *CRL) asPlanned(p CRLPlan) error {
	switch {
	case !c.Number.IsInt64() || c.Number.Int64() != p.Number:
		return fmt.Errorf("number %v, expected %d", c.Number, p.Number)
	case c.Entries != len(p.Entries):
		return fmt.Errorf("%d entries, expected %d", c.Entries, len(p.Entries))
	case Stamp(c.ThisUpdate) != Stamp(p.ThisUpdate) || Stamp(c.NextUpdate) != Stamp(p.NextUpdate):
		return fmt.Errorf("good from %s to %s, expected %s to %s", Stamp(c.ThisUpdate), Stamp(c.NextUpdate),
			Stamp(p.ThisUpdate), Stamp(p.NextUpdate))
	}
	i := 0
	for r := range c.All() {
		if want := p.Entries[i]; !r.equal(want) {
			return fmt.Errorf("entry %d is %v, expected %v", i+1, r, want)
		}
		i++
	}
	return nil
}
