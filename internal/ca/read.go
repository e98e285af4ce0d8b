package ca

import (
	"bytes"
	"context"
	"errors"

	"ca-exchange/internal/inbox"
	"ca-exchange/internal/ledger"
	"ca-exchange/internal/refusal"
)

// arrival is an entry's bytes, read once: from here on only they count.
type arrival struct {
	entry   inbox.Entry
	address ledger.Address
	bytes   []byte
	refused *refusal.Refusal // what the file itself broke, before anybody looks into it
	again   bool             // the bytes come from the ledger, to be decided again under new rules
}

// read lists the inbox and passes on what can be answered. A batch leaves as soon as the next stage is free, so one
// request never waits for others, and grows to batchSize while it is not.
func (p *pass) read(ctx context.Context, to chan<- []arrival) error {
	batch := make([]arrival, 0, batchSize)
	if err := p.reconsider(ctx, to); err != nil {
		return err
	}
	for entry, err := range p.x.Entries() {
		if err != nil {
			p.warnOnce(entry.Team, "listing the inbox", err)
			continue
		}
		a, ok, err := p.arrive(entry)
		if err != nil {
			return err
		}
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

// arrive reads one entry; ok is false where nothing is to be answered.
func (p *pass) arrive(e inbox.Entry) (a arrival, ok bool, err error) {
	if !e.Legal {
		return a, false, p.moveAside(e)
	}
	c, err := p.x.Read(e)
	if err != nil {
		return a, false, err
	}
	a = arrival{entry: e, address: ledger.Address{Exchange: p.x.ID, Team: e.Team, Name: e.Name}, bytes: c.Bytes}
	refuse := func(code refusal.Code) (arrival, bool, error) {
		r := refusal.New(code, "entry", "", "")
		a.refused, a.bytes = &r, []byte(e.File+"\x00"+string(code)) // nothing of the file is kept
		return a, true, nil
	}
	if c.State == inbox.Complete || c.State == inbox.Incomplete {
		if p.memory.answered(e, c.Stat) {
			return a, false, nil
		}
	}
	switch c.State {
	case inbox.Complete:
		return a, true, nil
	case inbox.Incomplete:
		// Half a private key is one, too: it must not lie there until the entry has settled.
		if p.settle(e, c) || bytes.Contains(c.Bytes, []byte("PRIVATE KEY-----")) {
			return a, true, nil
		}
		p.count(func(s *Summary) { s.Incomplete++ })
	case inbox.Link:
		return refuse(refusal.EntryNotRegular)
	case inbox.TooLarge:
		return refuse(refusal.EntryTooLarge)
	case inbox.Unreadable:
		p.count(func(s *Summary) { s.Left++ })
		p.warnOnce(e.Team+"/"+e.File, "reading an entry; let ca-admin read it: chmod a+r", c.Err)
	}
	return a, false, nil
}

// moveAside gets an entry out of the way that can't be answered under its name.
func (p *pass) moveAside(e inbox.Entry) error {
	err := p.x.Reject(e)
	switch {
	case errors.Is(err, inbox.ErrRejectedFull), errors.Is(err, inbox.ErrReadOnly):
		p.count(func(s *Summary) { s.Left++ })
		p.warnOnce("rejected", "moving entries aside", err)
		return nil
	case err != nil:
		p.count(func(s *Summary) { s.Left++ })
		p.warnOnce(e.Team+"/"+e.File, "moving an entry aside", err)
		return nil
	}
	p.Log.Warn("an entry without a legal name was moved to rejected/", "entry", refusal.Quote(e.File))
	p.count(func(s *Summary) { s.Moved++ })
	return nil
}

// reconsider sends held requests through again when policy, requesters or blocked keys changed since they were held.
func (p *pass) reconsider(ctx context.Context, to chan<- []arrival) error {
	decided, err := p.ledger.Setting(ctx, rulesSetting)
	if err != nil || decided == p.rules.digest {
		return err
	}
	var batch []arrival
	for held, err := range p.ledger.Pending(ctx) {
		if err != nil {
			return err
		}
		bytes, err := p.ledger.Entry(ctx, held.ID)
		if err != nil {
			return err
		}
		batch = append(batch, arrival{bytes: bytes, again: true})
		if len(batch) == batchSize {
			if err := send(ctx, to, batch); err != nil {
				return err
			}
			batch = nil
		}
	}
	if len(batch) > 0 {
		if err := send(ctx, to, batch); err != nil {
			return err
		}
	}
	event := ledger.Event{Time: p.Now(), Kind: ledger.EventRulesChanged, Detail: map[string]string{"rules": p.rules.digest}}
	return p.ledger.Remember(ctx, rulesSetting, p.rules.digest, &event)
}
