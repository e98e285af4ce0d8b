package pass

import (
	"context"
	"path"
	"time"

	"ca-exchange/internal/durable"
	"ca-exchange/internal/inbox"
	"ca-exchange/internal/ledger"
	"ca-exchange/internal/pki"
	"ca-exchange/internal/refusal"
	"ca-exchange/internal/request"
)

// arrival is an entry's bytes, read once and taken apart: from here on only they count. It is made here alone.
type arrival struct {
	entry   inbox.Entry
	stat    durable.Stat
	address ledger.Address
	bytes   []byte
	again   bool // the bytes come from the ledger, to be decided again under new rules

	id      pki.ID           // the request's, or that of what was refused
	kind    ledger.Kind      // which of them
	request *request.Request // nil where the bytes are refused
	found   []refusal.Refusal
}

// unsignedSlice is how long a round takes unsigned entries where nobody vouches for them, before it looks for signed
// ones again: each may cost a test of primality, and there may be thousands.
const unsignedSlice = 250 * time.Millisecond

// leastUnsigned is how many of them a round takes in any case, so that each round brings the inbox nearer to its end.
const leastUnsigned = 64

// arrive lists the inbox, signed entries first, and passes on what can be answered. A batch leaves as soon as the next
// stage is free, so one request never waits for others, and grows to batchSize while it is not.
func (p *pass) arrive(ctx context.Context, to chan<- []arrival) error {
	if err := p.reconsider(ctx, to); err != nil {
		return err
	}
	batch := make([]arrival, 0, batchSize)
	started, taken := p.Now(), 0
	p.strays = p.newStrays()
	for arrived, err := range p.x.Arrivals(p.memory.passOver(p.hasRoom, p.HasKey), &p.strays.Strays) {
		if err != nil {
			p.note(notListable, "inbox", err)
			continue
		}
		unvouched := p.unvouched(arrived.Content)
		if unvouched && taken >= leastUnsigned && p.Now().Sub(started) > unsignedSlice {
			p.deferRest()
			break
		}
		a, ok := p.take(arrived)
		if !ok {
			continue
		}
		if unvouched {
			taken++
		}
		batch = append(batch, a)
		if len(batch) == batchSize {
			if err := send(ctx, to, batch); err != nil {
				return err
			}
			batch = make([]arrival, 0, batchSize)
			continue
		}
		select {
		case to <- batch:
			batch = make([]arrival, 0, batchSize)
		default:
		}
	}
	if len(batch) > 0 {
		return send(ctx, to, batch)
	}
	return ctx.Err()
}

// unvouched reports whether an entry can at most be held: nobody signed it, and the policy issues nothing unsigned.
func (p *pass) unvouched(c inbox.Content) bool {
	return p.rules.Policy.Config().Unsigned == nil && !c.Signed()
}

// take decides what becomes of one entry that was read; ok is false where nothing is to be answered.
func (p *pass) take(arrived inbox.Arrival) (a arrival, ok bool) {
	e, c := arrived.Entry, arrived.Content
	if !e.Legal {
		p.moveAside(e)
		return a, false
	}
	a = arrival{
		entry: e, stat: c.Stat, bytes: c.Bytes, address: ledger.Address{Exchange: p.x.ID, Team: e.Team, Name: e.Name},
	}
	switch c.State {
	case inbox.Complete:
		// Room is looked at before any arithmetic: without it, a flood would cost a primality test an entry.
		if p.unvouched(c) && !p.known(a) && !p.takeRoom() {
			p.leaveForRoom(a)
			return a, false
		}
		return a, true
	case inbox.Incomplete:
		// Half a private key is one, too: it must not remain there until the entry has settled.
		if p.settled(e, c) || request.HoldsPrivateKey(c.Bytes) {
			return a, true
		}
		p.count(func(s *Summary) { s.Incomplete++ })
	case inbox.Link:
		return unread(a, refusal.EntryNotRegular), true
	case inbox.TooLarge:
		return unread(a, refusal.EntryTooLarge), true
	case inbox.Unreadable:
		p.count(func(s *Summary) { s.Left++ })
		p.note(unreadable, path.Join(e.Team, e.File), c.Err)
		if s, err := p.x.Stat(e); err == nil {
			p.memory.leave(e, s)
		}
	}
	return a, false
}

// unread is an entry that is refused for what it is, before anybody looks into it: nothing of it is kept.
func unread(a arrival, code refusal.Code) arrival {
	a.bytes = nil
	a.kind, a.id = ledger.KindUnread, pki.UnreadID(a.address.Exchange, a.entry.Team, a.entry.File, string(code))
	a.found = []refusal.Refusal{refusal.New(code, "entry", "", "")}
	return a
}

// parse takes a batch apart; it depends on nothing but the bytes and the blocked keys.
func (p *pass) parse(batch []arrival) []arrival {
	parallel(len(batch), func(i int) {
		a := &batch[i]
		if len(a.found) > 0 {
			return
		}
		if a.request, a.found = p.memory.tested.Parse(a.bytes, p.rules.Blocked); a.request != nil {
			a.kind, a.id = ledger.KindRequest, a.request.ID
		} else {
			a.kind, a.id = ledger.KindRefused, pki.RefusedID(a.bytes)
		}
	})
	return batch
}
