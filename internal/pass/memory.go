package pass

import (
	"encoding/binary"
	"hash/maphash"
	"sync"
	"time"

	"ca-exchange/internal/durable"
	"ca-exchange/internal/inbox"
	"ca-exchange/internal/request"
)

// Bounds of a memory: a stranger can lengthen both lists. Beyond them an entry is read again at each pass, and an
// incomplete one is not timed.
const (
	leftLimit       = 200_000
	incompleteLimit = 10_000
)

// tidyEvery is how often a watch looks for what killed processes left: that costs a scan of both sides.
const tidyEvery = 2 * time.Minute

// memory is what a running watch keeps between passes: the troubles it logged, since when an incomplete entry has not
// changed, and the entries it left where they are (or answered, but may not remove).
type memory struct {
	mu         sync.Mutex
	pass       uint32             // the number of this pass: what earlier ones saw and this one does not is gone
	warned     map[string]string  // by what could not be done
	troubles   map[trouble]string // of the pass before
	incomplete map[inbox.Entry]sighting
	left       map[uint64]leftover // by hash of the entry
	strays     map[uint64]lookedInto
	crls       map[string]shownCRL // by issuer
	seed       maphash.Seed
	tested     request.Tested // RSA keys: what is left or comes again is read again
	rules      string         // digest of the rules that entries were left under
	tidied     time.Time
	denialDay  time.Time // since when denials is counted
	denials    int
	retired    map[string]int64 // by exchange: see retireDenials
	waits      map[string]bool  // issuers whose keys held requests wait for
	rates      time.Time        // when the first request that is held for its rate is due again; zero: look
}

// sighting is an incomplete entry and since when it has looked like this.
type sighting struct {
	stat  durable.Stat
	since time.Time
	pass  uint32
}

// leftover is an entry that was left: the hash of its file's state, and whether room for it may come.
type leftover struct {
	state uint64
	pass  uint32
	room  bool   // it was left for want of room among the held requests
	owed  bool   // its answer could not be published: the next pass looks again
	key   string // the issuer whose key it waits for, "" for none
}

func newMemory() *memory {
	return &memory{
		warned: map[string]string{}, incomplete: map[inbox.Entry]sighting{}, left: map[uint64]leftover{},
		retired: map[string]int64{},
		waits:   map[string]bool{},
		strays:  map[uint64]lookedInto{},
		crls:    map[string]shownCRL{},
		seed:    maphash.MakeSeed(),
	}
}

// well notes that what failed before works again: it is worth a warning once it does not.
func (m *memory) well(doing string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.warned, doing)
}

// begin starts a pass under these rules: other rules may answer what was left under the ones before.
func (m *memory) begin(rules string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.pass++
	if m.rules != rules {
		m.rules = rules
		clear(m.left)
		clear(m.waits)
	}
}

// end forgets what a pass that listed the whole inbox has not met: those entries are gone.
func (m *memory) end() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for key, l := range m.left {
		if l.pass != m.pass {
			delete(m.left, key)
		}
	}
	for e, s := range m.incomplete {
		if s.pass != m.pass {
			delete(m.incomplete, e)
		}
	}
	m.endStrays()
}

// due reports whether it is time to tidy up: at the start, and now and then.
func (m *memory) due(now time.Time) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if now.Sub(m.tidied) < tidyEvery {
		return false
	}
	m.tidied = now
	return true
}

// rateDue reports whether requests that are held for their rate are to be looked at: at the start, and when the time of
// the first of them has come.
func (m *memory) rateDue(now time.Time) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return !now.Before(m.rates)
}

// noRates is far enough for a pass that found none.
const noRates = 10 * 365 * 24 * time.Hour

func (m *memory) forgetRates(now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.rates = now.Add(noRates)
}

// rateAgain notes when a request that is held for its rate is due again.
func (m *memory) rateAgain(at time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if at.Before(m.rates) || m.rates.IsZero() {
		m.rates = at
	}
}

// waitForKey notes that a held request is issued by the rules of today, once its issuer's key is at hand.
func (m *memory) waitForKey(issuer string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.waits[issuer] = true
}

