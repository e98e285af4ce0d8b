package pass

import (
	"path"
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

// isOpen reports whether everybody may write where an entry was.
func (p *pass) isOpen(team string) (bool, error) {
	p.openness.mu.Lock()
	defer p.openness.mu.Unlock()
	if open, seen := p.openness.teams[team]; seen {
		return open, nil
	}
	open, err := p.x.WorldWritable(team)
	if err != nil {
		return false, err
	}
	if p.openness.teams == nil {
		p.openness.teams = map[string]bool{}
	}
	p.openness.teams[team] = open
	return open, nil
}

// holdWhereOpen holds what the policy would issue only because it was in the inbox, where everybody may write there. A
// person may have accepted an open inbox for this run. What was held so, and is decided again from the ledger, stays
// held: the ledger does not say where it was. Where a directory cannot be looked at, its entries are left for another
// pass.
func (p *pass) holdWhereOpen(batch []decided) []decided {
	if p.OpenInbox {
		return batch
	}
	kept := batch[:0]
	for _, d := range batch {
		if d.issues() && d.decision.Requester == nil {
			open, err := heldAsOpen(d.known), error(nil)
			if !d.arrival.again {
				open, err = p.isOpen(d.arrival.entry.Team)
			}
			if err != nil {
				p.note(unreadable, d.arrival.entry.Team, err)
				p.land(d)
				p.count(func(s *Summary) { s.Left++ })
				continue
			}
			if open {
				p.note(openToEverybody, path.Join(d.arrival.entry.Team, d.arrival.entry.File), nil)
				d = d.heldAsOpen()
			}
		}
		kept = append(kept, d)
	}
	return kept
}

// heldAsOpen is the same request, held since its directory authenticates nobody.
func (d decided) heldAsOpen() decided {
	d.outcome = refusal.Hold
	d.refusals = append(d.refusals,
		refusal.New(refusal.InboxOpen, "entry", "", "a directory that only its owner can write to"))
	d.repeat = sameRefusals(d.known, d.refusals)
	return d
}

func heldAsOpen(known ledger.Request) bool {
	for _, r := range known.Refusals {
		if r.Code == refusal.InboxOpen {
			return true
		}
	}
	return false
}
