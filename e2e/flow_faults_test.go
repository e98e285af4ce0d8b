package e2e_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"ca-exchange/internal/durable"
	"ca-exchange/internal/durable/durabletest"
)

// TestFlowFailing fails every system call of the whole way in turn, with each error, before and after it was carried
// out; then the disk is well again, and every promise must hold.
func TestFlowFailing(t *testing.T) {
	long(t)
	template, wanted := newFlow(t), asks(t)
	errnos := []unix.Errno{unix.EIO, unix.ENOSPC, unix.EROFS, unix.ESTALE, unix.EACCES}
	dir := t.TempDir()
	failed, calls := 0, 0
	for n := 1; ; n += stride() {
		late := (n/len(errnos))%2 == 1
		calls = n
		w := template.copy(t, filepath.Join(dir, fmt.Sprint(n)))
		f := &durabletest.Failing{System: durable.Kernel{}, At: n, Err: errnos[n%len(errnos)], Late: late}
		f.After = func() {
			if err := w.partial(); err != nil {
				t.Errorf("call %d: %v", n, err)
			}
		}
		w.denied = f.Err == unix.EACCES
		err := w.on(t, f, wanted)
		if !f.Failed() {
			must(t, err)
			must(t, w.holds(t.Context()))
			break
		}
		if err != nil {
			failed++
		}
		if err := errors.Join(w.recovers(t.Context(), wanted), w.holds(t.Context())); err != nil {
			t.Errorf("call %d failed with %v (late %t), which gave %v; then %v", n, f.Err, late, err, err)
		}
		must(t, os.RemoveAll(w.dir))
	}
	if failed < 20 {
		t.Errorf("only %d of the failures were noticed", failed)
	}
	t.Logf("%d of %d failures were reported, the others made no difference", failed, calls)
}

// TestFlowCrashing cuts the power at every change of the whole way in turn, with each kind of loss; then the machine
// starts again, and every promise must hold.
func TestFlowCrashing(t *testing.T) {
	template, wanted := newFlow(t), asks(t)
	dir := t.TempDir()
	for n := 1; ; n += stride() {
		reached := false
		for _, loss := range []durabletest.Loss{durabletest.Contents, durabletest.All} {
			w := template.copy(t, filepath.Join(dir, fmt.Sprint(n, "-", loss)))
			c := &durabletest.Crashing{System: durable.Kernel{}, At: n}
			err := w.on(t, c, wanted)
			must(t, c.PowerCut(loss))
			reached = reached || c.Crashed()
			if partial := w.partial(); partial != nil {
				t.Errorf("change %d, loss %d: %v", n, loss, partial)
			}
			if next := errors.Join(w.recovers(t.Context(), wanted), w.holds(t.Context())); next != nil {
				t.Errorf("the power went at change %d, loss %d, which gave %v; then %v", n, loss, err, next)
			}
			must(t, os.RemoveAll(w.dir))
		}
		if !reached {
			if n < 40 {
				t.Errorf("only %d changes", n)
			}
			return
		}
	}
}

// stride is from which call to which it goes: each in turn where changes are judged, fewer where somebody waits.
func stride() int {
	switch {
	case testing.Short():
		return 13
	case os.Getenv("CI") != "":
		return 1
	}
	return 7 // no divisor of the number of errnos: each is tried
}
