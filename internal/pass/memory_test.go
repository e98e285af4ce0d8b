package pass

import (
	"fmt"
	"testing"
	"time"

	"ca-exchange/internal/durable"
	"ca-exchange/internal/inbox"
)

// TestMemoryIsBounded: a flood of entries that are left, or that never end, fills a bounded memory; what is already
// known stays known.
func TestMemoryIsBounded(t *testing.T) {
	m, now := newMemory(), time.Now()
	entry := func(i int) inbox.Entry {
		name := fmt.Sprint(i)
		return inbox.Entry{File: name + ".csr", Name: name, Legal: true}
	}
	m.begin("rules")
	for i := range leftLimit + 100 {
		m.leave(entry(i), durable.Stat{Ino: uint64(i)})
	}
	if n := m.leftovers(); n != leftLimit {
		t.Errorf("%d entries are remembered, expected %d", n, leftLimit)
	}
	left := m.passOver(func() bool { return false })
	if !left.Has(entry(0)) || left.Has(entry(leftLimit+1)) || !left.Same(entry(0), durable.Stat{Ino: 0}) {
		t.Error("the first entries are not the ones that are remembered")
	}
	for i := range incompleteLimit + 100 {
		m.settled(entry(i), durable.Stat{}, now, time.Minute)
	}
	if n := len(m.incomplete); n != incompleteLimit {
		t.Errorf("%d incomplete entries are timed, expected %d", n, incompleteLimit)
	}
	later := now.Add(time.Hour)
	if !m.settled(entry(0), durable.Stat{}, later, time.Minute) ||
		m.settled(entry(incompleteLimit+1), durable.Stat{}, later, time.Minute) {
		t.Error("an entry beyond the bound is timed")
	}
}
