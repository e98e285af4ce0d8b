package ca

import (
	"context"
	"errors"
	"sync"
	"time"

	"ca-exchange/internal/inbox"
	"ca-exchange/internal/pki"
)

// batchSize is the most requests that share one ledger transaction and one sync of the outbox.
const batchSize = 256

// Settle says what becomes of an entry that has no END line: true denies it, false leaves it for a later pass.
type Settle func(e inbox.Entry, c inbox.Content) bool

// Progress is told how many entries of a pass are answered, of how many there were at its start.
type Progress func(done, total int)

// Summary is what one pass did, counted by entries.
type Summary struct {
	Issued, Held, Denied int // newly decided
	Repeated             int // answered as before, under this or another name
	Incomplete           int // still being written
	Left                 int // not answered: too many wait already, the clock, an error; see the log
	Moved                int // without a legal name, moved to rejected/
	Took                 time.Duration
}

// Answered is how many entries got an answer.
func (s Summary) Answered() int { return s.Issued + s.Held + s.Denied + s.Repeated }

// pass is one look at everything there is to do on one exchange.
type pass struct {
	*CA
	x        *inbox.Exchange
	rules    *rules
	settle   Settle
	memory   *memory
	progress Progress
	total    int // entries seen at the start: only for progress

	mu       sync.Mutex
	sum      Summary
	flying   map[pki.ID]bool // decided but not yet published: their copies wait for the next round
	deferred bool
}

// serve runs passes until nothing is left that another one could answer.
func (p *pass) serve(ctx context.Context) (Summary, error) {
	start := p.Now()
	if p.progress != nil {
		for range p.x.Entries() {
			p.total++
		}
	}
	for {
		p.deferred = false
		err := p.once(ctx)
		p.sum.Took = p.Now().Sub(start)
		if err != nil || !p.deferred {
			return p.sum, err
		}
	}
}

// once lets every entry flow through the stages. Each stage works on one batch while the next one is made ready; a
// channel without room between them bounds what is in memory.
func (p *pass) once(ctx context.Context) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	arrivals, certified, recorded := make(chan []arrival), make(chan []certified), make(chan []outgoing)
	var stages sync.WaitGroup
	stages.Go(func() { defer close(arrivals); stopOn(stop, p.read(ctx, arrivals)) })
	stages.Go(func() { defer close(certified); stopOn(stop, p.certify(ctx, arrivals, certified)) })
	stages.Go(func() { defer close(recorded); stopOn(stop, p.record(ctx, certified, recorded)) })
	stages.Go(func() { stopOn(stop, p.deliver(ctx, recorded)) })
	stages.Wait()
	if err := context.Cause(ctx); err != nil && !errors.Is(err, errDone) {
		return err
	}
	return nil
}

var errDone = errors.New("done")

func stopOn(stop context.CancelCauseFunc, err error) {
	if err != nil {
		stop(err)
	}
}

// send hands a batch on unless the pass has ended.
func send[T any](ctx context.Context, to chan<- T, batch T) error {
	select {
	case to <- batch:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// count changes the summary; stages run beside each other.
func (p *pass) count(change func(*Summary)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change(&p.sum)
	if p.progress != nil {
		p.progress(p.sum.Answered(), p.total)
	}
}
