package ca

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"ca-exchange/internal/ledger"
	"ca-exchange/internal/pki"
	"ca-exchange/internal/policy"
	"ca-exchange/internal/refusal"
	"ca-exchange/internal/request"
)

// Errors of a person's decisions.
var (
	ErrSettled = errors.New("the request was decided already")
	ErrDenied  = errors.New("a person denied this request")
	ErrRefused = errors.New("no person can approve it")
	ErrNoPlan  = errors.New("cannot determine which certificate to sign")
	ErrDays    = errors.New("the validity is too long")
)

// Proposal is what a person is asked to approve: a request, what the policy says of it and what would be signed. It is
// signed only while nothing of that has changed. Propose and ProposeFile make it.
type Proposal struct {
	ID       pki.ID           // of the request, or of the bytes that hold none
	Request  *request.Request // nil where the bytes are refused
	Record   ledger.Request
	Decision policy.Decision
	Plan     pki.Plan
	Issuer   pki.Authority
	Digest   string
	Replaced *ledger.Certificate // the one that it would replace, where it is ours; see recall
	Takes    []Taking            // names that it takes from other requests
	Denial   *ledger.Event       // the decision of the person who denied it, where one did
	again    bool                // the request had a certificate, which is over
	over     policy.Override
	rules    string // digest of the rules it was made by
	reopened bool
	waits    bool // no issuer can sign yet
}

// Reopen is a person's word that another person's denial, which was shown, no longer stands.
func (p *Proposal) Reopen() { p.reopened = true }

