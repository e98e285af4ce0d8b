package ca

import (
	"context"

	"ca-exchange/internal/ledger"
	"ca-exchange/internal/pki"
)

// AdoptCRL takes a CRL of ours, which was found in an outbox and verified, into a ledger that does not know it: the
// revocations that it lists, with their times and reasons, and the CRL itself, so that the next one has a number above
// it. It gives the number of revocations that the ledger lacked. One that is not newer than the last tells nothing.
func (c *CA) AdoptCRL(ctx context.Context, a pki.Authority, crl *pki.CRL) (lacked int, err error) {
	state, err := c.ledger.CRLState(ctx, a.Certificate)
	if err != nil || !crl.Number.IsInt64() || crl.Number.Int64() <= state.Last.Number {
		return 0, err
	}
	by := person()
	by["recovered"] = "from the CRL of an outbox"
	var listed []ledger.ImportedRevocation
	for r := range crl.All() {
		target := ledger.Target{Issuer: a.Name, Authority: a.Certificate, Serial: pki.SerialHex(r.Serial)}
		listed = append(listed, ledger.ImportedRevocation{Target: target, Revocation: r})
	}
	if err := c.blockListed(ctx, listed); err != nil {
		return 0, err
	}
	if lacked, err = c.ledger.Import(ctx, nil, listed, ledger.Event{Time: c.Now(), Detail: by}); err != nil {
		return 0, err
	}
	if state, err = c.ledger.CRLState(ctx, a.Certificate); err == nil {
		_, err = c.keepCRL(ctx, a, crl, state, by)
	}
	return lacked, err
}

// blockListed blocks the keys of certificates that were compromised, as far as the ledger knows them.
func (c *CA) blockListed(ctx context.Context, listed []ledger.ImportedRevocation) error {
	var keys []string
	for _, r := range listed {
		if r.Reason != pki.KeyCompromise {
			continue
		}
		for k, err := range c.ledger.Certificates(ctx, ledger.Filter{Serial: r.Target.Serial, Issuer: r.Issuer}) {
			if err != nil {
				return err
			}
			keys = append(keys, k.KeyFingerprint)
		}
	}
	if len(keys) == 0 {
		return nil
	}
	return c.Block(keys)
}
