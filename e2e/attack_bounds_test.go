package e2e_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestDenialsAreBounded: 1,100 pieces of junk leave at most 1,000 denials behind, the newest; the oldest go with their
// notices.
func TestDenialsAreBounded(t *testing.T) {
	t.Parallel()
	long(t)
	x := newExchange(t, build(t))
	for i := range 1100 {
		x.drop(fmt.Sprintf("junk%04d.csr", i), fmt.Appendf(nil, "-----BEGIN JUNK-----\n%d\n-----END JUNK-----\n", i))
		if i == 549 {
			x.ends(2*time.Minute, "sync", "-q", "--settle", "0s")
		}
	}
	x.ends(2*time.Minute, "sync", "-q", "--settle", "0s")
	notices, err := filepath.Glob(x.path("outbox", "junk*.denied.json"))
	must(t, err)
	if len(notices) == 0 || len(notices) > 1000 {
		t.Errorf("1,100 denials keep %d notices", len(notices))
	}
	if x.answered("junk1099") != "denied" {
		t.Error("the newest denial is not among those that are kept")
	}
}

// TestManyDirectoriesUnderWatch: 8,000 empty directories cost neither watches nor log without bound, and others are
// served.
func TestManyDirectoriesUnderWatch(t *testing.T) {
	long(t)
	t.Parallel()
	x := newExchange(t, build(t))
	signer := x.requester("good", "--profile", "server", "--dns", "*.example")
	for i := range 8000 {
		must(t, os.Mkdir(x.path("inbox", fmt.Sprint("d", i)), 0o755))
	}
	w := x.watch(nil, "--poll", "500ms")
	x.drop("good.csr", wishFor("server", "good", "good.example", "good.example").signed(x, signer))
	w.eventually("an answer", func() bool { return x.answered("good") == "crt" })
	time.Sleep(3 * time.Second) // six passes more
	watches := 0
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/fdinfo/*", w.command.Process.Pid))
	must(t, err)
	for _, file := range files {
		text, _ := os.ReadFile(file) // it may be closed by now
		watches += strings.Count(string(text), "inotify wd:")
	}
	if watches > 300 {
		t.Errorf("%d watches", watches)
	}
	text, err := os.ReadFile(w.log)
	must(t, err)
	if len(text) > 4<<10 {
		t.Errorf("%d bytes of log:\n%s…", len(text), text[:min(len(text), 1000)])
	}
}

// TestManyUnreadable: 3,000 entries that cannot be read make one line with a count.
func TestManyUnreadable(t *testing.T) {
	t.Parallel()
	x := newUnprivileged(t)
	for i := range 3000 {
		file := x.path("inbox", fmt.Sprintf("u%d.csr", i))
		must(t, os.WriteFile(file, nil, 0o600))
		must(t, os.Chmod(file, 0))
	}
	out := x.ends(time.Minute, "sync")
	if n := strings.Count(out, "\n"); n > 10 || !strings.Contains(out, "3000") && !strings.Contains(out, "3,000") {
		t.Errorf("%d lines:\n%s", n, out[:min(len(out), 1000)])
	}
}

// TestSignedGoFirst: a signed request is answered before the unsigned ones of the same pass.
func TestSignedGoFirst(t *testing.T) {
	t.Parallel()
	long(t)
	x := newExchange(t, build(t))
	signer := x.requester("good", "--profile", "server", "--dns", "*.example")
	for i := range 300 {
		if i == 150 { // so that no order of a directory makes it the first
			x.drop("z.csr", wishFor("server", "good", "good.example", "good.example").signed(x, signer))
		}
		x.drop(fmt.Sprintf("a%03d.csr", i), wishFor("server", "x", "one", "one.example").covered(x))
	}
	out := x.ends(time.Minute, "sync")
	first, _, _ := strings.Cut(out, "entry=\"a")
	if !strings.Contains(first, `entry="z.csr"`) {
		t.Errorf("the signed request does not come first:\n%s", out[:min(len(out), 1000)])
	}
}

// TestAddressesAreBounded: copies of one held request under other names get notices up to a bound, then stay where they
// are; status counts them.
func TestAddressesAreBounded(t *testing.T) {
	t.Parallel()
	x := newExchange(t, build(t))
	entry := wishFor("", "", "one", "one.example").plain(t)
	for i := range 40 {
		x.drop(fmt.Sprintf("copy%02d.csr", i), entry)
	}
	x.anyStatus("sync", "-q")
	notices, err := filepath.Glob(x.path("outbox", "copy*.held.json"))
	must(t, err)
	if len(notices) == 0 || len(notices) > 16 {
		t.Errorf("40 copies of one request have %d notices", len(notices))
	}
	left, err := filepath.Glob(x.path("inbox", "copy*.csr"))
	must(t, err)
	if len(left)+len(notices) != 40 {
		t.Errorf("%d notices, %d entries left, of 40", len(notices), len(left))
	}
	// The bound is the neighbour's: a person still decides about the request.
	x.ca(0, "approve", idOf(t, entry), "--yes")
	if len(x.issued()) == 0 {
		t.Error("the request can no longer be answered")
	}
}