// waitsForKey reports whether held requests wait for an issuer's key.
func (m *memory) waitsForKey() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.waits) > 0
}

// keyIsBack reports whether a key that held requests waited for is at hand, and forgets that they waited: all that is
// held is to be looked at again.
func (m *memory) keyIsBack(key func(issuer string) bool) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	for issuer := range m.waits {
		if key(issuer) {
			clear(m.waits)
			m.rates = time.Time{}
			return true
		}
	}
	return false
}

// settled reports whether an entry has not changed for as long as d, by this process's own watching: the clocks of
// other hosts prove nothing.
func (m *memory) settled(e inbox.Entry, s durable.Stat, now time.Time, d time.Duration) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	last, known := m.incomplete[e]
	switch {
	case known && last.stat.Same(s) && now.Sub(last.since) >= d:
		delete(m.incomplete, e)
		return true
	case known && last.stat.Same(s):
		last.pass = m.pass
		m.incomplete[e] = last
	case known || len(m.incomplete) < incompleteLimit:
		m.incomplete[e] = sighting{s, now, m.pass}
	}
	return d == 0
}

// leave remembers an entry that stays where it is until it, or the rules, change.
func (m *memory) leave(e inbox.Entry, s durable.Stat) { m.remember(e, leftover{state: m.stateOf(s)}) }

// leaveOwed passes over an entry for the rest of this pass.
func (m *memory) leaveOwed(e inbox.Entry, s durable.Stat) {
	m.remember(e, leftover{state: m.stateOf(s), owed: true})
}

// leaveForRoom remembers an entry that stays until it or the rules change, or there is room for it.
func (m *memory) leaveForRoom(e inbox.Entry, s durable.Stat) {
	m.remember(e, leftover{state: m.stateOf(s), room: true})
}

// leaveForKey remembers an entry that stays until it or the rules change, or its issuer's key is at hand.
func (m *memory) leaveForKey(e inbox.Entry, s durable.Stat, issuer string) {
	m.remember(e, leftover{state: m.stateOf(s), key: issuer})
}

func (m *memory) remember(e inbox.Entry, l leftover) {
	m.mu.Lock()
	defer m.mu.Unlock()
	l.pass = m.pass
	key := m.keyOf(e)
	if _, known := m.left[key]; known || len(m.left) < leftLimit {
		m.left[key] = l
	}
}

// passOver is what a pass need not look at again. room is asked for each entry that was left for want of it, key for
// each that waits for an issuer's.
func (m *memory) passOver(room func() bool, key func(issuer string) bool) inbox.Left {
	return inbox.Left{
		Has: func(e inbox.Entry) bool {
			m.mu.Lock()
			l, known := m.left[m.keyOf(e)]
			known = known && !(l.owed && l.pass != m.pass)
			m.mu.Unlock()
			return known && !(l.room && room()) && !(l.key != "" && key(l.key))
		},
		Same: func(e inbox.Entry, now durable.Stat) bool {
			m.mu.Lock()
			defer m.mu.Unlock()
			key := m.keyOf(e)
			l, known := m.left[key]
			if !known || l.state != m.stateOf(now) {
				delete(m.left, key)
				return false
			}
			l.pass = m.pass
			m.left[key] = l
			return true
		},
	}
}

// leftovers is how many entries are remembered as left.
func (m *memory) leftovers() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.left)
}

// keyOf is an entry as a map key of eight bytes: with a hundred thousand entries their names would take more memory
// than all the rest. The seed is random, so nobody can choose two names of one key.
func (m *memory) keyOf(e inbox.Entry) uint64 {
	return maphash.String(m.seed, e.Team+"/"+e.File)
}

func (m *memory) stateOf(s durable.Stat) uint64 {
	b := make([]byte, 0, 48)
	for _, v := range []uint64{
		s.Dev, s.Ino, uint64(s.Size), uint64(s.Mode), uint64(s.Modified.UnixNano()), uint64(s.Changed.UnixNano()),
	} {
		b = binary.LittleEndian.AppendUint64(b, v)
	}
	return maphash.Bytes(m.seed, b)
}
