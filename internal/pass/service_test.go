package pass

import (
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// manager is a service manager of a test.
type manager struct {
	mu    sync.Mutex
	lines []string
}

func (m *manager) notify(state string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.lines = append(m.lines, state)
}

// take gives what was said since the last take.
func (m *manager) take() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	lines := m.lines
	m.lines = nil
	return lines
}

func (m *manager) said(t *testing.T, when string, want ...string) {
	t.Helper()
	if got := m.take(); !slices.Equal(got, want) {
		t.Errorf("%s: %q, not %q", when, got, want)
	}
}

// TestService: ready after the first pass, alive while nothing happens and while the exchange is away, looked at once
// more when somebody reloads it, and the end is said.
func TestService(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, reload := &manager{}, make(chan os.Signal)
		o := WatchOptions{Poll: time.Hour, Service: Service{m.notify, time.Minute, reload}}
		exchange, stop := watched(t, &remembered{}, o)
		time.Sleep(time.Second)
		serving := `STATUS=0 held; serving "` + exchange + `"`
		m.said(t, "at the start", serving, "READY=1")
		time.Sleep(3 * time.Minute)
		m.said(t, "while it sleeps", "WATCHDOG=1", "WATCHDOG=1", "WATCHDOG=1")
		if err := os.Rename(exchange, exchange+".away"); err != nil {
			t.Fatal(err)
		}
		reload <- syscall.SIGHUP
		time.Sleep(time.Second)
		got := m.take()
		if len(got) != 3 || got[0] != "RELOADING=1" || got[2] != "READY=1" ||
			!strings.HasPrefix(got[1], `STATUS=0 held; cannot serve "`+exchange+`": `) {
			t.Errorf("away: %q", got)
		}
		time.Sleep(time.Minute)
		m.said(t, "while it is away", "WATCHDOG=1")
		if err := os.Rename(exchange+".away", exchange); err != nil {
			t.Fatal(err)
		}
		time.Sleep(58 * time.Minute)
		m.take()
		reload <- syscall.SIGHUP
		time.Sleep(time.Second)
		m.said(t, "back", "RELOADING=1", "READY=1")
		stop()
		m.said(t, "at the end", "STOPPING=1")
	})
}

// TestServiceHangs: a pass that never returns, as in a dead network mount, is a status; the program is awake.
func TestServiceHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &manager{}
		c, x := closed(t, slog.New(slog.DiscardHandler))
		hangs := make(chan struct{})
		c.Now = func() time.Time { <-hangs; return time.Now() }
		w := &watch{CA: c, at: Sides{Inbox: x.Path(), Outbox: x.Path()}, memory: newMemory()}
		w.NoEvents, w.beat, w.stands = true, func() { m.notify("WATCHDOG=1") }, m.notify
		defer w.close()
		beats, stop := ticks(20 * time.Second)
		defer stop()
		go func() { time.Sleep(70 * time.Second); close(hangs) }()
		if err := w.patiently(t.Context(), beats); err != nil {
			t.Error(err)
		}
		m.said(t, "while it hangs", "WATCHDOG=1", `a pass over "`+x.Path()+`" takes long`, "WATCHDOG=1", "WATCHDOG=1")
	})
}

// TestServiceWaitsForAll: one exchange's loop that has stopped keeps the watchdog from hearing of the others, and one
// that was not looked at keeps the watch from being ready.
func TestServiceWaitsForAll(t *testing.T) {
	m := &manager{}
	c, _ := closed(t, slog.New(slog.DiscardHandler))
	s := newSupervisor(c, WatchOptions{Exchanges: make([]Sides, 2), Service: Service{Notify: m.notify}})
	s.beat(0)
	s.beat(0)
	m.said(t, "one of two beats")
	s.beat(1)
	m.said(t, "both beat", "WATCHDOG=1")
	s.beat(1)
	m.said(t, "one of them again")
	s.stands(t.Context(), 0, "serving a")
	m.said(t, "one of two stands", "STATUS=0 held; serving a")
	s.stands(t.Context(), 1, "cannot serve b: a\nMAINPID=1")
	m.said(t, "both stand", "STATUS=0 held; serving a; cannot serve b: a MAINPID=1", "READY=1")
	s.stands(t.Context(), 1, "cannot serve b: a\nMAINPID=1")
	m.said(t, "nothing new")
}
