package pass

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"ca-exchange/internal/ca"
	"ca-exchange/internal/inbox"
	"ca-exchange/internal/pki"
	"ca-exchange/internal/request"
)

// closed makes a CA whose policy issues nothing unsigned, and its exchange.
func closed(t *testing.T, log *slog.Logger) (*ca.CA, *inbox.Exchange) {
	t.Helper()
	c, x := makeCAWith(t, pki.ECDSAP256, log, nil)
	if err := c.Unlock(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { x.Close(); c.Close() })
	return c, x
}

// passOver makes one pass with a memory that a watch would keep.
func passOver(t *testing.T, c *ca.CA, x *inbox.Exchange, m *memory) Summary {
	t.Helper()
	sum, err := newPass(c, x, m, Options{}).run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

// TestLeftIsRemembered: what is left for want of room is not read again until there is room, it changes, or the rules
// do.
func TestLeftIsRemembered(t *testing.T) {
	t.Parallel()
	long(t)
	log := &remembered{}
	c, x := closed(t, slog.New(slog.NewTextHandler(log, nil)))
	entries := requests(t, heldRows+20)
	for i, e := range entries {
		if err := dropFast(x, fmt.Sprintf("f%04d", i), e); err != nil {
			t.Fatal(err)
		}
	}
	m := newMemory()
	if sum := passOver(t, c, x, m); sum.Held != heldRows || m.leftovers() != 20 {
		t.Fatalf("first pass: %+v, %d remembered", sum, m.leftovers())
	}
	if n := log.count("fill the pending list"); n != 1 {
		t.Errorf("%d log lines about 20 entries", n)
	}
	if sum := passOver(t, c, x, m); sum.Answered()+sum.Left != 0 {
		t.Errorf("second pass looks again: %+v", sum)
	}
	for r, err := range c.Ledger().Pending(t.Context()) { // a person makes room for three
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Deny(t.Context(), r, "test"); err != nil {
			t.Fatal(err)
		}
		if rows, _, err := c.Ledger().Pressure(t.Context()); err != nil || rows == heldRows-3 {
			break
		}
	}
	if sum := passOver(t, c, x, m); sum.Held != 3 {
		t.Errorf("with room for three: %+v", sum)
	}
	for _, file := range inboxFiles(t, x) {
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
	}
	if passOver(t, c, x, m); m.leftovers() != 0 {
		t.Errorf("%d entries that are gone are remembered", m.leftovers())
	}
}

// TestLeftCopiesEnd: copies of a request that there is no room for do not keep a pass going round.
func TestLeftCopiesEnd(t *testing.T) {
	t.Parallel()
	long(t)
	c, x := closed(t, slog.New(slog.DiscardHandler))
	entries := requests(t, heldRows+1)
	for i, e := range entries[:heldRows] {
		if err := dropFast(x, fmt.Sprintf("f%04d", i), e); err != nil {
			t.Fatal(err)
		}
	}
	passOver(t, c, x, newMemory())
	for i := range 40 {
		if err := dropFast(x, fmt.Sprintf("copy%d", i), entries[heldRows]); err != nil {
			t.Fatal(err)
		}
	}
	if sum := passOver(t, c, x, newMemory()); sum.Left != 40 || sum.Answered() != 0 {
		t.Errorf("%+v", sum)
	}
	// A request that is held already holds nothing more: it is answered under another name, room or not.
	if err := dropFast(x, "again", entries[0]); err != nil {
		t.Fatal(err)
	}
	if sum := passOver(t, c, x, newMemory()); sum.Repeated != 1 {
		t.Errorf("a copy of a held request: %+v", sum)
	}
}

// TestEnrolledHeldBesideFlood: where what nobody vouches for fills the pending list, an enrolled requester's request is
// held all the same.
func TestEnrolledHeldBesideFlood(t *testing.T) {
	t.Parallel()
	long(t)
	a := enrolled(t)
	for i, e := range requests(t, heldRows) {
		if err := dropFast(a.x, fmt.Sprintf("f%04d", i), e); err != nil {
			t.Fatal(err)
		}
	}
	if sum := a.sync(); sum.Held != heldRows {
		t.Fatalf("%+v", sum)
	}
	a.drop("outside.test", "")
	if sum := a.sync(); sum.Held != 1 || sum.Left != 0 {
		t.Errorf("%+v", sum)
	}
}

// TestSlowListing: where reading the inbox alone takes longer than the slice of unsigned entries, they are served all
// the same, in one pass.
func TestSlowListing(t *testing.T) {
	t.Parallel()
	c, x := closed(t, slog.New(slog.DiscardHandler))
	const many = 3*leastUnsigned + 5
	for i, e := range requests(t, many) {
		if err := dropFast(x, fmt.Sprintf("slow%03d", i), e); err != nil {
			t.Fatal(err)
		}
	}
	var looks atomic.Int64
	start := time.Now()
	// Every look at the clock takes a slice.
	c.Now = func() time.Time { return start.Add(time.Duration(looks.Add(1)) * unsignedSlice) }
	if sum := passOver(t, c, x, newMemory()); sum.Held != many {
		t.Errorf("%+v, expected %d held", sum, many)
	}
}

// TestPeekID: the id that is looked at before any arithmetic is the one that Parse gives.
func TestPeekID(t *testing.T) {
	for _, entry := range requests(t, 3) {
		r, _ := request.Parse(entry, nil)
		if id, ok := request.PeekID(entry); !ok || id != r.ID {
			t.Errorf("peeked at %s, %t; it is %s", id, ok, r.ID)
		}
	}
	for _, junk := range []string{"", "junk", "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n" +
		"-----END CERTIFICATE REQUEST-----\n"} {
		if id, ok := request.PeekID([]byte(junk)); ok {
			t.Errorf("%q has id %s", junk, id)
		}
	}
}

func inboxFiles(t *testing.T, x *inbox.Exchange) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(x.Path(), "inbox", "*.csr"))
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// BenchmarkSignedAmongLeft is one pass over 2,000 unsigned RSA-4096 requests that are left for want of room, and the
// passes after it: what a signed request beside them waits for. It prints both figures.
func BenchmarkSignedAmongLeft(b *testing.B) {
	const flood = 2000
	c, x := makeCAWith(b, pki.ECDSAP256, slog.New(slog.DiscardHandler), nil)
	b.Cleanup(func() { x.Close(); c.Close() })
	if err := c.Unlock(); err != nil {
		b.Fatal(err)
	}
	for i, e := range requests(b, heldRows) {
		if err := dropFast(x, fmt.Sprintf("held%d", i), e); err != nil {
			b.Fatal(err)
		}
	}
	if _, err := Sync(b.Context(), c, x, Options{}); err != nil {
		b.Fatal(err)
	}
	key, err := pki.RSA4096.Generate()
	if err != nil {
		b.Fatal(err)
	}
	for i := range flood {
		entry, err := plain(key, fmt.Sprintf("flood%d.example", i))
		if err == nil {
			err = dropFast(x, fmt.Sprintf("flood%d", i), entry)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	var first, later time.Duration
	for b.Loop() {
		m := newMemory()
		for _, into := range []*time.Duration{&first, &later} {
			start := time.Now()
			if _, err := newPass(c, x, m, Options{}).run(b.Context()); err != nil {
				b.Fatal(err)
			}
			*into += time.Since(start)
		}
	}
	b.ReportMetric(float64(first.Milliseconds())/float64(b.N), "ms/first-pass")
	b.ReportMetric(float64(later.Milliseconds())/float64(b.N), "ms/later-pass")
	b.ReportMetric(0, "ns/op")
}

// TestStoppedRoundLeavesNothing: where another stage stops the round, for want of disk say, what was not signed is not
// remembered as left: the next pass answers it.
func TestStoppedRoundLeavesNothing(t *testing.T) {
	c, x := fixture(t, pki.ECDSAP256)
	p := newPass(c, x, newMemory(), Options{})
	var err error
	if p.rules, err = c.Rules(); err != nil {
		t.Fatal(err)
	}
	batch := []arrival{{entry: inbox.Entry{Name: "a", File: "a.csr"}, bytes: requests(t, 1)[0]}}
	decisions, err := p.decide(t.Context(), p.parse(batch))
	if err != nil || len(decisions) != 1 || !decisions[0].issues() {
		t.Fatalf("%+v, %v", decisions, err)
	}
	full := errors.New("the disk is full")
	ctx, stop := context.WithCancelCause(t.Context())
	stop(full)
	if ready, err := p.sign(ctx, decisions); ready != nil || !errors.Is(err, full) {
		t.Errorf("signed %d, %v", len(ready), err)
	}
	if m := p.memory.leftovers(); m != 0 || p.sum.Left != 0 {
		t.Errorf("%d remembered, %d left", m, p.sum.Left)
	}
}
