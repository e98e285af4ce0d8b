package pass

import (
	"context"
	"path"
	"time"

	"ca-exchange/internal/ledger"
	"ca-exchange/internal/refusal"
)

// Bounds on denials of unsigned and unknown bytes (promise P12). The outbox has at most denialNotices notices at a
// time; the oldest are removed. One process records at most denialsPerDay new ones within a day; further entries stay
// in the inbox. Looking for old notices reads every answer of the exchange, so a watch waits for retireStep more
// denials first.
const (
	denialNotices = 1000
	denialsPerDay = 1000
	retireStep    = 100
)

// mayDeny reserves a place among the day's denials; false where none is left.
func (m *memory) mayDeny(now time.Time) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if now.Sub(m.denialDay) >= 24*time.Hour {
		m.denialDay, m.denials = now, 0
	}
	m.denials++
	return m.denials <= denialsPerDay
}

// deniesStranger reports whether bytes that nobody vouches for are about to be denied anew.
func (d decided) deniesStranger() bool {
	return d.outcome == refusal.Deny && !d.repeat && d.decision.Requester == nil && d.kind != ledger.KindRequest
}

// retireDenials takes the oldest such notices out of the outbox, and gives their names back. The record stays. The file
// goes first: killed in between, the next pass finds the row and goes on.
func (p *pass) retireDenials(ctx context.Context) error {
	n, err := p.Ledger().Denials(ctx)
	before := p.memory.retiredAt(p.x.ID)
	if err != nil || n <= denialNotices || before > 0 && n < before+retireStep {
		return err
	}
	for {
		old, err := p.Ledger().OldDenials(ctx, p.x.ID, denialNotices, batchSize)
		if err != nil {
			return err
		}
		if len(old) == 0 {
			p.memory.retire(p.x.ID, n)
			return nil
		}
		for _, a := range old {
			if err := p.x.RemoveAnswer(a.Team, a.Name+suffixOf(ledger.Denied)); err != nil {
				p.note(staleNotice, path.Join(a.Team, a.Name), err)
			}
		}
		if err := p.Ledger().ReleaseAnswers(ctx, old); err != nil {
			return err
		}
	}
}

// retiredAt is how many denials there were when the oldest were last retired: until there are more, nothing is to do.
func (m *memory) retiredAt(exchange string) int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.retired[exchange]
}

func (m *memory) retire(exchange string, n int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.retired[exchange] = n
}
