package pass

import (
	"sync"

	"ca-exchange/internal/ledger"
	"ca-exchange/internal/refusal"
)

// openness is what this pass saw of the modes of the directories it reads. Where the policy issues unsigned requests,
// the directory is the authentication: a mode that changes under a running watch counts from the next pass on.
type openness struct {
	mu    sync.Mutex
	teams map[string]bool
}

// isOpen reports whether everybody may write where an entry was. What cannot be looked at counts as open.
func (p *pass) isOpen(team string) bool {
	p.openness.mu.Lock()
	defer p.openness.mu.Unlock()
	if p.openness.teams == nil {
		p.openness.teams = map[string]bool{}
	}
	open, seen := p.openness.teams[team]
	if !seen {
		writable, err := p.x.WorldWritable(team)
		open = writable || err != nil
		p.openness.teams[team] = open
	}
	return open
}

// holdWhereOpen holds what the policy would issue only because it was in the inbox, where everybody may write there. A
// person may have accepted an open inbox for this run. What was held so, and is decided again from the ledger, stays
// held: nobody knows any more where it was.
func (p *pass) holdWhereOpen(batch []decided) {
	if p.OpenInbox {
		return
	}
	for i := range batch {
		d := &batch[i]
		if !d.issues() || d.decision.Requester != nil {
			continue
		}
		if d.arrival.again && heldAsOpen(d.known) || !d.arrival.again && p.isOpen(d.arrival.entry.Team) {
			d.outcome = refusal.Hold
			d.refusals = append(d.refusals,
				refusal.New(refusal.InboxOpen, "entry", "", "a directory that only its owner can write to"))
			d.repeat = sameRefusals(d.known, d.refusals)
			p.note(openToEverybody, d.arrival.entry.Team+"/"+d.arrival.entry.File, nil)
		}
	}
}

func heldAsOpen(known ledger.Request) bool {
	for _, r := range known.Refusals {
		if r.Code == refusal.InboxOpen {
			return true
		}
	}
	return false
}
