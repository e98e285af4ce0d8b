package pass

import (
	"context"
	"path"
	"sync"

	"ca-exchange/internal/ledger"
	"ca-exchange/internal/pki"
	"ca-exchange/internal/refusal"
	"ca-exchange/internal/request"
)

// Bounds on the held requests that are unsigned or signed by unknown keys (promise P12): beyond them entries stay in
// the inbox.
const (
	heldRows  = 1000
	heldBytes = 16 << 20
)

// room is how many requests that nobody vouches for may still be held. It is read once a round; between that and the
// record it is only an estimate, and prepare counts again.
type room struct {
	mu   sync.Mutex
	left int64
}

// measureRoom reads from the ledger how much is held.
func (p *pass) measureRoom(ctx context.Context) error {
	rows, size, err := p.Ledger().Pressure(ctx)
	p.room.mu.Lock()
	defer p.room.mu.Unlock()
	p.room.left = heldRows - rows
	if size >= heldBytes {
		p.room.left = 0
	}
	return err
}

func (p *pass) hasRoom() bool {
	p.room.mu.Lock()
	defer p.room.mu.Unlock()
	return p.room.left > 0
}

// takeRoom reserves a place for one request; false where none is left.
func (p *pass) takeRoom() bool {
	p.room.mu.Lock()
	defer p.room.mu.Unlock()
	if p.room.left <= 0 {
		return false
	}
	p.room.left--
	return true
}

// known reports whether the ledger has the request already: it is answered as before, and holds nothing more. The id
// costs a hash; its request is judged as any other later.
func (p *pass) known(a arrival) bool {
	if p.hasRoom() {
		return false // it does not matter yet
	}
	id, ok := request.PeekID(a.bytes)
	if !ok {
		return false
	}
	found, err := p.Ledger().Lookup(context.Background(), []pki.ID{id})
	return err == nil && found[id].Recorded()
}

// leaveForRoom leaves an entry where it is until something is decided.
func (p *pass) leaveForRoom(a arrival) {
	p.memory.leaveForRoom(a.entry, a.stat)
	p.count(func(s *Summary) { s.Left++ })
	p.note(withoutRoom, path.Join(a.entry.Team, a.entry.File), nil)
}

// presses reports whether a request that nobody vouches for is about to be held open.
func (d decided) presses() bool {
	return d.outcome == refusal.Hold && !d.repeat && d.decision.Requester == nil && d.known.Status != ledger.Held
}
