package pass

import (
	"sync"
	"time"

	"ca-exchange/internal/durable"
	"ca-exchange/internal/inbox"
)

// memory is what a running watch keeps between passes: which warnings it gave, since when an incomplete entry has not
// changed, and which entries it answered but may not remove (one-way media).
type memory struct {
	mu     sync.Mutex
	warned map[string]string
	seen   map[inbox.Entry]sighting
	kept   map[inbox.Entry]durable.Stat
	tidied time.Time
}

type sighting struct {
	stat  durable.Stat
	since time.Time
}

func newMemory() *memory {
	return &memory{warned: map[string]string{}, seen: map[inbox.Entry]sighting{}, kept: map[inbox.Entry]durable.Stat{}}
}

// tidyEvery is how often a watch looks for what killed processes left: that costs a scan of both sides.
const tidyEvery = 2 * time.Minute

// due says that it is time to tidy up, at the start and now and then.
func (m *memory) due(now time.Time) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if now.Sub(m.tidied) < tidyEvery {
		return false
	}
	m.tidied = now
	return true
}

// warnOnce logs a trouble once per change of its state: again only when it says something else.
func (p *pass) warnOnce(place, doing string, err error) {
	p.memory.mu.Lock()
	defer p.memory.mu.Unlock()
	if said := doing + err.Error(); p.memory.warned[place] != said {
		p.memory.warned[place] = said
		p.Log.Warn(doing, "error", err)
	}
}

// settled says that an entry has not changed for as long as d, by this process's own watching: the clocks of other
// hosts say nothing.
func (m *memory) settled(e inbox.Entry, s durable.Stat, now time.Time, d time.Duration) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	last, ok := m.seen[e]
	if !ok || !last.stat.Same(s) {
		m.seen[e] = sighting{s, now}
		return d == 0
	}
	if now.Sub(last.since) < d {
		return false
	}
	delete(m.seen, e)
	return true
}

// keep remembers an answered entry that nobody lets us remove.
func (m *memory) keep(e inbox.Entry, s durable.Stat) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.kept[e] = s
}

func (m *memory) answered(e inbox.Entry, s durable.Stat) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	kept, ok := m.kept[e]
	return ok && kept.Same(s)
}
