package e2e_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestSwappedDirectories: thousands of times during the passes of a watch a team's directory changes places with a link
// to a directory outside, on both sides. Nothing outside is read, answered, changed or made, and the inbox is served.
func TestSwappedDirectories(t *testing.T) {
	long(t)
	t.Parallel()
	x := newExchange(t, build(t), "--trust-inbox")
	outside := filepath.Join(x.dir, "outside")
	must(t, os.Mkdir(outside, 0o755))
	theirs := serverRequest(t, "outside")
	for i := range 20 {
		must(t, os.WriteFile(filepath.Join(outside, fmt.Sprintf("outside%d.csr", i)), theirs, 0o644))
	}
	before, err := os.ReadDir(outside)
	must(t, err)
	must(t, os.Mkdir(x.path("inbox", "team"), 0o755))
	x.drop("team/first.csr", serverRequest(t, "first"))
	x.ca(0, "sync", "--yes") // makes the team's part of the outbox
	w := x.watch(nil, "--poll", "20ms", "--yes")

	count := 1_000
	if os.Getenv("CA_EXCHANGE_RACE") != "" { // as .ci/run has it
		count = 10_000
	}
	done := x.swap(outside, count)
	served := 0
	for swapping := true; swapping; served++ {
		name := fmt.Sprintf("good%d", served)
		x.drop(name+".csr", serverRequest(t, name))
		w.eventually("an answer beside the swaps", func() bool { return x.answered(name) == "crt" })
		select {
		case <-done:
			swapping = false
		default:
		}
	}
	must(t, w.command.Process.Signal(syscall.SIGTERM))
	must(t, w.command.Wait())

	after, err := os.ReadDir(outside)
	must(t, err)
	if len(after) != len(before) {
		t.Errorf("%d files outside, not %d: %v", len(after), len(before), after)
	}
	for _, file := range after {
		if text, err := os.ReadFile(filepath.Join(outside, file.Name())); err != nil || string(text) != string(theirs) {
			t.Errorf("%s outside was changed: %v", file.Name(), err)
		}
	}
	listed := x.ca(0, "list", "--all")
	if strings.Contains(listed, "outside") || !strings.Contains(listed, "first.example") {
		t.Errorf("the ledger has %s", listed)
	}
	x.ca(0, "verify")
	t.Logf("%d requests were answered beside %d swaps on each side", served, count)
}

// swap exchanges the team's directory of each side with a link to outside, count times; then done is closed.
func (x *exchange) swap(outside string, count int) (done chan struct{}) {
	x.Helper()
	var swaps sync.WaitGroup
	for _, side := range []string{"inbox", "outbox"} {
		link, team := filepath.Join(x.dir, "link-"+side), x.path(side, "team")
		must(x.T, os.Symlink(outside, link))
		swaps.Go(func() {
			for range count {
				if err := unix.Renameat2(unix.AT_FDCWD, link, unix.AT_FDCWD, team, unix.RENAME_EXCHANGE); err != nil {
					x.Errorf("%s: %v", side, err)
					return
				}
				time.Sleep(100 * time.Microsecond) // so that they last for some hundred passes
			}
		})
	}
	done = make(chan struct{})
	go func() { swaps.Wait(); close(done) }()
	return done
}
