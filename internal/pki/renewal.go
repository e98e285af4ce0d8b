package pki

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/bits"
	"strconv"
	"strings"
	"time"
)

// RenewalRule says how long before its end a certificate is due. The zero value is a third of its life.
type RenewalRule struct {
	Before time.Duration // before its end; 0 for a third of its life
	Visit  time.Duration // how often a carried exchange comes by; 0 for one that is always at hand
}

// ParseRenewalRule reads "1/3" (or nothing) or a duration such as "720h" or "30d".
func ParseRenewalRule(before string) (RenewalRule, error) {
	if before == "" || before == "1/3" {
		return RenewalRule{}, nil
	}
	d, err := ParseDays(before)
	if err != nil {
		return RenewalRule{}, fmt.Errorf("renewal rule: %w; or 1/3", err)
	}
	return RenewalRule{Before: d}, nil
}

// ParseDays reads a positive duration: whole days ("60d"), or what Go writes ("720h").
func ParseDays(s string) (time.Duration, error) {
	days, ok := strings.CutSuffix(s, "d")
	if n, err := strconv.Atoi(days); ok && err == nil && n > 0 && n <= 36500 {
		return time.Duration(n) * 24 * time.Hour, nil
	}
	if d, err := time.ParseDuration(s); err == nil && d > 0 {
		return d, nil
	}
	return 0, fmt.Errorf("%q is not a duration (examples: 60d, 720h)", s)
}

// missedVisits: a request leaves with one visit and its answer comes with the next; one visit may fail, and the half is
// for a visit that comes late. 2.5 would lapse by 30 days at 365 days of validity and a visit every 60.
const missedVisits = 3.5

// RenewalDue is when a certificate is to be renewed. Both programs ask this one function, so that timers, lists and
// metrics agree without telling each other anything: the jitter that spreads a cluster's renewals comes from the
// certificate's fingerprint (hex), up to a twentieth of its life, or 36 hours where the rule is a duration.
func RenewalDue(notBefore, notAfter time.Time, fingerprint string, rule RenewalRule) time.Time {
	life := notAfter.Sub(notBefore)
	before, jitter := life/3, life/20
	if rule.Before > 0 {
		before, jitter = rule.Before, 36*time.Hour
	}
	due := notAfter.Add(-before - fraction(jitter, fingerprint))
	if visits := notAfter.Add(-time.Duration(missedVisits * float64(rule.Visit))); rule.Visit > 0 &&
		visits.Before(due) {
		due = visits
	}
	due = due.Truncate(time.Second)
	// Rounded up: truncated, half of a life of odd seconds would be before half.
	if half := notBefore.Add(life/2 + time.Second - 1).Truncate(time.Second); due.Before(half) {
		due = half
	}
	return due
}

// fraction is the part of span that a fingerprint's first 8 bytes are of 2^64.
func fraction(span time.Duration, fingerprint string) time.Duration {
	b, err := hex.DecodeString(fingerprint[:min(len(fingerprint), 16)])
	if err != nil || len(b) < 8 || span < 0 {
		return 0
	}
	high, _ := bits.Mul64(uint64(span), binary.BigEndian.Uint64(b)) // exact, and alike on every machine
	return time.Duration(high)
}

// RenewalOverdue is when a certificate that has been due ought to have a successor: a third of the way to its end.
func RenewalOverdue(due, notAfter time.Time) time.Time {
	return due.Add(notAfter.Sub(due) / 3).Truncate(time.Second)
}

// NeededLife is the validity that visits of this rule need, so that one of them may fail: seven of them. 0 without
// visits.
func (r RenewalRule) NeededLife() time.Duration {
	return 2 * time.Duration(missedVisits*float64(r.Visit))
}

// LastSafe is the last time at which a request can leave and its answer be back before the end: one visit, or a day.
func (r RenewalRule) LastSafe(notAfter time.Time) time.Time {
	if r.Visit > 0 {
		return notAfter.Add(-r.Visit)
	}
	return notAfter.Add(-24 * time.Hour)
}
