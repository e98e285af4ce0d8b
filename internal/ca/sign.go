package ca

import (
	"fmt"

	"ca-exchange/internal/pki"
	"ca-exchange/internal/policy"
)

// Sign makes the certificate that was granted. It is safe to export: a grant comes only from a policy's decision or
// from a person's approval of one plan.
func (c *CA) Sign(grant policy.Grant) (*pki.Certificate, error) {
	name := grant.Plan().Issuer
	issuer, err := c.issuer(name)
	if err != nil {
		return nil, err
	}
	if issuer == nil {
		return nil, fmt.Errorf("the key of issuer %q is locked", name)
	}
	return grant.Sign(issuer, c.Now())
}

// issuer is the signing issuer of that name, nil before Unlock. In the single-CA form the one there is signs under each
// name, since a profile goes on naming its own.
func (c *CA) issuer(name string) (*pki.Issuer, error) {
	a, ok := c.trust.Authority(name)
	if !ok {
		return nil, fmt.Errorf("no issuer %q in %q", name, c.dir.Path())
	}
	issuer := c.issuers[a.Name]
	if issuer == nil || a.Name == name {
		return issuer, nil
	}
	return issuer.Under(name), nil
}
