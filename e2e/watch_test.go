package e2e_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestWatchWithoutEvents: the user's limit of inotify is reached, so the watch looks now and then, and says why; when
// it can have events again it takes them. The limit is that of a user namespace.
func TestWatchWithoutEvents(t *testing.T) {
	limit := "/proc/sys/user/max_inotify_instances"
	unshare := exec.Command("unshare", "--user", "--map-root-user", "sh", "-c", "echo 0 >"+limit)
	if out, err := unshare.CombinedOutput(); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("a limit of its own: %v: %s", err, out)
		}
		t.Skipf("no user namespaces here: %s", out)
	}
	x := newExchange(t, build(t), "--trust-inbox")
	script := `echo 0 >` + limit + `; (until [ -e raise ]; do sleep 0.05; done; echo 100 >` + limit + `) & exec "$@"`
	w := x.watch([]string{"unshare", "--user", "--map-root-user", "sh", "-c", script, "sh"}, "--poll", "100ms")
	w.says("mode=polling (no events: ")
	w.serves()
	status := x.ca(0, "status")
	if !strings.Contains(status, "see fs.inotify.max_user_instances), a look every 100ms") {
		t.Errorf("status says: %s", status)
	}
	must(t, os.WriteFile(filepath.Join(x.dir, "raise"), nil, 0o644))
	w.says("mode=events")
	w.serves()
	w.eventually("status says events",
		func() bool { return strings.Contains(x.ca(0, "status"), ": events, a look every 100ms") })
}

// TestWatchOverflow: more happens than the kernel keeps events of. The watch polls every hour only, so that nothing but
// the overflow itself can make it look.
func TestWatchOverflow(t *testing.T) {
	long(t)
	t.Parallel()
	x := newExchange(t, build(t), "--trust-inbox")
	w := x.watch(nil, "--poll", "1h")
	w.serves()
	must(t, w.command.Process.Signal(syscall.SIGSTOP))
	queue := 16384
	if text, err := os.ReadFile("/proc/sys/fs/inotify/max_queued_events"); err == nil {
		fmt.Sscan(string(text), &queue)
	}
	for i := range queue/2 + 1000 { // of each the kernel tells twice at least: made, and removed
		name := x.path("inbox", fmt.Sprintf(".ca-exchange-%d.tmp", i)) // which alone is no reason to look
		must(t, os.WriteFile(name, nil, 0o644))
		must(t, os.Remove(name))
	}
	x.drop("last.csr", serverRequest(t, "last"))
	must(t, w.command.Process.Signal(syscall.SIGCONT))
	w.eventually("an answer", func() bool { _, err := os.Stat(x.path("outbox", "last.crt")); return err == nil })
}

// TestStatusAfterKill: status tells of the watch that runs, never of one that was killed.
func TestStatusAfterKill(t *testing.T) {
	t.Parallel()
	x := newExchange(t, build(t), "--trust-inbox")
	for range 2 {
		w := x.watch(nil, "--poll", "100ms")
		w.eventually("status names the process", func() bool {
			return strings.Contains(x.ca(0, "status"), fmt.Sprintf("watch    process %d on ", w.command.Process.Pid))
		})
		must(t, w.command.Process.Kill())
		w.command.Wait()
		if status := x.ca(0, "status"); !strings.Contains(status, "watch    none runs") {
			t.Errorf("after it was killed: %s", status)
		}
	}
}
