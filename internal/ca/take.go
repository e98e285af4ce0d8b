package ca

import (
	"context"
	"strings"

	"ca-exchange/internal/ledger"
	"ca-exchange/internal/pki"
)

// Taking is a name that an approval takes from another request: the request is answered beside NAME now, since NAME was
// in use when it came.
type Taking struct {
	Address ledger.Address // NAME, where it was asked
	From    ledger.Request
}

// takings are the names that approving a request takes. Only the person who approves can say that it is the successor
// of whatever had the name: an unsigned request proves nothing.
func (c *CA) takings(ctx context.Context, r ledger.Request) (all []Taking, err error) {
	for a, err := range c.ledger.AnswersFor(ctx, r.ID) {
		if err != nil {
			return nil, err
		}
		name, beside := strings.CutSuffix(a.Name, "."+r.ID.Short())
		if !beside {
			continue
		}
		asked := ledger.Address{Exchange: a.Exchange, Team: a.Team, Name: name}
		owners, err := c.ledger.Owners(ctx, a.Exchange, []ledger.Address{asked})
		if err != nil {
			return nil, err
		}
		owner, ok := owners[asked.Folded()]
		if !ok || owner.Request == r.ID {
			continue
		}
		known, err := c.ledger.Lookup(ctx, []pki.ID{owner.Request})
		if err != nil {
			return nil, err
		}
		all = append(all, Taking{asked, known[owner.Request]})
	}
	return all, nil
}

// changes are what the ledger is to record: the request gets NAME, and the answer that had it moves beside it.
func (t Taking) changes(to *ledger.Change) ledger.Change {
	to.Answers = append(to.Answers, ledger.Answer{Address: t.Address, Request: to.Request.ID})
	moved := t.Address
	moved.Name += "." + t.From.ID.Short()
	return ledger.Change{
		Request: t.From, OnlyAnswers: true, Answers: []ledger.Answer{{Address: moved, Request: t.From.ID}},
	}
}
