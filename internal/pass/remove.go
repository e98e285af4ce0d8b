package pass

import (
	"errors"
	"path"
	"strings"

	"ca-exchange/internal/ca"
	"ca-exchange/internal/inbox"
	"ca-exchange/internal/refusal"
	"ca-exchange/internal/request"
)

// remove takes answered entries away; each inbox is synced once. An entry that stays is remembered, and not answered
// again until it changes.
func (p *pass) remove(batch []decided) {
	teams := map[string]bool{}
	for _, d := range batch {
		if d.arrival.again {
			continue
		}
		if err := p.removeOne(d); err != nil {
			p.memory.leave(d.arrival.entry, d.arrival.stat)
			p.note(notRemovable, path.Join(d.arrival.entry.Team, d.arrival.entry.File), err)
			continue
		}
		teams[d.arrival.entry.Team] = true
	}
	for team := range teams {
		if err := p.x.SyncInbox(team); err != nil {
			p.note(notRemovable, team, err)
		}
	}
}

// removeOne: what holds no request is moved aside unchanged, a private key is wiped from the exchange, the rest has
// been answered and goes.
func (p *pass) removeOne(d decided) error {
	entry, read := d.arrival.entry, d.arrival.bytes
	switch code := firstDenial(d); {
	case code == refusal.EntryPrivateKey:
		if err := p.blockSeen(d); err != nil {
			return err
		}
		return p.x.Remove(entry, read)
	case strings.HasPrefix(string(code), "entry-"):
		_, err := p.x.Reject(entry)
		return err
	}
	return p.x.Remove(entry, read)
}

// blockSeen blocks the keys in an entry, which goes in any case.
func (p *pass) blockSeen(d decided) error {
	said := "an entry held a private key: it was removed, and the key is blocked"
	err := p.BlockSeen(request.PrivateKeyFingerprints(d.arrival.bytes))
	if errors.Is(err, ca.ErrBlockedFull) {
		said, err = "an entry held a private key: it was removed; blocked-keys is full, so the key is not blocked", nil
	}
	if err == nil {
		p.Log.Warn(said, "entry", refusal.Quote(d.arrival.entry.File))
	}
	return err
}

func firstDenial(d decided) refusal.Code {
	for _, r := range d.refusals {
		if d.arrival.request == nil && r.Code.Outcome() == refusal.Deny {
			return r.Code
		}
	}
	return ""
}

// moveAside gets an entry out of the way that cannot be answered under its name.
func (p *pass) moveAside(e inbox.Entry) {
	fate, err := p.x.Reject(e)
	switch {
	case err != nil:
		p.count(func(s *Summary) { s.Left++ })
		p.note(notAnswerable, path.Join(e.Team, e.File), err)
		if s, err := p.x.Stat(e); err == nil {
			p.memory.leave(e, s)
		}
		return
	case fate == inbox.Wiped:
		p.Log.Warn("an entry without a legal name held a private key: it was removed", "entry", refusal.Quote(e.File))
	case fate == inbox.Moved:
		p.note(movedAside, path.Join(e.Team, e.File), nil)
	default:
		return
	}
	p.count(func(s *Summary) { s.Moved++ })
}
