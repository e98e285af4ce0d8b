package cli

import (
	"fmt"
	"os"
	"time"

	"golang.org/x/term"
)

// Progress gives a function that shows on a terminal how far a long work is: from its second second on, a few times a
// second. Elsewhere, and for people who asked for quiet, it shows nothing.
func (t *Terminal) Progress(done string) func(int) {
	f, ok := t.Err.(*os.File)
	if !ok || t.Quiet || !term.IsTerminal(int(f.Fd())) {
		return nil
	}
	start := time.Now()
	last := start
	return func(n int) {
		now := time.Now()
		if now.Sub(start) < time.Second || now.Sub(last) < 250*time.Millisecond {
			return
		}
		last = now
		t.mu.Lock()
		defer t.mu.Unlock()
		fmt.Fprintf(f, "\r\x1b[K%s %d, %.0f per second\r", done, n, float64(n)/now.Sub(start).Seconds())
	}
}
