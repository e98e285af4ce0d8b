package cli

import (
	"fmt"
	"os"
	"time"

	"golang.org/x/term"
)

// Progress gives a function that shows on a terminal how far a long work is: from its second second on, a few times a
// second, and how long it will take. Elsewhere, and for people who asked for quiet, there is none.
func (t *Terminal) Progress(what string) func(done, total int) {
	f, ok := t.Err.(*os.File)
	if !ok || t.Quiet || !term.IsTerminal(int(f.Fd())) {
		return nil
	}
	var start, last time.Time
	before := 0
	return func(done, total int) {
		now := time.Now()
		if done < before || start.IsZero() {
			start = now // another pass
		}
		before = done
		if now.Sub(start) < time.Second || now.Sub(last) < 250*time.Millisecond {
			return
		}
		last = now
		rate := float64(done) / now.Sub(start).Seconds()
		left := time.Duration(float64(max(total-done, 0)) / rate * float64(time.Second)).Round(time.Second)
		t.mu.Lock()
		defer t.mu.Unlock()
		fmt.Fprintf(f, "\r\x1b[K%s %d of %d, %.0f per second, %s left\r", what, done, max(total, done), rate, left)
	}
}
