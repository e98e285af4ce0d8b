package pass

import (
	"bytes"
	"context"

	"ca-exchange/internal/inbox"
	"ca-exchange/internal/ledger"
	"ca-exchange/internal/pki"
	"ca-exchange/internal/refusal"
	"ca-exchange/internal/request"
)

// arrival is an entry's bytes, read once and taken apart: from here on only they count. It is made here alone.
type arrival struct {
	entry   inbox.Entry
	address ledger.Address
	bytes   []byte
	again   bool // the bytes come from the ledger, to be decided again under new rules

	id      pki.ID           // the request's, or that of what was refused
	kind    ledger.Kind      // which of them
	request *request.Request // nil where the bytes are refused
	found   []refusal.Refusal
}

// arrive lists the inbox and passes on what can be answered. A batch leaves as soon as the next stage is free, so one
// request never waits for others, and grows to batchSize while it is not.
func (p *pass) arrive(ctx context.Context, to chan<- []arrival) error {
	batch := make([]arrival, 0, batchSize)
	if err := p.reconsider(ctx, to); err != nil {
		return err
	}
	for entry, err := range p.x.Entries() {
		if err != nil {
			p.warnOnce(entry.Team, "listing the inbox", err)
			continue
		}
		a, ok := p.open(entry)
		if !ok {
			continue
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

// open reads one entry; ok is false where nothing is to be answered.
func (p *pass) open(e inbox.Entry) (a arrival, ok bool) {
	if !e.Legal {
		p.moveAside(e)
		return a, false
	}
	c := p.x.Read(e)
	a = arrival{entry: e, address: ledger.Address{Exchange: p.x.ID, Team: e.Team, Name: e.Name}, bytes: c.Bytes}
	if c.State == inbox.Complete || c.State == inbox.Incomplete {
		if p.memory.answered(e, c.Stat) {
			return a, false
		}
	}
	switch c.State {
	case inbox.Complete:
		return a, true
	case inbox.Incomplete:
		// Half a private key is one, too: it must not lie there until the entry has settled.
		if p.settled(e, c) || bytes.Contains(c.Bytes, []byte("PRIVATE KEY-----")) {
			return a, true
		}
		p.count(func(s *Summary) { s.Incomplete++ })
	case inbox.Link:
		return unread(a, refusal.EntryNotRegular), true
	case inbox.TooLarge:
		return unread(a, refusal.EntryTooLarge), true
	case inbox.Unreadable:
		p.count(func(s *Summary) { s.Left++ })
		p.warnOnce(e.Team+"/"+e.File, "reading an entry; let ca-admin read it: chmod a+r", c.Err)
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
		if a.request, a.found = request.Parse(a.bytes, p.rules.Blocked); a.request != nil {
			a.kind, a.id = ledger.KindRequest, a.request.ID
		} else {
			a.kind, a.id = ledger.KindRefused, pki.RefusedID(a.bytes)
		}
	})
	return batch
}
