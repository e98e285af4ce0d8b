package component

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"ca-exchange/internal/durable"
	"ca-exchange/internal/durable/durabletest"
	"ca-exchange/internal/inbox"
	"ca-exchange/internal/pki"
)

// TestCRLOrder stops the machine at each change while one CRL replaces another, and while the hook for it runs: the
// old one or the new one is in place, whole; a boot without an exchange makes both forms agree; the next sync puts the
// new one there; and the hook has run after it.
func TestCRLOrder(t *testing.T) {
	step := stride()
	for _, loss := range []durabletest.Loss{durabletest.Nothing, durabletest.All} {
		for at, crashed := 1, true; crashed; at += step {
			if at > 200 {
				t.Fatal("it never ends")
			}
			crashed = crashCRLAt(t, loss, at)
		}
	}
}

func crashCRLAt(t *testing.T, loss durabletest.Loss, at int) (crashed bool) {
	t.Helper()
	w := installedWorker(t)
	w.crlHook(t, "ca")
	old := w.publishCRL(t, 1)
	w.takeCRLs(t)
	_, err := w.open(t).Apply(t.Context())
	must(t, err)
	must(t, os.Remove(w.path("runs")))
	next := w.publishCRL(t, 2)
	disk := &durabletest.Crashing{System: durable.Kernel{}, At: at}
	back := durable.Swap(disk)
	w.tryCRLs(t)
	back()
	if crashed = disk.Crashed(); crashed {
		must(t, disk.PowerCut(loss))
	}
	raw, text := w.read(t, "host", "pki/ca.crl"), w.read(t, "host", "pki/ca.crl.pem")
	if !bytes.Equal(raw, old) && !bytes.Equal(raw, next) ||
		!bytes.Equal(text, pki.EncodeCRL(old)) && !bytes.Equal(text, pki.EncodeCRL(next)) {
		t.Fatalf("change %d, loss %d: a file is neither the old one nor the new one", at, loss)
	}
	_, err = w.open(t).SyncLocal(t.Context())
	must(t, err)
	w.hostCRL(t, "pki/ca.crl")
	w.takeCRLs(t)
	_, err = w.open(t).Apply(t.Context())
	must(t, err)
	if !bytes.Equal(w.hostCRL(t, "pki/ca.crl"), next) || !strings.Contains(w.runs(t), "crl\n") {
		t.Fatalf("change %d, loss %d: the new one is not in place, or its hook ran %q", at, loss, w.runs(t))
	}
	if pending, err := w.open(t).pending(); err != nil || !pending.none() {
		t.Fatalf("change %d, loss %d: %+v, %v", at, loss, pending, err)
	}
	return crashed
}

// tryCRLs takes CRLs and runs the hooks on a machine that may stop. It gives what was said.
func (w *world) tryCRLs(t *testing.T) error {
	c, err := Open(w.path("host"), w.settings())
	if err != nil {
		return err
	}
	defer c.Close()
	x, err := inbox.Open(w.path("exchange"))
	if err != nil {
		return err
	}
	defer x.Close()
	all, err := c.TakeCRLs(x)
	for _, p := range all {
		err = errors.Join(err, p.Failed)
	}
	_, applied := c.Apply(t.Context())
	return errors.Join(err, applied)
}

// TestCRLDiskFull fails each change once as a full disk does: the old one or the new one is in place, the failure is
// said, and the next look puts the new one there.
func TestCRLDiskFull(t *testing.T) {
	step := stride()
	for at, failed := 1, true; failed; at += step {
		w := installedWorker(t)
		old := w.publishCRL(t, 1)
		w.takeCRLs(t)
		next := w.publishCRL(t, 2)
		disk := &durabletest.Failing{System: durable.Kernel{}, At: at, Err: unix.ENOSPC, Changes: true}
		back := durable.Swap(disk)
		said := w.tryCRLs(t)
		back()
		failed = disk.Failed()
		raw := w.read(t, "host", "pki/ca.crl")
		if !bytes.Equal(raw, old) && !bytes.Equal(raw, next) {
			t.Fatalf("change %d: neither the old one nor the new one", at)
		}
		if _, err := w.open(t).SyncLocal(t.Context()); err != nil {
			t.Fatalf("change %d: %v", at, err)
		}
		w.hostCRL(t, "pki/ca.crl")
		if failed && said == nil && !bytes.Equal(raw, next) {
			t.Fatalf("change %d: nothing says that the old one stays", at)
		}
		w.takeCRLs(t)
		if !bytes.Equal(w.hostCRL(t, "pki/ca.crl"), next) {
			t.Fatalf("change %d: the new one is not in place", at)
		}
	}
}
