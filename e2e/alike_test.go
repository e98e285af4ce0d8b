package e2e_test

import (
	"path/filepath"
	"strings"
	"testing"

	"ca-exchange/internal/ledger"
)

// TestIDsThatBeginAlike: a prefix that fits two requests approves and shows neither, and is reported as a possible
// attack; the whole id still works. No test makes two such requests, so the ledger is given the second.
func TestIDsThatBeginAlike(t *testing.T) {
	t.Parallel()
	x := newExchange(t, build(t))
	x.dropHeld("victim")
	id := x.heldIDs()[0]
	x.recordAlike()
	for _, args := range [][]string{{"approve", "--yes", id[:16]}, {"show", id[:16]},
		{"deny", id[:16], "--reason", "no"}} {
		if out := x.ca(5, args...); !strings.Contains(out, id[:16]) {
			t.Errorf("%q does not say which prefix: %s", args, out)
		}
	}
	x.expect("victim", "held", "signature-absent")
	x.ca(0, "approve", "--yes", id)
	x.expect("victim", "crt", "")
}

// recordAlike records a second held request whose id differs from that of the only one in its last digit.
func (x *exchange) recordAlike() {
	x.Helper()
	l, err := ledger.Open(filepath.Join(x.dir, "ca", "ledger.db"))
	must(x.T, err)
	defer l.Close()
	for alike, err := range l.Pending(x.Context()) {
		must(x.T, err)
		entry, err := l.Entry(x.Context(), alike.ID)
		must(x.T, err)
		alike.ID[len(alike.ID)-1] ^= 1
		alike.Version = 0
		event := &ledger.Event{Time: alike.Decided, Kind: ledger.EventHeld}
		must(x.T, l.Record(x.Context(), []ledger.Change{{Request: alike, Entry: entry, Event: event}}))
		return
	}
}
