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

// issuer is the signing issuer of that name, nil before Unlock; in the single-CA form any name means the one there is.
func (c *CA) issuer(name string) (*pki.Issuer, error) {
	a, ok := c.trust.Authority(name)
	if !ok {
		return nil, fmt.Errorf("no issuer %q in %q", name, c.dir.Path())
	}
	return c.issuers[a.Name], nil
}
