package pass

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"ca-exchange/internal/ca"
	"ca-exchange/internal/ledger"
)

// issued lists all certificates.
func issued(t *testing.T, c *ca.CA) (all []ledger.Certificate, err error) {
	for k, err := range c.Ledger().Certificates(t.Context(), ledger.Filter{}) {
		if err != nil {
			return nil, err
		}
		all = append(all, k.Certificate)
	}
	return all, nil
}

// TestClock: a clock more than five minutes behind the last record stops signing until a person says it is right.
func TestClock(t *testing.T) {
	c, x := fixture(t, "ECDSA-P256")
	now := time.Now()
	for _, test := range []struct {
		behind time.Duration
		stops  bool
	}{{0, false}, {4 * time.Minute, false}, {6 * time.Minute, true}, {24 * time.Hour, true}} {
		c.Now = func() time.Time { return now.Add(-test.behind) }
		if _, err := Sync(t.Context(), c, x, Options{}); errors.Is(err, ca.ErrClock) != test.stops {
			t.Errorf("%s behind: %v", test.behind, err)
		}
	}
	if err := c.AcceptClock(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := Sync(t.Context(), c, x, Options{}); err != nil {
		t.Errorf("after it was accepted: %v", err)
	}
}

// TestFlood: beyond a thousand held requests of nobody's, entries stay where they are and are counted; who is served by
// policy is served all the same.
func TestFlood(t *testing.T) {
	long(t)
	t.Parallel()
	c, x := fixture(t, "ECDSA-P256")
	held := requests(t, heldRows+7)
	for i := range held {
		// The fixture's policy issues server certificates; without a DNS name of its own this one is nobody's.
		if err := dropFast(x, fmt.Sprintf("f%d", i), clientRequest(t, i)); err != nil {
			t.Fatal(err)
		}
	}
	sum, err := Sync(t.Context(), c, x, Options{})
	if err != nil || sum.Held != heldRows || sum.Left != 7 {
		t.Fatalf("%+v, %v", sum, err)
	}
	if err := dropFast(x, "good", held[0]); err != nil {
		t.Fatal(err)
	}
	if sum, err = Sync(t.Context(), c, x, Options{}); err != nil || sum.Issued != 1 || sum.Left != 7 {
		t.Errorf("%+v, %v: the good one is not served beside the flood", sum, err)
	}
}

// TestOverlap: the same request many times in one inbox, in several batches, gets one certificate.
func TestOverlap(t *testing.T) {
	t.Parallel()
	long(t)
	c, x := fixture(t, "ECDSA-P256")
	entries := requests(t, 60)
	for i := range 900 {
		if err := dropFast(x, fmt.Sprintf("o%d", i), entries[i%60]); err != nil {
			t.Fatal(err)
		}
	}
	sum, err := Sync(t.Context(), c, x, Options{})
	if err != nil || sum.Issued != 60 || sum.Repeated != 840 {
		t.Fatalf("%+v, %v", sum, err)
	}
	all, err := issued(t, c)
	if err != nil || len(all) != 60 {
		t.Errorf("%d certificates, %v", len(all), err)
	}
}

// TestOver: the same request dropped again gets the same certificate, until that is in its last third; then it waits
// for a person, who gives it another.
func TestOver(t *testing.T) {
	c, x := fixture(t, "ECDSA-P256")
	entry, began := requests(t, 1)[0], time.Now()
	drop := func(after time.Duration) Summary {
		t.Helper()
		c.Now = func() time.Time { return began.Add(after) }
		if err := dropFast(x, "again", entry); err != nil {
			t.Fatal(err)
		}
		sum, err := Sync(t.Context(), c, x, Options{})
		if err != nil {
			t.Fatal(err)
		}
		return sum
	}
	const day = 24 * time.Hour
	for _, step := range []struct {
		after                  time.Duration
		issued, repeated, held int
	}{{0, 1, 0, 0}, {time.Minute, 0, 1, 0}, {243 * day, 0, 1, 0}, {244 * day, 0, 0, 1}, {400 * day, 0, 1, 0}} {
		if sum := drop(step.after); sum.Issued != step.issued || sum.Repeated != step.repeated ||
			sum.Held != step.held {
			t.Errorf("after %s: %+v", step.after, sum)
		}
	}
	if certificates, err := issued(t, c); err != nil || len(certificates) != 1 {
		t.Errorf("%d certificates, %v", len(certificates), err)
	}
}

// long skips a test in the short form of all tests.
func long(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("it takes long: go test without -short runs it")
	}
}
