package ca

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/user"
	"time"

	"ca-exchange/internal/ledger"
	"ca-exchange/internal/pki"
	"ca-exchange/internal/policy"
	"ca-exchange/internal/refusal"
)

// Approve signs what was shown. policy.ErrOther says that it is not what would be signed now: propose and show again.
func (c *CA) Approve(ctx context.Context, shown *Proposal) (*pki.Certificate, error) {
	if err := shown.Approvable(); err != nil {
		return nil, err
	}
	if err := c.CheckClock(ctx); err != nil {
		return nil, err
	}
	if err := c.Unlock(); err != nil {
		return nil, err
	}
	now, err := c.propose(ctx, shown.Request.Bytes, shown.Record, shown.over)
	if err != nil {
		return nil, err
	}
	if now.rules != shown.rules { // the plan may be the same, what was said beside it is not
		return nil, policy.ErrOther
	}
	grant, err := now.Decision.Approve(shown.Digest)
	if err != nil {
		return nil, err
	}
	certificate, err := c.Sign(grant)
	if err != nil {
		return nil, err
	}
	if err := c.recordApproval(ctx, now, shown, certificate); err != nil {
		return nil, err
	}
	return certificate, nil
}

// recordApproval makes an approval durable, and owes the answer wherever the request was asked.
func (c *CA) recordApproval(ctx context.Context, now, shown *Proposal, certificate *pki.Certificate) error {
	arrived := ledger.Arrived{
		ID: shown.ID, Kind: ledger.KindRequest, Size: len(shown.Request.Bytes), Request: shown.Request, At: c.Now(),
	}
	change := ledger.Change{Request: arrived.Row(shown.Record), ByPerson: true}
	if r := now.Decision.Requester; r != nil {
		change.Request.Requester, change.Request.Authenticated = r.Name, true
	}
	if shown.Record.Version == 0 {
		change.Entry = shown.Request.Bytes
	}
	by := person()
	by["plan"] = shown.Digest
	if shown.reopened {
		by["reopened"] = "a person's denial"
	}
	change.Issue(now.Plan, certificate, by)
	change.Certificate.Replaces = now.renews()
	if err := c.owe(ctx, &change); err != nil {
		return err
	}
	var changes []ledger.Change
	for _, t := range shown.Takes {
		changes = append(changes, t.changes(&change))
	}
	err := c.ledger.Record(ctx, append(changes, change))
	if errors.Is(err, ledger.ErrConflict) {
		return fmt.Errorf("%w: %w", policy.ErrOther, err)
	}
	return err
}

// Deny settles a request; only a person's approval opens it again. why is what the requester reads.
func (c *CA) Deny(ctx context.Context, r ledger.Request, why string) error {
	if r.Status == ledger.Issued {
		return fmt.Errorf("%w: %s has certificate %s", ErrSettled, r.ID.Short(), r.Serial)
	}
	if err := c.CheckClock(ctx); err != nil {
		return err
	}
	entry, err := c.ledger.Entry(ctx, r.ID)
	if err != nil {
		return err
	}
	r.Decided = c.Now().UTC().Truncate(time.Second)
	r.Refusals = []refusal.Refusal{refusal.New(refusal.DeniedByPerson, "request", "", why)}
	change := ledger.Change{Request: r, ByPerson: true}
	by := person()
	by["why"] = why
	if err := change.Refuse(refusal.Deny, ledger.Asked{Request: r.ID, Bytes: sha256.Sum256(entry)}, by); err != nil {
		return err
	}
	if err := c.owe(ctx, &change); err != nil {
		return err
	}
	return c.ledger.Record(ctx, []ledger.Change{change})
}

// owe marks every place where the request was asked as unpublished: the next pass there brings the new answer.
func (c *CA) owe(ctx context.Context, change *ledger.Change) error {
	for a, err := range c.ledger.AnswersFor(ctx, change.Request.ID) {
		if err != nil {
			return err
		}
		change.Answers = append(change.Answers, a)
	}
	return nil
}

// person is who decided, for the event: the OS's word, no proof.
func person() map[string]string {
	by := map[string]string{}
	if u, err := user.Current(); err == nil {
		by["user"] = u.Username
	}
	if host, err := os.Hostname(); err == nil {
		by["host"] = host
	}
	return by
}
