package policy

import (
	"errors"
	"fmt"
	"time"

	"ca-exchange/internal/pki"
	"ca-exchange/internal/refusal"
)

// Grant is a plan that may be signed. Its field is unexported, so that only Issued and Approve can make one that holds
// a plan; the zero Grant names no issuer and signs nothing.
type Grant struct{ plan pki.Plan }

// Plan is what was granted.
func (g Grant) Plan() pki.Plan { return g.plan }

// ErrIssuer reports that a grant was given to an issuer other than the one it names.
var ErrIssuer = errors.New("the grant names another issuer")

// Sign makes the certificate that was granted. It is the only caller of pki.Issuer.Sign: no certificate exists that
// neither the policy nor a person decided on. TestIssuerSignHasOneCaller holds this over the sources.
func (g Grant) Sign(issuer *pki.Issuer, now time.Time) (*pki.Certificate, error) {
	if g.plan.Issuer == "" || issuer.Name != g.plan.Issuer {
		return nil, fmt.Errorf("%w: it names %q, not %q", ErrIssuer, g.plan.Issuer, issuer.Name)
	}
	return issuer.Sign(g.plan, now)
}

// Issued is the grant of a decision that needs no person.
func (d Decision) Issued() (Grant, bool) {
	if d.Outcome != refusal.Issue || d.plan == nil {
		return Grant{}, false
	}
	return Grant{*d.plan}, true
}

// ErrOther reports that what was shown is not what would be signed now.
var ErrOther = errors.New("the plan changed since it was shown")

// Approve is the grant of a person who saw the plan with this digest. ErrOther where the plan has another one now,
// ErrQuestion where it loses something that the person did not agree to lose.
func (d Decision) Approve(digest string) (Grant, error) {
	if err := d.Approvable(); err != nil {
		return Grant{}, err
	}
	now, err := d.plan.Digest()
	if err != nil {
		return Grant{}, err
	}
	if now != digest {
		return Grant{}, ErrOther
	}
	return Grant{*d.plan}, nil
}
