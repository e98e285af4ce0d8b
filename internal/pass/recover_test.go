package pass

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"ca-exchange/internal/ca"
	"ca-exchange/internal/inbox"
	"ca-exchange/internal/ledger"
	"ca-exchange/internal/pki"
	"ca-exchange/internal/policy"
)

// recovers runs Recover and holds what it counts.
func recovers(t *testing.T, c *ca.CA, x *inbox.Exchange, taken, linked int) Recovery {
	t.Helper()
	r, err := Recover(t.Context(), c, x)
	if err != nil || r.Taken != taken || r.Linked != linked {
		t.Fatalf("%+v, %v, expected %d taken and %d linked", r, err, taken, linked)
	}
	if err := c.Ledger().Verify(t.Context(), 0, ""); err != nil {
		t.Error(err)
	}
	if headOf(t, x) != presents(t, c) {
		t.Error("the head is not published")
	}
	return r
}

// serialsOf are the serials of all certificates, by key.
func serialsOf(t *testing.T, c *ca.CA) map[string]string {
	t.Helper()
	all, err := issued(t, c)
	if err != nil {
		t.Fatal(err)
	}
	serials := map[string]string{}
	for _, k := range all {
		if serials[k.KeyFingerprint] != "" {
			t.Errorf("key %s has two certificates", k.KeyFingerprint)
		}
		serials[k.KeyFingerprint] = k.Serial
	}
	return serials
}

