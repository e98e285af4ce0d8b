package e2e_test

import (
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// replacements are ways in which an exchange goes and comes back under a watch.
var replacements = map[string]struct {
	away, back func(x *exchange) // by renaming and making what a person, or an unmount, would
	untouched  string            // a directory that must stay as it was made
}{
	"inbox removed and made again": {
		func(x *exchange) { must(x.T, os.RemoveAll(x.path("inbox"))) },
		func(x *exchange) { must(x.T, os.Mkdir(x.path("inbox"), 0o755)) }, "",
	},
	"exchange unmounted, mounted": {
		func(x *exchange) { must(x.T, os.Rename(x.path(), x.path("../away"))) },
		func(x *exchange) { must(x.T, os.Rename(x.path("../away"), x.path())) }, "",
	},
	"an empty mount point": {
		func(x *exchange) {
			must(x.T, os.Rename(x.path(), x.path("../away")))
			must(x.T, os.Mkdir(x.path(), 0o755))
		},
		func(x *exchange) {
			must(x.T, os.Remove(x.path())) // fails where anything was written into it
			must(x.T, os.Rename(x.path("../away"), x.path()))
		}, "",
	},
	"inbox replaced by a link": {
		func(x *exchange) {
			must(x.T, os.Rename(x.path("inbox"), x.path("kept")))
			must(x.T, os.Mkdir(x.path("../elsewhere"), 0o755))
			must(x.T, os.WriteFile(x.path("../elsewhere/bait.csr"), serverRequest(x.T, "bait"), 0o644))
			must(x.T, os.Symlink("../elsewhere", x.path("inbox")))
		},
		func(x *exchange) {
			must(x.T, os.Remove(x.path("inbox")))
			must(x.T, os.Rename(x.path("kept"), x.path("inbox")))
		}, "../elsewhere/bait.csr",
	},
}

// TestWatchReplaced: the exchange or its inbox is taken away, replaced and put back under a running watch. It warns
// once, touches nothing that is not the exchange, and serves again.
func TestWatchReplaced(t *testing.T) {
	t.Parallel()
	bin := build(t)
	for name, test := range replacements {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := newExchange(t, bin, "--trust-inbox")
			w := x.watch(nil, "--poll", "100ms")
			w.serves()
			test.away(x)
			w.says("cannot serve the exchange")
			status := x.ca(0, "status")
			if !strings.Contains(status, "the watch has been waiting since") {
				t.Errorf("status says: %s", status)
			}
			time.Sleep(300 * time.Millisecond) // what was done in two steps was perhaps seen in two
			warned := w.count("cannot serve the exchange")
			time.Sleep(time.Second) // several rounds more
			if n := w.count("cannot serve the exchange"); n != warned || n > 2 {
				t.Errorf("it warned %d times of one trouble", n)
			}
			test.back(x)
			w.says("serving again")
			w.serves()
			if test.untouched == "" {
				return
			}
			if _, err := os.Stat(x.path(test.untouched)); err != nil {
				t.Errorf("behind the link: %v", err)
			}
			if _, err := os.Stat(x.path("outbox/bait.crt")); err == nil {
				t.Error("a request from behind the link was answered")
			}
		})
	}
}

// TestWatchMounted: another file system is mounted over the exchange and taken away again. inotify hears of neither.
func TestWatchMounted(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("mounting needs root")
	}
	x := newExchange(t, build(t), "--trust-inbox")
	w := x.watch(nil, "--poll", "100ms")
	w.serves()
	mount := exec.Command("mount", "-t", "tmpfs", "-o", "size=1m", "ca-exchange-test", x.path())
	if out, err := mount.CombinedOutput(); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("mount: %s", out)
		}
		t.Skipf("nothing can be mounted here: %s", out)
	}
	mounted := true
	t.Cleanup(func() {
		if mounted {
			syscall.Unmount(x.path(), 0)
		}
	})
	w.says("cannot serve the exchange")
	if entries, err := os.ReadDir(x.path()); err != nil || len(entries) > 0 {
		t.Errorf("what was mounted holds %v, %v", entries, err)
	}
	must(t, syscall.Unmount(x.path(), 0))
	mounted = false
	w.says("serving again")
	w.serves()
}
