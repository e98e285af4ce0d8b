package e2e_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestOneWayInbox: the inbox comes on a medium that cannot be written. It is served all the same, each entry once, with
// one warning, and what is added is served, too.
func TestOneWayInbox(t *testing.T) {
	t.Parallel()
	long(t)
	x := newExchange(t, build(t), "--trust-inbox")
	x.ca(0, "exchange", "out")
	readOnly := x.readOnly()
	w := x.watch(nil, "--inbox", readOnly, "--outbox", "out", "--poll", "100ms")
	answered := func(name string) func() bool {
		return func() bool { _, err := os.Stat(filepath.Join(x.dir, "out", "outbox", name+".crt")); return err == nil }
	}
	for _, name := range []string{"first", "second"} {
		if os.Geteuid() != 0 {
			must(t, os.Chmod(x.path("inbox"), 0o755))
		}
		x.drop(name+".csr", serverRequest(t, name))
		if os.Geteuid() != 0 {
			must(t, os.Chmod(x.path("inbox"), 0o555))
		}
		w.eventually("an answer on the other medium", answered(name))
	}
	time.Sleep(time.Second) // ten passes more
	for text, most := range map[string]int{"cannot remove answered entries; they stay": 2, "pass issued=": 2} {
		if n := w.count(text); n > most {
			t.Errorf("%q stands %d times in the log", text, n)
		}
	}
	for _, name := range []string{"first", "second"} {
		if _, err := os.Stat(x.path("inbox", name+".csr")); err != nil {
			t.Errorf("the entry on the one-way medium: %v", err)
		}
	}
	if status := x.ca(0, "status", "--inbox", readOnly, "--outbox", "out"); !strings.Contains(status, "warning: ") {
		t.Errorf("status does not say that the inbox cannot be written: %s", status)
	}
}

// readOnly gives a path to the exchange by which nothing can be written: a mount for root, whom no mode stops.
func (x *exchange) readOnly() string {
	x.Helper()
	if os.Geteuid() != 0 {
		x.Cleanup(func() { os.Chmod(x.path("inbox"), 0o755) }) // or nothing of it could be removed
		must(x.T, os.Chmod(x.path("inbox"), 0o555))
		return x.path()
	}
	dir := filepath.Join(x.dir, "one-way")
	must(x.T, os.Mkdir(dir, 0o755))
	if err := syscall.Mount(x.path(), dir, "", syscall.MS_BIND, ""); err != nil {
		if os.Getenv("CI") != "" {
			x.Fatal(err)
		}
		x.Skipf("nothing can be mounted here: %v", err)
	}
	x.Cleanup(func() { syscall.Unmount(dir, syscall.MNT_DETACH) })
	must(x.T, syscall.Mount("", dir, "", syscall.MS_REMOUNT|syscall.MS_BIND|syscall.MS_RDONLY, ""))
	return dir
}
