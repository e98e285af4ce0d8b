package pass

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"ca-exchange/internal/pki"
)

// remembered is a log that a test reads.
type remembered struct {
	mu    sync.Mutex
	lines []string
	looks atomic.Int64 // how often the watch asked for the time: once a round
}

func (r *remembered) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lines = append(r.lines, string(p))
	return len(p), nil
}

func (r *remembered) count(text string) (n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, l := range r.lines {
		if strings.Contains(l, text) {
			n++
		}
	}
	return n
}

// TestBackOff: while the exchange is away the watch looks ever more rarely, warns once, and serves within a minute of
// its return. Time is the test's own: half an hour passes in a moment.
func TestBackOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &remembered{}
		exchange, stop := watched(t, log, WatchOptions{Poll: time.Second})
		time.Sleep(5 * time.Second)
		away := exchange + ".away"
		if err := os.Rename(exchange, away); err != nil {
			t.Fatal(err)
		}
		before := log.looks.Load()
		time.Sleep(30 * time.Minute)
		if n := log.count("cannot serve the exchange"); n != 1 {
			t.Errorf("%d warnings of one trouble", n)
		}
		// Waits of 1, 2, 4, … s up to a minute, each shortened by at most half: 60 looks at most once they have grown.
		if n := log.looks.Load() - before; n < 25 || n > 75 {
			t.Errorf("it looked %d times in half an hour", n)
		}
		if err := os.Rename(away, exchange); err != nil {
			t.Fatal(err)
		}
		time.Sleep(backoffLimit + time.Second)
		if n := log.count("serving again"); n != 1 {
			t.Errorf("it said %d times that it serves again", n)
		}
		stop()
	})
}

// TestSettles: half an entry is denied once it has not changed for as long as the settings say, and not before; one
// that grows is not.
func TestSettles(t *testing.T) {
	long(t)
	synctest.Test(t, func(t *testing.T) {
		log := &remembered{}
		exchange, stop := watched(t, log, WatchOptions{Poll: time.Second, Settle: 10 * time.Minute})
		half := []byte("-----BEGIN CERTIFICATE REQUEST-----\nMIIB")
		for _, name := range []string{"left", "growing"} {
			if err := os.WriteFile(filepath.Join(exchange, "inbox", name+".csr"), half, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		denied := func(name string) bool {
			_, err := os.Stat(filepath.Join(exchange, "outbox", name+".denied.json"))
			return err == nil
		}
		for minute := range 9 {
			time.Sleep(time.Minute)
			half = append(half, 'A')
			if err := os.WriteFile(filepath.Join(exchange, "inbox", "growing.csr"), half, 0o644); err != nil {
				t.Fatal(err)
			}
			if denied("left") || denied("growing") {
				t.Fatalf("denied after %d minutes", minute+1)
			}
		}
		time.Sleep(2 * time.Minute)
		if !denied("left") || denied("growing") {
			t.Errorf("after 11 minutes: the one left %t, the growing one %t", denied("left"), denied("growing"))
		}
		stop()
	})
}

// watched is an exchange with a watch of its own, within the test's time; stop ends it.
func watched(t *testing.T, log *remembered, o WatchOptions) (exchange string, stop func()) {
	t.Helper()
	c, x := makeCA(t, pki.ECDSAP256, slog.New(slog.NewTextHandler(log, nil)))
	c.Now = func() time.Time { log.looks.Add(1); return time.Now() }
	exchange = x.Path()
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	o.Exchanges, o.NoEvents = []Sides{{Inbox: exchange, Outbox: exchange, OpenInbox: true}}, true
	go func() { ended <- Watch(ctx, c, o) }()
	return exchange, func() {
		cancel()
		if err := errors.Join(<-ended, c.Close()); err != nil {
			t.Errorf("at the end: %v", err)
		}
	}
}
