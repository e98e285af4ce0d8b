package pass

import (
	"crypto/rsa"
	"fmt"
	"testing"
	"time"

	"ca-exchange/internal/durable"
	"ca-exchange/internal/inbox"
	"ca-exchange/internal/pki"
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
	left := m.passOver(func() bool { return false }, func(string) bool { return false })
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

// TestTestedKeys: the primality of an RSA key is tested once a process, not once a pass.
func TestTestedKeys(t *testing.T) {
	c, x := fixture(t, pki.ECDSAP256)
	key, err := pki.RSA2048.Generate()
	if err != nil {
		t.Fatal(err)
	}
	entry, err := plain(key, "a.example")
	if err != nil {
		t.Fatal(err)
	}
	m := newMemory()
	p := newPass(c, x, m, Options{})
	p.rules, err = c.Rules()
	if err != nil {
		t.Fatal(err)
	}
	if p.parse([]arrival{{bytes: entry}}); !m.tested.Knows(key.Public().(*rsa.PublicKey)) {
		t.Error("the memory does not know the key")
	}
}
