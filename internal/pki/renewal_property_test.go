package pki

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// For any life, fingerprint and rule: in whole seconds, never before half of the life, never after the end, the same
// every time, and overdue between due and end.
func TestRenewalDueProperty(t *testing.T) {
	for range 20_000 {
		begin := time.Unix(rand.Int64N(1<<32), 0)
		life := time.Duration(rand.Int64N(int64(1<<uint(1+rand.IntN(33))))) * time.Second
		end := begin.Add(life)
		fingerprint := strings.Repeat(string("0123456789abcdef"[rand.IntN(16)]), 64)
		rule := RenewalRule{Before: randomDuration(), Visit: randomDuration()}
		due := RenewalDue(begin, end, fingerprint, rule)
		switch {
		case due.Before(begin.Add(life / 2)):
			t.Errorf("%s is before half of %s to %s, %+v", due, begin, end, rule)
		case due.After(end):
			t.Errorf("%s is after %s, %+v", due, end, rule)
		case due.Nanosecond() != 0:
			t.Errorf("%s is not in whole seconds", due)
		case !due.Equal(RenewalDue(begin, end, fingerprint, rule)):
			t.Errorf("%s is not the same again", due)
		}
		if overdue := RenewalOverdue(due, end); overdue.Before(due) || overdue.After(end) {
			t.Errorf("overdue at %s, due at %s, ends at %s", overdue, due, end)
		}
	}
}

// randomDuration is none, or between a second and some ten years.
func randomDuration() time.Duration {
	if rand.IntN(3) == 0 {
		return 0
	}
	return time.Duration(rand.Int64N(int64(1<<uint(1+rand.IntN(28))))) * time.Second
}

// A life of odd seconds has its half between two of them.
func TestRenewalDueRoundsUp(t *testing.T) {
	begin := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	due := RenewalDue(begin, begin.Add(101*time.Second), "", RenewalRule{Before: time.Hour})
	if want := begin.Add(51 * time.Second); !due.Equal(want) {
		t.Errorf("due at %s, expected %s", due, want)
	}
}
