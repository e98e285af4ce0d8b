package pass

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"

	"ca-exchange/internal/ca"
)

// Service receives the reports of a Watch that runs as a service. The zero value ignores them.
type Service struct {
	Notify func(state string) // takes lines of sd_notify(3), such as "READY=1"; nil for nobody
	Beat   time.Duration      // how often each exchange's loop shows that it is awake; 0 for never
	Reload <-chan os.Signal   // look at once; nil for never
}

// supervisor says how a Watch is: ready once each exchange was looked at, alive while each exchange's loop is awake.
//
// A loop is awake while its pass hangs in a network mount that is dead (patiently). That is a status and no reason to
// restart: a new process would hang in the same call. The watchdog is for a program that has stopped by itself.
type supervisor struct {
	Service
	ca *ca.CA

	mu    sync.Mutex
	awake []bool   // since the last WATCHDOG=1
	stood []bool   // looked at, since the start or the last reload
	how   []string // what is said of each exchange
	ready bool
	said  string
}

func newSupervisor(c *ca.CA, o WatchOptions) *supervisor {
	n := len(o.Exchanges)
	return &supervisor{
		Service: o.Service, ca: c, awake: make([]bool, n), stood: make([]bool, n), how: make([]string, n),
	}
}

// beat notes that an exchange's loop is awake, and passes it on once all of them are.
func (s *supervisor) beat(i int) {
	if s.Notify == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.awake[i] = true
	if !slices.Contains(s.awake, false) {
		clear(s.awake)
		s.Notify("WATCHDOG=1")
	}
}

// stands notes that an exchange was looked at, or that the look takes long, and what is to be said of it.
func (s *supervisor) stands(ctx context.Context, i int, how string) {
	if s.Notify == nil {
		return
	}
	held, _, err := s.ca.Ledger().Counts(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stood[i], s.how[i] = true, how
	said := fmt.Sprintf("%d held; %s", held, strings.Join(slices.DeleteFunc(slices.Clone(s.how), empty), "; "))
	if absent := s.ca.Absent(); len(absent) > 0 {
		said += "; locked, ca-admin unlock: " + strings.Join(absent, ", ")
	}
	if err != nil {
		said = err.Error()
	}
	if said = oneLine(said); said != s.said {
		s.said = said
		s.Notify("STATUS=" + said)
	}
	if !s.ready && !slices.Contains(s.stood, false) {
		s.ready = true
		s.Notify("READY=1")
	}
}

func empty(s string) bool { return s == "" }

// oneLine keeps an error's text from being taken for lines of its own.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, s)
}

// reload makes every exchange be looked at once more before the watch is ready again.
func (s *supervisor) reload() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.stood)
	s.ready = false
	if s.Notify != nil {
		s.Notify("RELOADING=1")
	}
}

func (s *supervisor) stopping() {
	if s.Notify != nil {
		s.Notify("STOPPING=1")
	}
}
