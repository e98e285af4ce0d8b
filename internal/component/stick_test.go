package component

import (
	"testing"
	"time"
)

// lapses carries a stick between a host and its CA for 13 months, every 60 days from a first visit on, without one of
// the visits. It gives how long the host was without a valid certificate.
func (w *world) lapses(t *testing.T, first, missed int) (longest time.Duration) {
	t.Helper()
	const day = 24 * time.Hour
	start := w.clock
	for visit := 0; ; visit++ {
		w.clock = start.Add(time.Duration(first+60*visit) * day)
		if w.clock.After(start.AddDate(0, 13, 0)) {
			break
		}
		c := w.pair(t, "pki/www.crt", "pki/www.key")
		longest = max(longest, w.clock.Sub(c.NotAfter))
		if visit == missed {
			continue
		}
		_, open := w.renew(t, RenewOptions{})
		w.sync(t, SyncOptions{Renew: true})
		if open != nil {
			if w.clock = w.clock.Add(day); w.waiting(t) != "" { // at home, the CA answers
				w.answer(t, *open)
			}
		}
	}
	w.clock = start.AddDate(0, 13, 0)
	c := w.pair(t, "pki/www.crt", "pki/www.key")
	return max(longest, w.clock.Sub(c.NotAfter))
}

// TestStick: with certificates of 365 days and a stick every 60 days nothing lapses in 13 months, whichever visit is
// missed. By the rule for an exchange at hand it would.
func TestStick(t *testing.T) {
	t.Parallel()
	phases := []int{0, 34} // days until the first visit
	if testing.Short() {
		phases = phases[1:]
	}
	for _, first := range phases {
		for missed := range 7 {
			w, _ := installed(t)
			must(t, w.open(t).Configure(Config{Visit: "60d"}))
			if d := w.lapses(t, first, missed); d > 0 {
				t.Errorf("first visit on day %d, the %d. one missed: no certificate for %s", first, missed+1, d)
			}
		}
	}
	w, _ := installed(t)
	if w.lapses(t, 34, 5) == 0 { // due after day 215, asked for on day 274, fetched on day 394
		t.Error("it does not lapse without --visit either: this test shows nothing")
	}
}
