package pass

import (
	"context"
	"fmt"

	"ca-exchange/internal/inbox"
	"ca-exchange/internal/ledger"
	"ca-exchange/internal/refusal"
)

// publish puts answers into the outbox durably, takes the notices away that they replace, and notes in the ledger that
// they lie there.
func (p *pass) publish(ctx context.Context, batch []answered) error {
	var files, stale []inbox.File
	var answers []ledger.Answer
	for _, a := range batch {
		files, stale, answers = append(files, a.files...), append(stale, a.stale...), append(answers, a.answers...)
	}
	if err := p.x.Publish(files, p.movedAside); err != nil {
		return fmt.Errorf("publishing: %w", err)
	}
	for _, f := range stale {
		if err := p.x.RemoveAnswer(f.Team, f.Name); err != nil {
			return fmt.Errorf("removing a notice: %w", err)
		}
	}
	late, err := p.Ledger().MarkPublished(ctx, answers)
	if err == nil && late > 0 {
		// A person decided otherwise while this was published: the last word goes out, and takes the place of this one.
		err = p.publishOwed(ctx)
	}
	return err
}

func (p *pass) movedAside(f inbox.File) {
	p.Log.Warn("a foreign file on an answer's name was moved to rejected/", "file", refusal.Quote(f.Team+"/"+f.Name))
}