func dropAs(t *testing.T, c *ca.CA, x *inbox.Exchange, name string, entry []byte) Summary {
	t.Helper()
	if err := dropFast(x, name, entry); err != nil {
		t.Fatal(err)
	}
	sum, err := Sync(t.Context(), c, x, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

// TestRecover puts an old copy back: the exchange stops it, recover takes the certificates over, and each request that
// is dropped again is answered with the certificate that it had.
func TestRecover(t *testing.T) {
	c, x := fixture(t, pki.ECDSAP256)
	entries := requests(t, 3)
	dropAs(t, c, x, "server0", entries[0])
	copied := copyOf(t, c)
	dropAs(t, c, x, "server1", entries[1])
	dropAs(t, c, x, "server2", entries[2])
	before, lost := serialsOf(t, c), headOf(t, x)
	c = putBack(t, c, copied)
	stops(t, c, x)
	r := recovers(t, c, x, 2, 0)
	if !r.Behind || r.Lost != 0 || r.Head <= r.Ledger {
		t.Errorf("%+v", r)
	}
	for i, entry := range entries {
		if sum := dropAs(t, c, x, fmt.Sprintf("server%d", i), entry); sum.Repeated != 1 || sum.Issued != 0 {
			t.Errorf("dropped again: %+v", sum)
		}
		if got := known(t, c, idOf(t, entry)); got.Status != ledger.Issued || before[got.KeyFingerprint] != got.Serial {
			t.Errorf("%+v, expected serial %s", got, before[got.KeyFingerprint])
		}
	}
	holds(t, x, "server0.crt", "server1.crt", "server2.crt")
	if after := serialsOf(t, c); len(after) != 3 {
		t.Errorf("%d certificates", len(after))
	}
	if err := c.Ledger().Verify(t.Context(), 0, ""); err != nil {
		t.Error(err)
	}
	if sum := dropAs(t, c, x, "server1", entries[1]); sum.Repeated != 1 {
		t.Errorf("a third time: %+v", sum)
	}
	if again := recovers(t, c, x, 0, 0); again.Behind {
		t.Errorf("%+v", again)
	}
	if err := os.WriteFile(headPath(x), []byte(lost), 0o644); err != nil { // it was accepted, and stops nothing
		t.Fatal(err)
	}
	next(t, c, x, requests(t, 1)[0])
}

// TestRecoverNothing: where all answers were collected, nothing is taken over, and the exchange is served again.
func TestRecoverNothing(t *testing.T) {
	c, x := fixture(t, pki.ECDSAP256)
	dropAs(t, c, x, "first", requests(t, 1)[0])
	copied := copyOf(t, c)
	next(t, c, x, requests(t, 1)[0])
	if err := os.Remove(filepath.Join(x.Path(), "outbox", "server.crt")); err != nil {
		t.Fatal(err)
	}
	c = putBack(t, c, copied)
	if r := recovers(t, c, x, 0, 0); !r.Behind || r.Lost != 1 {
		t.Errorf("%+v", r)
	}
	next(t, c, x, requests(t, 1)[0])
}

// TestRecoverAfterApproval: what a person approved is linked to the held request of the old copy, or answered when it
// is dropped again, although the policy alone would hold it.
func TestRecoverAfterApproval(t *testing.T) {
	c, x := closed(t, slog.New(slog.DiscardHandler))
	entries := requests(t, 3)
	dropAs(t, c, x, "server0", entries[0])
	copied := copyOf(t, c)
	approve(t, c, idOf(t, entries[0]))
	dropAs(t, c, x, "server1", entries[1])
	approve(t, c, idOf(t, entries[1]))
	dropAs(t, c, x, "server2", entries[2])
	approve(t, c, idOf(t, entries[2]))
	if err := Publish(t.Context(), c, x); err != nil {
		t.Fatal(err)
	}
	before := serialsOf(t, c)
	c = putBack(t, c, copied)
	if err := dropFast(x, "server1", entries[1]); err != nil { // in the inbox when it is recovered
		t.Fatal(err)
	}
	r := recovers(t, c, x, 3, 2)
	if r.Lost == 0 {
		t.Errorf("%+v: the events of two held requests are lost", r)
	}
	dropAs(t, c, x, "server2", entries[2])
	for _, entry := range entries {
		if got := known(t, c, idOf(t, entry)); got.Status != ledger.Issued || got.Serial != before[got.KeyFingerprint] {
			t.Errorf("%+v, expected serial %s", got, before[got.KeyFingerprint])
		}
	}
	holds(t, x, "server0.crt", "server1.crt", "server2.crt")
	if files := inboxFiles(t, x); len(files) != 0 {
		t.Errorf("the inbox holds %q", files)
	}
}

// TestRecoverTwoCopies: a copied CA directory that is stopped may go on after recover; then the other one is stopped.
func TestRecoverTwoCopies(t *testing.T) {
	c, x := fixture(t, pki.ECDSAP256)
	twin := opened(t, copyOf(t, c), c.Settings)
	next(t, c, x, requests(t, 1)[0])
	if r := recovers(t, twin, x, 1, 0); !r.Behind {
		t.Errorf("%+v", r)
	}
	next(t, twin, x, requests(t, 1)[0])
	stops(t, c, x)
}

// TestRecoverReopened: a request that the old copy has as denied by a person gets the certificate that a person gave it
// later.
func TestRecoverReopened(t *testing.T) {
	c, x := closed(t, slog.New(slog.DiscardHandler))
	entry := requests(t, 1)[0]
	dropAs(t, c, x, "server", entry)
	if err := c.Deny(t.Context(), known(t, c, idOf(t, entry)), "test"); err != nil {
		t.Fatal(err)
	}
	copied := copyOf(t, c)
	p, err := c.Propose(t.Context(), idOf(t, entry), policy.Override{})
	if err != nil {
		t.Fatal(err)
	}
	p.Reopen()
	if _, err := c.Approve(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	if err := Publish(t.Context(), c, x); err != nil {
		t.Fatal(err)
	}
	before := known(t, c, idOf(t, entry))
	c = putBack(t, c, copied)
	recovers(t, c, x, 1, 1)
	if r := known(t, c, idOf(t, entry)); r.Status != ledger.Issued || r.Serial != before.Serial {
		t.Errorf("%s with serial %s, expected %s", r.Status, r.Serial, before.Serial)
	}
	holds(t, x, "server.crt")
}
