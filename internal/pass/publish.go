package pass

import (
	"context"
	"fmt"

	"ca-exchange/internal/inbox"
	"ca-exchange/internal/ledger"
	"ca-exchange/internal/refusal"
)

// publish puts answers into the outbox durably, takes the notices away that they replace, and notes in the ledger that
// they lie there. missing says of each whether one of its files is not there: it stays owed, its entry stays.
func (p *pass) publish(ctx context.Context, batch []answered) (missing []bool, err error) {
	var files []inbox.File
	for _, a := range batch {
		files = append(files, a.files...)
	}
	outcomes, err := p.x.Publish(files, nil)
	if err != nil {
		return nil, fmt.Errorf("publishing: %w", err)
	}
	missing = make([]bool, len(batch))
	var there []ledger.Answer
	for i, a := range batch {
		for n, answer := range a.answers {
			if !p.isThere(a.files[n], outcomes[n]) {
				missing[i] = true
				continue
			}
			there = append(there, answer)
			p.removeStale(answer, a.stale)
		}
		outcomes = outcomes[len(a.files):]
	}
	late, err := p.Ledger().MarkPublished(ctx, there)
	if err == nil && late > 0 {
		// A person decided otherwise while this was published: the last word goes out, and takes the place of this one.
		err = p.publishOwed(ctx)
	}
	return missing, err
}

// isThere reports what was in the way of a file, and whether the file is there now.
func (p *pass) isThere(f inbox.File, o inbox.Outcome) bool {
	if o.Foreign != "" {
		p.Log.Warn("a foreign file on an answer's name was "+o.Fate.String(), "file", refusal.Quote(f.Team+"/"+f.Name))
	}
	if o.Err != nil {
		p.note(notPublishable, f.Team+"/"+f.Name, o.Err)
	}
	return o.Err == nil
}

// removeStale takes the notices away that an answer replaces.
func (p *pass) removeStale(a ledger.Answer, stale []inbox.File) {
	for _, f := range stale {
		if f.Team != a.Team || f.Name != a.Name+inbox.HeldSuffix && f.Name != a.Name+inbox.DeniedSuffix {
			continue
		}
		if err := p.x.RemoveAnswer(f.Team, f.Name); err != nil {
			p.note(staleNotice, f.Team+"/"+f.Name, err)
		}
	}
}
