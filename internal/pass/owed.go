package pass

import (
	"context"
	"errors"
	"maps"
	"slices"

	"ca-exchange/internal/ca"
	"ca-exchange/internal/inbox"
	"ca-exchange/internal/ledger"
	"ca-exchange/internal/pki"
)

// Publish publishes the answers that are owed to an exchange, whether or not a watch is running.
func Publish(ctx context.Context, c *ca.CA, x *inbox.Exchange) error {
	p := newPass(c, x, newMemory(), Options{})
	if err := p.checkHead(ctx); err != nil {
		return err
	}
	return p.publishOwed(ctx)
}

// publishOwed publishes what is recorded and not yet known to lie in the outbox.
func (p *pass) publishOwed(ctx context.Context) error {
	batch := make([]ledger.Answer, 0, batchSize)
	for a, err := range p.Ledger().Owed(ctx, p.x.ID) {
		if err != nil {
			return err
		}
		if batch = append(batch, a); len(batch) == batchSize {
			if err := p.publishAnswers(ctx, batch); err != nil {
				return err
			}
			batch = batch[:0]
		}
	}
	return p.publishAnswers(ctx, batch)
}

func (p *pass) publishAnswers(ctx context.Context, answers []ledger.Answer) error {
	if len(answers) == 0 {
		return nil
	}
	a, archived, err := p.recordedAnswers(ctx, answers)
	if err != nil {
		return err
	}
	// A name that another request took over: its certificate has ended, and nobody waits for it beside the new one.
	if _, err := p.Ledger().MarkPublished(ctx, archived); err != nil || len(a.answers) == 0 {
		return err
	}
	_, err = p.publish(ctx, []answered{a})
	return err
}

// recordedAnswers is what the ledger says the outbox should have of some answers. Those whose bytes are archived have
// no file.
func (p *pass) recordedAnswers(
	ctx context.Context, answers []ledger.Answer,
) (all answered, archived []ledger.Answer, err error) {
	requests, err := p.Ledger().Lookup(ctx, requestsOf(answers))
	if err != nil {
		return all, nil, err
	}
	contents, err := p.Ledger().Contents(ctx, slices.Collect(maps.Values(requests)))
	if err != nil {
		return all, nil, err
	}
	for _, a := range answers {
		r := requests[a.Request]
		a.Version = r.Version
		content, ok := contents[a.Request]
		if !ok {
			// Whatever else is missing ends the pass.
			if _, err := p.Ledger().Content(ctx, r); !isArchived(err) {
				return all, nil, err
			}
			archived = append(archived, a)
			continue
		}
		all.answers = append(all.answers, a)
		all.files = append(all.files, inbox.File{Team: a.Team, Name: a.Name + suffixOf(r.Status), Bytes: content})
		all.stale = append(all.stale, staleNotices(a, r.Status)...)
	}
	return all, archived, nil
}

func isArchived(err error) bool {
	_, ok := errors.AsType[*ledger.Archived](err)
	return ok
}

func requestsOf(answers []ledger.Answer) []pki.ID {
	ids := make([]pki.ID, len(answers))
	for i, a := range answers {
		ids[i] = a.Request
	}
	return ids
}
