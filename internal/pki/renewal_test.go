package pki

import (
	"strings"
	"testing"
	"time"
)

const day = 24 * time.Hour

func TestRenewalDue(t *testing.T) {
	begin := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name        string
		life        time.Duration
		fingerprint string
		rule        RenewalRule
		want        time.Duration // after the beginning
	}{
		{"a third", 300 * day, strings.Repeat("00", 32), RenewalRule{}, 200 * day},
		{"all of the jitter", 300 * day, strings.Repeat("ff", 32), RenewalRule{}, 185 * day},
		{"half of the jitter", 300 * day, "80" + strings.Repeat("00", 31), RenewalRule{}, 192*day + 12*time.Hour},
		{"720h", 300 * day, strings.Repeat("00", 32), RenewalRule{Before: 720 * time.Hour}, 270 * day},
		{"720h, all of the jitter", 300 * day, strings.Repeat("ff", 32), RenewalRule{Before: 720 * time.Hour},
			268*day + 12*time.Hour},
		{"never before half of life", 100 * day, strings.Repeat("00", 32), RenewalRule{Before: 90 * day}, 50 * day},
		{"visits", 420 * day, strings.Repeat("00", 32), RenewalRule{Visit: 60 * day}, 210 * day},
		{"rare visits", 365 * day, strings.Repeat("00", 32), RenewalRule{Visit: 120 * day}, 182*day + 12*time.Hour},
		{"frequent visits", 365 * day, strings.Repeat("00", 32), RenewalRule{Visit: day}, 243*day + 8*time.Hour},
	} {
		got := RenewalDue(begin, begin.Add(c.life), c.fingerprint, c.rule)
		if d := got.Sub(begin.Add(c.want)); d < -time.Second || d > time.Second {
			t.Errorf("%s: %s after the beginning, not %s", c.name, got.Sub(begin), c.want)
		}
		if got.Nanosecond() != 0 {
			t.Errorf("%s: %s is not truncated to seconds", c.name, got)
		}
	}
}

// TestRenewalVisits: with a stick every 60 days, one visit missed and the answer coming with the next visit, a year's
// certificate does not lapse, whatever the day of the first visit and the jitter.
func TestRenewalVisits(t *testing.T) {
	begin := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	rule := RenewalRule{Visit: 60 * day}
	end := begin.Add(365 * day)
	for phase := range 60 {
		for _, fingerprint := range []string{strings.Repeat("00", 32), strings.Repeat("ff", 32)} {
			due := RenewalDue(begin, end, fingerprint, rule)
			visit := begin.Add(time.Duration(phase) * day)
			for visit.Before(due) {
				visit = visit.Add(rule.Visit)
			}
			back := visit.Add(2 * rule.Visit) // the next one fails
			if back.After(end) {
				t.Errorf("first visit on day %d: due on day %v, back on day %v", phase, due.Sub(begin)/day,
					back.Sub(begin)/day)
			}
		}
	}
}

func TestRenewalOverdue(t *testing.T) {
	due := time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC)
	if got := RenewalOverdue(due, due.Add(30*day)); !got.Equal(due.Add(10 * day)) {
		t.Errorf("%s", got)
	}
}

func TestRenewalRules(t *testing.T) {
	if got := (RenewalRule{Visit: 60 * day}).NeededLife(); got != 420*day {
		t.Errorf("visits every 60 days need %s", got)
	}
	for text, want := range map[string]time.Duration{"": 0, "1/3": 0, "720h": 720 * time.Hour, "30d": 30 * day} {
		if r, err := ParseRenewalRule(text); err != nil || r.Before != want {
			t.Errorf("%q: %v, %v", text, r, err)
		}
	}
	for text, want := range map[string]string{
		"-1h": `renewal rule: "-1h" is not a duration (examples: 60d, 720h); or 1/3`,
		"0d":  `renewal rule: "0d" is not a duration (examples: 60d, 720h); or 1/3`,
		"1/2": `renewal rule: "1/2" is not a duration (examples: 60d, 720h); or 1/3`,
	} {
		if _, err := ParseRenewalRule(text); err == nil || err.Error() != want {
			t.Errorf("%q: %v", text, err)
		}
	}
}
