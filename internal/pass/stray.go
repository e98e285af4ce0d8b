package pass

import (
	"maps"

	"ca-exchange/internal/inbox"
)

// strayLimit is how many strays of the inbox are looked into for a private key at each pass, and remembered: a stranger
// can add any number. The others are counted.
const strayLimit = 1000

// namedKeys is how many files with a private key are named.
const namedKeys = 3

// lookedInto is a stray that was read: the hash of its file's state then, and whether it held a private key.
type lookedInto struct {
	state uint64
	key   bool
	pass  uint32
}

// strays is what a round passes over in the inbox. A private key among it is said whatever the file is called.
type strays struct {
	inbox.Strays
	keys      int
	firstKeys []string
	reports   []string // of hosts: the files that are to be read
}

// newStrays begins the list of a round. Its parts are read once the round has ended.
func (p *pass) newStrays() *strays {
	looked, s := 0, new(strays)
	s.Each = func(stray inbox.Stray) {
		if looked++; !stray.Regular || looked > strayLimit || !p.memory.holdsKey(p.x, stray) {
			return
		}
		if s.keys++; s.keys <= namedKeys {
			s.firstKeys = append(s.firstKeys, stray.Place())
		}
	}
	s.Report = func(file string) { p.seeReport(s, file) }
	return s
}

// noteStrays says at the end of a pass what its last round passed over.
func (p *pass) noteStrays() {
	if s := p.strays; s != nil {
		p.noteAll(notRead, s.Count, s.First)
		p.noteAll(keyLies, s.keys, s.firstKeys)
	}
}

// holdsKey looks into a stray, once for as long as it is unchanged.
func (m *memory) holdsKey(x *inbox.Exchange, s inbox.Stray) bool {
	now, err := x.StatStray(s)
	if err != nil || !now.Regular() {
		return false
	}
	key := m.keyOf(inbox.Entry{Team: s.Team, File: s.File})
	m.mu.Lock()
	before, known := m.strays[key]
	m.mu.Unlock()
	if !known || before.state != m.stateOf(now) {
		read, holds := x.HoldsKeyIn(s)
		before = lookedInto{state: m.stateOf(read), key: holds}
	}
	before.pass = m.pass
	m.mu.Lock()
	defer m.mu.Unlock()
	m.strays[key] = before
	return before.key
}

// endStrays forgets the strays that a pass has not met.
func (m *memory) endStrays() {
	maps.DeleteFunc(m.strays, func(_ uint64, l lookedInto) bool { return l.pass != m.pass })
}