// Propose works out what approving a recorded request would sign, by the rules as they are now.
func (c *CA) Propose(ctx context.Context, id pki.ID, o policy.Override) (*Proposal, error) {
	known, err := c.ledger.Lookup(ctx, []pki.ID{id})
	if err != nil {
		return nil, err
	}
	record, ok := known[id]
	switch {
	case !ok:
		return nil, fmt.Errorf("%w: %s", ErrUnknown, id.Short())
	case record.Status == ledger.Issued:
		return nil, fmt.Errorf("%w: %s has certificate %s", ErrSettled, id.Short(), record.Serial)
	case record.Kind != ledger.KindRequest: // its bytes are not kept; they stay denied
		denied := policy.Decision{Outcome: refusal.Deny, Refusals: record.Refusals}
		return &Proposal{ID: id, Record: record, Decision: denied}, nil
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
	p := &Proposal{ID: pki.RefusedID(entry), Record: record, over: o, rules: rules.Digest}
	req, found := request.Parse(entry, rules.Blocked)
	if req == nil {
		p.Decision = policy.Decision{Outcome: refusal.Deny, Refusals: found}
		return p, nil
	}
	p.ID, p.Request = req.ID, req
	if err := c.recall(ctx, p); err != nil {
		return nil, err
	}
	in := policy.Input{Request: req, Found: found, Trusts: trusts, Override: o, Now: c.Now()}
	p.Decision = rules.Policy.Decide(in)
	histories, err := c.Histories(ctx, []Past{{req, p.Decision}})
	if err != nil {
		return nil, err
	}
	in.History = histories[0]
	p.Decision = rules.Policy.Decide(in)
	if p.again && p.Record.Status == ledger.Held { // one certificate per request (P1): the next is a person's word
		p.Decision.Refusals = append(p.Decision.Refusals,
			refusal.New(refusal.CertificateOver, "certificate", p.Replaced.Serial, "a new request"))
		p.Decision.Outcome = max(p.Decision.Outcome, refusal.Hold)
	}
	if p.waits = rules.Waiting; p.waits {
		p.Decision.Refusals = append(p.Decision.Refusals, IssuerAbsent(p.Decision.Profile))
		p.Decision.Outcome = max(p.Decision.Outcome, refusal.Hold)
	}
	plan, ok := p.Decision.Plan()
	if !ok {
		return p, nil
	}
	p.Plan = plan
	if p.Issuer, ok = c.Trust().Authority(plan.Issuer); !ok {
		p.Issuer.Name = plan.Issuer // it waits for its parent
	}
	p.Digest, err = plan.Digest()
	return p, err
}

// recall adds what the ledger knows of a proposal's request: its row, a person's denial, the certificate to be
// replaced.
func (c *CA) recall(ctx context.Context, p *Proposal) error {
	if p.Record.Recorded() && p.Record.ID != p.ID {
		return fmt.Errorf("the ledger holds other bytes for request %s: they are those of %s",
			p.Record.ID.Short(), p.ID.Short())
	}
	if !p.Record.Recorded() {
		known, err := c.ledger.Lookup(ctx, []pki.ID{p.ID})
		if err != nil {
			return err
		}
		p.Record = known[p.ID]
	}
	takes, err := c.takings(ctx, p.Record)
	if err != nil {
		return err
	}
	p.Takes = takes
	if p.Record.Status == ledger.Denied {
		denial, err := c.denial(ctx, p.ID)
		if err != nil {
			return err
		}
		p.Denial = denial
	}
	return c.recallReplaced(ctx, p)
}

// recallReplaced finds what a certificate would replace: the one that its cover names, the one that the same request
// had and that is over, or the one whose name in the outbox it takes. A person sees what is gone before they sign.
func (c *CA) recallReplaced(ctx context.Context, p *Proposal) error {
	if cover := p.Request.Cover; cover != nil && cover.Replaces != "" {
		old, ok, err := c.ledger.CertificateByFingerprint(ctx, cover.Replaces)
		if ok {
			p.Replaced = &old
		}
		if ok || err != nil {
			return err
		}
	}
	var ids []pki.ID
	if p.Record.Status != ledger.Issued { // else it has its certificate, and gets no other
		ids = append(ids, p.ID)
	}
	for _, t := range p.Takes {
		ids = append(ids, t.From.ID)
	}
	had, err := c.ledger.CertificatesFor(ctx, ids)
	for _, id := range ids {
		if old, ok := had[id]; ok && p.Replaced == nil {
			p.Replaced, p.again = &old, id == p.ID
		}
	}
	return err
}

// denial is the last event in which a request was denied: its detail says who did it and why.
func (c *CA) denial(ctx context.Context, id pki.ID) (last *ledger.Event, err error) {
	events, err := c.ledger.Events(ctx, id.String())
	for i, e := range events {
		if e.Kind == ledger.EventDenied {
			last = &events[i]
		}
	}
	return last, err
}

// Approvable gives the reason why a person cannot approve a proposal; nil where they can.
func (p *Proposal) Approvable() error {
	switch {
	case p.Record.Recorded() && p.Record.Kind != ledger.KindRequest:
		return fmt.Errorf("%w: these bytes were denied on %s: %s", ErrRefused,
			p.Record.Decided.Format("2006-01-02"), refusal.Message(p.Decision.Refusals))
	case p.Decision.Outcome == refusal.Deny:
		return fmt.Errorf("%w: %s", ErrRefused, refusal.Message(p.Decision.Refusals))
	case p.waits:
		return ErrNoIssuer
	case p.Denial != nil && !p.reopened:
		return fmt.Errorf("%w %s", ErrDenied, DenialLine(p.Denial))
	case p.lacks(refusal.Authority) && p.over.Authority == nil:
		return fmt.Errorf("%w as anything else: %s", ErrRefused, refusal.Authority.Meaning())
	case p.Digest == "", p.Plan.Names.Len() == 0 && p.lacks(refusal.NameAbsent):
		return fmt.Errorf("%w: %s", ErrNoPlan, refusal.Message(p.Decision.Refusals))
	case p.over.Days > p.Plan.Days:
		return fmt.Errorf("%w: --days %d is more than the policy allows (%d)", ErrDays, p.over.Days, p.Plan.Days)
	}
	return p.Decision.Approvable()
}

// renews is the fingerprint of the certificate that this one renews, "" for a first one: what the policy says, or what
// the person saw and approved. A certificate of another profile is not renewed, though its name in the outbox is taken;
// a cover's word on it is the policy's to judge where its signer is enrolled.
func (p *Proposal) renews() string {
	old, cover := p.Replaced, p.Request.Cover
	judged := p.Decision.Requester != nil && cover != nil && cover.Replaces != ""
	if old == nil || old.Profile != p.Plan.Profile || judged {
		return p.Decision.Replaces
	}
	return old.Fingerprint
}

func (p *Proposal) lacks(code refusal.Code) bool {
	return slices.ContainsFunc(p.Decision.Refusals, func(r refusal.Refusal) bool { return r.Code == code })
}

// DenialLine is when a request was denied, by whom and why, in one line.
func DenialLine(e *ledger.Event) string {
	return fmt.Sprintf("on %s by %q on host %q: %q",
		e.Time.UTC().Format("2006-01-02 15:04"), e.Detail["user"], e.Detail["host"],
		e.Detail["why"])
}
