package ca

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"ca-exchange/internal/ledger"
	"ca-exchange/internal/pki"
	"ca-exchange/internal/policy"
	"ca-exchange/internal/refusal"
	"ca-exchange/internal/request"
)

// Errors of a person's commands.
var (
	ErrUnknown   = errors.New("no such request")
	ErrAmbiguous = errors.New("the ID matches more than one request; this may be a deliberate collision")
	ErrSettled   = errors.New("the request is settled")
	ErrRefused   = errors.New("no person can approve it")
	ErrNoPlan    = errors.New("cannot determine which certificate to sign")
)

// Proposal is what a person is asked to approve: a request, what the policy says of it and what would be signed. It is
// signed only while nothing of that has changed.
type Proposal struct {
	Request  *request.Request
	Record   ledger.Request
	Decision policy.Decision
	Plan     pki.Plan
	Issuer   pki.Authority
	Digest   string
	Replaced *ledger.Certificate // the one that the request wants to replace, where it is ours
	over     policy.Override
	rules    string // digest of the rules it was made by
}

// Find gives the one request that a prefix of its id (eight hex digits or more) or an entry's name means.
func (c *CA) Find(ctx context.Context, what string) (ledger.Request, error) {
	var found []ledger.Request
	collect := func(r ledger.Request, err error) error { found = append(found, r); return err }
	digits := strings.ReplaceAll(strings.ToLower(what), "-", "")
	if len(digits) >= 8 && len(digits) <= 64 && strings.Trim(digits, "0123456789abcdef") == "" {
		for r, err := range c.ledger.Find(ctx, digits) {
			if err := collect(r, err); err != nil {
				return ledger.Request{}, err
			}
		}
	}
	if len(found) == 0 {
		for r, err := range c.ledger.Named(ctx, strings.TrimSuffix(what, ".csr")) {
			if err := collect(r, err); err != nil {
				return ledger.Request{}, err
			}
		}
	}
	switch len(found) {
	case 0:
		return ledger.Request{}, fmt.Errorf("%w: %q", ErrUnknown, what)
	case 1:
		return found[0], nil
	}
	return ledger.Request{}, fmt.Errorf("%w: %q", ErrAmbiguous, what)
}

// Propose works out what approving a recorded request would sign, by the rules as they are now.
func (c *CA) Propose(ctx context.Context, id pki.ID, o policy.Override) (*Proposal, error) {
	known, err := c.ledger.Lookup(ctx, []pki.ID{id})
	if err != nil {
		return nil, err
	}
	record, ok := known[id]
	if !ok {
		return nil, fmt.Errorf("%w: %s", ErrUnknown, id.Short())
	}
	if record.Status == ledger.Issued {
		return nil, fmt.Errorf("%w: %s has certificate %s", ErrSettled, id.Short(), record.Serial)
	}
	entry, err := c.ledger.Entry(ctx, id)
	if err != nil {
		return nil, err
	}
	return c.propose(ctx, entry, record, o)
}

// ProposeFile does the same for bytes that no exchange brought: `sign` and `check`.
func (c *CA) ProposeFile(ctx context.Context, entry []byte, o policy.Override) (*Proposal, error) {
	return c.propose(ctx, entry, ledger.Request{}, o)
}

func (c *CA) propose(ctx context.Context, entry []byte, record ledger.Request, o policy.Override) (*Proposal, error) {
	rules, err := c.Rules()
	if err != nil {
		return nil, err
	}
	trusts, err := c.Trusts(ctx)
	if err != nil {
		return nil, err
	}
	p := &Proposal{Record: record, over: o, rules: rules.Digest}
	req, found := request.Parse(entry, rules.Blocked)
	if req == nil {
		p.Decision = policy.Decision{Outcome: refusal.Deny, Refusals: found}
		return p, nil
	}
	p.Request = req
	if record.Version == 0 {
		known, err := c.ledger.Lookup(ctx, []pki.ID{req.ID})
		if err != nil {
			return nil, err
		}
		p.Record = known[req.ID]
	}
	p.Decision = rules.Policy.Decide(req, found, trusts, o, c.Now())
	plan, ok := p.Decision.Plan()
	if !ok {
		return p, nil
	}
	p.Plan = plan
	p.Issuer, _ = c.trust.Authority(plan.Issuer)
	if cover := req.Cover; cover != nil && cover.Replaces != "" {
		old, ok, err := c.ledger.CertificateByFingerprint(ctx, cover.Replaces)
		if err != nil {
			return nil, err
		}
		if ok {
			p.Replaced = &old
		}
	}
	p.Digest, err = plan.Digest()
	return p, err
}

// Approvable says why a person can't approve a proposal; nil where they can.
func (p *Proposal) Approvable() error {
	switch {
	case p.Decision.Outcome == refusal.Deny:
		return fmt.Errorf("%w: %s", ErrRefused, refusal.Message(p.Decision.Refusals))
	case p.Digest == "":
		return fmt.Errorf("%w: %s", ErrNoPlan, refusal.Message(p.Decision.Refusals))
	case p.Plan.Names.Len() == 0 && slices.ContainsFunc(p.Decision.Refusals, func(r refusal.Refusal) bool { return r.Code == refusal.NameAbsent }):
		return fmt.Errorf("%w: %s", ErrNoPlan, refusal.NameAbsent.Meaning())
	case p.over.Days > p.Plan.Days:
		return fmt.Errorf("%w: %d days were asked, the policy allows %d", ErrRefused, p.over.Days, p.Plan.Days)
	}
	return nil
}
