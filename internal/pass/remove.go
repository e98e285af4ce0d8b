package pass

import (
	"errors"
	"strings"

	"ca-exchange/internal/inbox"
	"ca-exchange/internal/refusal"
	"ca-exchange/internal/request"
)

// remove takes answered entries away; each inbox is synced once.
func (p *pass) remove(batch []decided) error {
	teams := map[string]bool{}
	for _, d := range batch {
		if d.arrival.again {
			continue
		}
		err := p.removeOne(d)
		switch {
		case errors.Is(err, inbox.ErrReadOnly), errors.Is(err, inbox.ErrRejectedFull):
			p.keepEntry(d.arrival.entry)
			p.warnOnce("inbox", "leaving answered entries where they are", err)
		case err != nil:
			p.keepEntry(d.arrival.entry)
			p.warnOnce("inbox/"+d.arrival.entry.Team, "removing an answered entry", err)
		default:
			teams[d.arrival.entry.Team] = true
		}
	}
	for team := range teams {
		if err := p.x.SyncInbox(team); err != nil {
			p.warnOnce("inbox/"+team, "making removals durable", err)
		}
	}
	return nil
}

// removeOne: what holds no request is moved aside unchanged, a private key is wiped from the exchange, the rest has
// been answered and goes.
func (p *pass) removeOne(d decided) error {
	entry, read := d.arrival.entry, d.arrival.bytes
	switch code := firstDenial(d); {
	case code == refusal.EntryPrivateKey:
		if keys := request.PrivateKeyFingerprints(read); len(keys) > 0 {
			if err := p.Block(keys); err != nil {
				return err
			}
		}
		p.Log.Warn("an entry held a private key: it was removed, and the key is blocked", "entry", refusal.Quote(entry.File))
		return p.x.Remove(entry, read)
	case strings.HasPrefix(string(code), "entry-"):
		_, err := p.x.Reject(entry)
		return err
	}
	return p.x.Remove(entry, read)
}

func firstDenial(d decided) refusal.Code {
	for _, r := range d.refusals {
		if d.arrival.request == nil && r.Code.Outcome() == refusal.Deny {
			return r.Code
		}
	}
	return ""
}

// keepEntry remembers an answered entry that stays: it is not answered again until it changes.
func (p *pass) keepEntry(e inbox.Entry) {
	p.memory.keep(e, p.x.Read(e).Stat)
}

// moveAside gets an entry out of the way that cannot be answered under its name.
func (p *pass) moveAside(e inbox.Entry) {
	fate, err := p.x.Reject(e)
	switch {
	case errors.Is(err, inbox.ErrRejectedFull), errors.Is(err, inbox.ErrReadOnly):
		p.count(func(s *Summary) { s.Left++ })
		p.warnOnce("rejected", "moving entries aside", err)
	case err != nil:
		p.count(func(s *Summary) { s.Left++ })
		p.warnOnce(e.Team+"/"+e.File, "moving an entry aside", err)
	case fate == inbox.Wiped:
		p.Log.Warn("an entry without a legal name held a private key: it was removed", "entry", refusal.Quote(e.File))
		p.count(func(s *Summary) { s.Moved++ })
	case fate == inbox.Moved:
		p.Log.Warn("an entry without a legal name was moved to rejected/", "entry", refusal.Quote(e.File))
		p.count(func(s *Summary) { s.Moved++ })
	}
}
