package pass

import (
	"context"
	"fmt"

	"ca-exchange/internal/inbox"
)

// takeCRLs takes over what the outbox's CRLs list and the ledger lacks: the next CRL of a restored ledger would take
// those revocations back. A CRL is signed, so it is evidence as a certificate is.
func (r *recovering) takeCRLs(ctx context.Context) error {
	for _, a := range r.Trust().Authorities {
		crl, err := a.VerifyCRL(r.x.ReadOwn(a.Name+inbox.CRLSuffix).Bytes, nil, r.Now())
		if err != nil {
			continue // nobody's, or none
		}
		lacked, err := r.AdoptCRL(ctx, a, crl)
		if err != nil {
			return fmt.Errorf("taking over the CRL of issuer %q: %w", a.Name, err)
		}
		r.sum.Revoked += lacked
	}
	return nil
}
