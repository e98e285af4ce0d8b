package pass

import (
	"context"
	"errors"
	"sync"

	"ca-exchange/internal/ca"
	"ca-exchange/internal/inbox"
	"ca-exchange/internal/pki"
)

// batchSize is the most requests that share one ledger transaction and one sync of the outbox.
const batchSize = 256

// Options are what a caller may say about a single pass.
type Options struct {
	Settle    Settle
	Progress  Progress
	OpenInbox bool // a person accepts inboxes that everybody may write to
}

// Sync answers everything an exchange holds now.
func Sync(ctx context.Context, c *ca.CA, x *inbox.Exchange, o Options) (Summary, error) {
	return newPass(c, x, newMemory(), o).run(ctx)
}

// pass is one look at everything there is to do on one exchange.
type pass struct {
	*ca.CA
	Options
	x      *inbox.Exchange
	rules  *ca.Rules
	memory *memory
	total  int // entries seen at the start: only for progress

	reconsidered bool // all that is held was decided again, since the rules changed

	published int64 // the number of the head in the outbox; 0 where it has none of ours

	room     room
	issuing  issuing
	openness openness
	strays   *strays // of the last round
	troubles

	mu       sync.Mutex
	sum      Summary
	flying   map[pki.ID]bool // decided but not yet published: their copies wait for the next round
	deferred bool            // a copy waits
	progress bool            // this round answered something, so that another one may answer what was deferred
}

func newPass(c *ca.CA, x *inbox.Exchange, m *memory, o Options) *pass {
	return &pass{CA: c, Options: o, x: x, memory: m, flying: map[pki.ID]bool{}}
}

// run is a whole pass: clock and head first, before anything is signed; the rules as they are now, what is owed, what
// has come.
func (p *pass) run(ctx context.Context) (Summary, error) {
	if err := p.CheckClock(ctx); err != nil {
		return Summary{}, err
	}
	if err := p.checkHead(ctx); err != nil {
		return Summary{}, err
	}
	if err := p.readRules(); err != nil {
		return Summary{}, err
	}
	p.memory.begin(p.rules.Digest)
	defer p.sayTroubles()
	defer p.noteStrays()
	if p.memory.due(p.Now()) {
		p.tidy()
	}
	if err := p.publishTrust(); errors.Is(err, inbox.ErrNameTaken) {
		p.warnOnce("publishing the issuers", err)
	} else if err != nil {
		return Summary{}, err
	}
	if err := p.keepCRLs(ctx); err != nil {
		return Summary{}, err
	}
	if err := p.publishOwed(ctx); err != nil {
		return Summary{}, err
	}
	sum, err := p.serve(ctx)
	if err == nil {
		err = p.settleRules(ctx)
	}
	if err == nil && sum.Denied > 0 {
		err = p.retireDenials(ctx)
	}
	if err == nil {
		p.takeReports(ctx)
		sum.Reports = p.sum.Reports
	}
	return sum, err
}

// serve makes rounds until nothing is left that another one could answer. A round that answered nothing is the last:
// what was deferred then waits for something that no round brings.
func (p *pass) serve(ctx context.Context) (Summary, error) {
	start := p.Now()
	if p.Progress != nil {
		for range p.x.Entries() {
			p.total++
		}
	}
	for {
		p.deferred, p.progress = false, false
		err := p.measureRoom(ctx)
		if err == nil {
			err = p.round(ctx)
		}
		p.sum.Took = p.Now().Sub(start)
		if err != nil || !p.deferred || !p.progress {
			if err == nil && !p.deferred {
				p.memory.end()
			}
			return p.sum, err
		}
	}
}

// round lets every entry flow through the four stages. Each stage works on one batch while the one before it makes the
// next ready; channels without room bound what is in memory. A stage that fails stops the others.
func (p *pass) round(ctx context.Context) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	toCertify, toRecord, toDeliver := make(chan []arrival), make(chan []decided), make(chan recorded)
	var stages sync.WaitGroup
	stages.Go(func() { defer close(toCertify); stopOn(stop, p.arrive(ctx, toCertify)) })
	stages.Go(func() { defer close(toRecord); stopOn(stop, stage(ctx, toCertify, toRecord, p.certify)) })
	stages.Go(func() { defer close(toDeliver); stopOn(stop, stage(ctx, toRecord, toDeliver, p.record)) })
	stages.Go(func() { stopOn(stop, drain(ctx, toDeliver, p.deliver)) })
	stages.Wait()
	return context.Cause(ctx)
}

// certify takes a batch from bytes to certificates, on all cores.
func (p *pass) certify(ctx context.Context, batch []arrival) ([]decided, error) {
	decisions, err := p.decide(ctx, p.takeOff(p.parse(batch)))
	if err != nil {
		return nil, err
	}
	return p.sign(ctx, decisions)
}

// record makes a batch durable in the ledger: nothing goes on to the outbox before that (P5). Where another process was
// first, or the disk failed, the batch is decided again by what the ledger then holds (P7).
func (p *pass) record(ctx context.Context, batch []decided) (recorded, error) {
	for attempt := 1; ; attempt++ {
		ready, changes, err := p.prepare(ctx, batch)
		if err == nil && len(changes) > 0 {
			err = p.Ledger().Record(ctx, changes)
		}
		if err == nil {
			p.issuing.forget(ready.requests)
			return ready, nil
		}
		if attempt == recordAttempts || ctx.Err() != nil {
			return recorded{}, err
		}
		if err := p.reopenAfter(err); err != nil {
			return recorded{}, err
		}
		decisions, err := p.decide(ctx, arrivals(batch))
		if err != nil {
			return recorded{}, err
		}
		if batch, err = p.sign(ctx, decisions); err != nil {
			return recorded{}, err
		}
	}
}

// deliver publishes what the ledger has, and then removes the entries. A crash anywhere leaves entries that get the
// same answer again (P6).
func (p *pass) deliver(ctx context.Context, batch recorded) error {
	missing, err := p.publish(ctx, batch.answers)
	if err != nil {
		return err
	}
	var delivered []decided
	var names []string
	for i, d := range batch.requests {
		if missing[i] { // it is owed: the entry goes with the pass that finds the answer's place again
			if !d.arrival.again {
				p.memory.leaveOwed(d.arrival.entry, d.arrival.stat)
			}
			p.land(d)
			p.count(func(s *Summary) { s.Left++ })
			continue
		}
		delivered, names = append(delivered, d), append(names, batch.answers[i].name())
	}
	p.remove(delivered)
	for i, d := range delivered {
		p.land(d)
		p.tally(d, names[i])
	}
	p.advance(len(batch.requests)) // also where one is owed: it is passed over for the rest of this pass
	return nil
}

// advance notes that a round answered something.
func (p *pass) advance(answered int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.progress = p.progress || answered > 0
}

// deferRest ends a round's listing before the inbox is read to its end: the next round goes on. What this one took is
// answered, or remembered as left, so the next has less before it.
func (p *pass) deferRest() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.deferred, p.progress = true, true
}

// takeOff lets each id fly once: copies in the same or the next batch wait for the next round, when the ledger knows.
func (p *pass) takeOff(batch []arrival) []arrival {
	p.mu.Lock()
	defer p.mu.Unlock()
	kept := batch[:0]
	for _, a := range batch {
		if p.flying[a.id] {
			p.deferred = true
			continue
		}
		p.flying[a.id] = true
		kept = append(kept, a)
	}
	return kept
}

// land ends the flight that takeOff began.
func (p *pass) land(d decided) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.flying, d.arrival.id)
}
