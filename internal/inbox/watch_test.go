package inbox

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// watching starts a watch with events, or skips.
func (x *exchange) watching() *Watch {
	x.t.Helper()
	w := x.Watch(WatchOptions{})
	x.t.Cleanup(func() { w.Close() })
	if w.Mode() != "events" {
		x.t.Skip(w.Mode())
	}
	return w
}

// awaken reports whether the watch wakes after a change.
func awaken(w *Watch, change func()) bool {
	for { // what came before does not count
		select {
		case <-w.Wake():
			continue
		case <-time.After(50 * time.Millisecond):
		}
		break
	}
	change()
	select {
	case <-w.Wake():
		return true
	case <-time.After(time.Second):
		return false
	}
}

func TestWatchWakes(t *testing.T) {
	x := newExchange(t)
	x.put("inbox/team/x", "")
	w := x.watching()
	must(t, w.Refresh())
	for what, want := range map[string]bool{
		"inbox/a.csr": true, "inbox/team/a.csr": true, "inbox/.ca-exchange-abc.tmp": false, "outbox/a.crt": false,
	} {
		if got := awaken(w, func() { x.put(what, "") }); got != want {
			t.Errorf("%s: it wakes %t", what, got)
		}
	}
	if awaken(w, func() { must(t, os.Chmod(filepath.Join(x.inbox, "a.csr"), 0o600)) }) {
		t.Error("it wakes for a mode")
	}
}

// TestWatchTeamMadeAgain: a team that was removed, or moved away, and made again is heard of again.
func TestWatchTeamMadeAgain(t *testing.T) {
	for what, gone := range map[string]func(string) error{
		"removed": os.RemoveAll, "moved away": func(path string) error { return os.Rename(path, path+"-old") },
	} {
		x := newExchange(t)
		x.put("inbox/team/x", "")
		w := x.watching()
		must(t, w.Refresh())
		for round := range 2 {
			if !awaken(w, func() { x.put(fmt.Sprintf("inbox/team/%d.csr", round), "") }) {
				t.Errorf("%s, round %d: it does not wake", what, round)
			}
			must(t, gone(filepath.Join(x.inbox, "team")))
			time.Sleep(50 * time.Millisecond) // the kernel's word of it
			must(t, os.RemoveAll(filepath.Join(x.inbox, "team-old")))
			x.put("inbox/team/x", "")
			must(t, w.Refresh())
		}
	}
}

// TestWatchIsBounded: thousands of sub-directories cost 256 watches; what is served no more is watched no more.
func TestWatchIsBounded(t *testing.T) {
	x := newExchange(t)
	w := x.watching()
	mkdir := func(name string) { must(t, os.Mkdir(filepath.Join(x.inbox, name), 0o755)) }
	mkdir("first")
	must(t, w.Refresh())
	for i := range 600 {
		mkdir(fmt.Sprint("t", i))
	}
	must(t, os.Symlink(t.TempDir(), filepath.Join(x.inbox, "link")))
	for round := range 2 {
		must(t, w.Refresh())
		watched := w.events.WatchList()
		if len(watched) != teamsLimit+1 {
			t.Errorf("round %d: %d directories are watched, want %d", round, len(watched), teamsLimit+1)
		}
		served := map[string]bool{x.inbox: true}
		for _, team := range x.in.teams(&Unlisted{}) {
			served[filepath.Join(x.inbox, team)] = true
		}
		for _, path := range watched {
			if !served[path] {
				t.Errorf("%s is watched, and not served", path)
			}
		}
		for i := 0; i < 300 && round == 0; i++ { // others are served now
			must(t, os.Rename(filepath.Join(x.inbox, fmt.Sprint("t", i)), filepath.Join(x.inbox, fmt.Sprint("u", i))))
		}
		time.Sleep(100 * time.Millisecond) // the kernel's word of it
	}
}

func TestWatchWithoutEvents(t *testing.T) {
	x := newExchange(t)
	w := x.Watch(WatchOptions{NoEvents: true})
	if w.Mode() != "polling (events are switched off)" || w.Failed() || w.Refresh() != nil {
		t.Errorf("mode %q, failed %t", w.Mode(), w.Failed())
	}
	must(t, w.Close())
	far := newExchange(t, remote{})
	w = far.Watch(WatchOptions{})
	if w.Mode() != "polling (NFS reports no event for other hosts' writes)" || w.Failed() {
		t.Errorf("mode %q, failed %t", w.Mode(), w.Failed())
	}
}

// remote is the kernel on a file system that other hosts write to, too.
type remote struct{ quick }

func (remote) FileSystem(int) (int64, error) { return 0x6969, nil }

// TestWatchForWantOfInstances: what may come back is said with the setting that helps.
func TestWatchForWantOfInstances(t *testing.T) {
	x := newExchange(t)
	must(t, os.Rename(x.inbox, x.inbox+"2")) // what Add meets then stands for a limit
	w := x.Watch(WatchOptions{})
	defer w.Close()
	const begin, end = "polling (no events: ", "see fs.inotify.max_user_watches)"
	if said := w.Mode(); !w.Failed() || !strings.HasPrefix(said, begin) || !strings.HasSuffix(said, end) {
		t.Errorf("mode %q, failed %t", w.Mode(), w.Failed())
	}
	if errno := unix.ENOENT.Error(); !strings.Contains(w.Mode(), errno) {
		t.Errorf("mode %q does not say %q", w.Mode(), errno)
	}
}
