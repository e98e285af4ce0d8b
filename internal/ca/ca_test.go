package ca

import (
	"errors"
	"fmt"
	"testing"
	"time"
)

// TestClock: a clock more than five minutes behind the last record stops signing until a person says it is right.
func TestClock(t *testing.T) {
	c, x := fixture(t, "ECDSA-P256")
	now := time.Now()
	for _, test := range []struct {
		behind time.Duration
		stops  bool
	}{{0, false}, {4 * time.Minute, false}, {6 * time.Minute, true}, {24 * time.Hour, true}} {
		c.Now = func() time.Time { return now.Add(-test.behind) }
		if _, err := c.Sync(t.Context(), x, -1, nil); errors.Is(err, ErrClock) != test.stops {
			t.Errorf("%s behind: %v", test.behind, err)
		}
	}
	if err := c.AcceptClock(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Sync(t.Context(), x, -1, nil); err != nil {
		t.Errorf("after it was accepted: %v", err)
	}
}

// TestFlood: beyond a thousand held requests of nobody's, entries stay where they are and are counted; who is served by
// policy is served all the same.
func TestFlood(t *testing.T) {
	c, x := fixture(t, "ECDSA-P256")
	held := requests(t, pressureRows+7)
	for i := range held {
		// The fixture's policy issues server certificates; without a DNS name of its own this one is nobody's.
		if err := dropFast(x, fmt.Sprintf("f%d", i), clientRequest(t, i)); err != nil {
			t.Fatal(err)
		}
	}
	sum, err := c.Sync(t.Context(), x, -1, nil)
	if err != nil || sum.Held != pressureRows || sum.Left != 7 {
		t.Fatalf("%+v, %v", sum, err)
	}
	if err := dropFast(x, "good", held[0]); err != nil {
		t.Fatal(err)
	}
	if sum, err = c.Sync(t.Context(), x, -1, nil); err != nil || sum.Issued != 1 || sum.Left != 7 {
		t.Errorf("%+v, %v: the good one is not served beside the flood", sum, err)
	}
}

// TestOverlap: the same request many times in one inbox, in several batches, gets one certificate.
func TestOverlap(t *testing.T) {
	c, x := fixture(t, "ECDSA-P256")
	entries := requests(t, 3)
	for i := range 900 {
		if err := dropFast(x, fmt.Sprintf("o%d", i), entries[i%3]); err != nil {
			t.Fatal(err)
		}
	}
	sum, err := c.Sync(t.Context(), x, -1, nil)
	if err != nil || sum.Issued != 3 || sum.Repeated != 897 {
		t.Fatalf("%+v, %v", sum, err)
	}
	all, err := c.Certificates(t.Context(), 0, true)
	if err != nil || len(all) != 3 {
		t.Errorf("%d certificates, %v", len(all), err)
	}
}
