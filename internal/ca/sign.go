package ca

import (
	"ca-exchange/internal/pki"
	"ca-exchange/internal/policy"
)

// Sign makes the certificate that was granted; ErrKeyAbsent says that its issuer cannot sign now. It is safe to export:
// a grant comes only from a policy's decision or from a person's approval of one plan.
func (c *CA) Sign(grant policy.Grant) (*pki.Certificate, error) {
	issuer, err := c.issuer(grant.Plan().Issuer)
	if err != nil {
		return nil, err
	}
	return grant.Sign(issuer, c.Now())
}
