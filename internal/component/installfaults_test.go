package component

import (
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"ca-exchange/internal/durable"
	"ca-exchange/internal/durable/durabletest"
)

// stride is from which change to which a test goes: each in turn where changes are judged, fewer where somebody waits.
func stride() int {
	switch {
	case testing.Short():
		return 9
	case os.Getenv("CI") != "":
		return 1
	}
	return 3
}

// TestInstallOrder stops the machine at each change of an installation over an older pair, as a kill does (Nothing) and
// as a power cut does. Whatever was lost, the next SyncLocal, without an exchange, leaves a pair whose halves belong
// together; the next Sync leaves the new one, and the old pair is whole under its second names.
func TestInstallOrder(t *testing.T) {
	step := stride()
	for _, loss := range []durabletest.Loss{durabletest.Nothing, durabletest.All} {
		for at, crashed := 1, true; crashed; at += step {
			crashed = crashAt(t, loss, at)
			if at > 200 {
				t.Fatal("it never ends")
			}
		}
	}
}

func crashAt(t *testing.T, loss durabletest.Loss, at int) (crashed bool) {
	t.Helper()
	w, _ := installed(t)
	old := w.pair(t, "pki/www.crt", "pki/www.key")
	w.clock = w.clock.Add(time.Hour)
	next := w.request(t)
	w.sync(t, SyncOptions{})
	w.answer(t, next)
	disk := &durabletest.Crashing{System: durable.Kernel{}, At: at}
	back := durable.Swap(disk)
	w.trySync(t)
	back()
	if crashed = disk.Crashed(); crashed {
		must(t, disk.PowerCut(loss))
	}
	if !w.matches(t, "pki/www.crt", "pki/www.key") { // between the two renames: the old pair is whole beside it
		w.pair(t, "pki/www.crt.previous", "pki/www.key.previous")
	}
	if _, err := w.open(t).SyncLocal(t.Context()); err != nil {
		t.Fatalf("change %d, loss %d: %v", at, loss, err)
	}
	w.pair(t, "pki/www.crt", "pki/www.key")
	w.sync(t, SyncOptions{})
	if now := w.pair(t, "pki/www.crt", "pki/www.key"); now.Equal(old) {
		t.Fatalf("change %d, loss %d: the old certificate is in place", at, loss)
	}
	if kept := w.pair(t, "pki/www.crt.previous", "pki/www.key.previous"); !kept.Equal(old) {
		t.Fatalf("change %d, loss %d: something else than the old pair was kept", at, loss)
	}
	if all, err := w.open(t).Requests(); err != nil || all[1].Status != StatusInstalled ||
		all[0].Status != StatusReplaced {
		t.Fatalf("change %d, loss %d: %s, %s, %v", at, loss, all[0].Status, all[1].Status, err)
	}
	return crashed
}

// TestInstallFailsOnce fails each change of an installation once, the first one and one over an older pair. The next
// Sync finishes it with what is there: an answer that is needed is not removed, nothing is asked again, and an older
// pair is kept under its second names before anything takes its place.
func TestInstallFailsOnce(t *testing.T) {
	step := stride()
	for at, failed := 1, true; failed; at += step {
		failed = failAt(t, newWorld(t), at, func(*world) {})
	}
	for at, failed := 1, true; failed; at += step {
		w, _ := installed(t)
		old := w.pair(t, "pki/www.crt", "pki/www.key")
		w.clock = w.clock.Add(time.Hour)
		failed = failAt(t, w, at, func(w *world) {
			if kept := w.pair(t, "pki/www.crt.previous", "pki/www.key.previous"); !kept.Equal(old) {
				t.Fatalf("change %d: something else than the old pair was kept", at)
			}
		})
	}
}

func failAt(t *testing.T, w *world, at int, also func(*world)) (failed bool) {
	t.Helper()
	s := w.request(t)
	w.sync(t, SyncOptions{})
	w.answer(t, s)
	disk := &durabletest.Failing{System: durable.Kernel{}, At: at, Err: unix.EIO, Changes: true}
	back := durable.Swap(disk)
	w.trySync(t)
	back()
	if out, ok := w.sync(t, SyncOptions{})["pki/www.crt"]; ok && (out.Status != StatusInstalled || out.Dropped) {
		t.Fatalf("change %d: %s, dropped again: %t, %v", at, out.Status, out.Dropped, out.Problem)
	}
	w.pair(t, "pki/www.crt", "pki/www.key")
	also(w)
	return disk.Failed()
}
