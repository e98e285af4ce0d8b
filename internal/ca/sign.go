package ca

import (
	"ca-exchange/internal/pki"
	"ca-exchange/internal/policy"
)

// Sign makes the certificate that was granted; ErrKeyAbsent says that its issuer cannot sign now. It is safe to export:
// a grant comes only from a policy's decision or from a person's approval of one plan.
func (c *CA) Sign(grant policy.Grant) (certificate *pki.Certificate, err error) {
	err = c.with(grant.Plan().Issuer, func(issuer *pki.Issuer) (err error) {
		certificate, err = grant.Sign(issuer, c.Now())
		return err
	})
	return certificate, err
}
