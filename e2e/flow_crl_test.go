package e2e_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math/big"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"ca-exchange/internal/ca"
	"ca-exchange/internal/durable"
	"ca-exchange/internal/durable/durabletest"
	"ca-exchange/internal/inbox"
	"ca-exchange/internal/kube"
	"ca-exchange/internal/ledger"
	"ca-exchange/internal/pki"
)

// crlFlow is a CA that has published a CRL, and owes the next one: a serial was revoked since.
type crlFlow struct {
	*flow
	authority pki.Authority
	old       *pki.CRL
}

// revokedSerial is the serial that the CRL which is owed has to list.
var revokedSerial = big.NewInt(0x0fff)

func newCRLFlow(t *testing.T) *crlFlow {
	t.Helper()
	w := &crlFlow{flow: newFlow(t)}
	file := w.path("ca/policy.yaml")
	text, err := os.ReadFile(file)
	must(t, err)
	must(t, os.WriteFile(file, append(text, "\ncrl: {issuers: [ca]}\n"...), 0o600))
	must(t, w.answer(t.Context()))
	must(t, w.withCA(t.Context(), func(c *ca.CA, _ *inbox.Exchange) error {
		w.authority = c.Trust().Authorities[0]
		target, err := c.Unseen(kube.ClusterIssuer, pki.SerialHex(revokedSerial))
		must(t, err)
		return c.Revoke(t.Context(), ca.Revoking{Unseen: []ledger.Target{target}, Reason: pki.KeyCompromise})
	}))
	w.old, err = w.crlAt("exchange/outbox/ca.crl")
	must(t, err)
	return w
}

// crlAt reads a CRL that lies somewhere, in either form, and verifies it.
func (w *crlFlow) crlAt(name string) (*pki.CRL, error) {
	raw, err := os.ReadFile(w.path(name))
	if err != nil {
		return nil, err
	}
	if decoded, err := pki.DecodeCRL(raw); err == nil {
		raw = decoded
	}
	crl, err := w.authority.VerifyCRL(raw, nil, w.now())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return crl, nil
}

var crlPlaces = []string{"exchange/outbox/ca.crl", "exchange/outbox/ca.crl.pem", "ca/crl/ca.crl"}

// whole reports a CRL that is neither the old one nor the new one, or that is missing.
func (w *crlFlow) whole() error {
	for _, name := range crlPlaces {
		crl, err := w.crlAt(name)
		if err != nil {
			return err
		}
		_, lists := crl.Revokes(revokedSerial)
		if !bytes.Equal(crl.Raw, w.old.Raw) && !lists {
			return fmt.Errorf("%s: a CRL that is neither the old one nor lists the revoked serial", name)
		}
	}
	return nil
}

// heals makes a pass on a well disk: the new CRL is everywhere, and the ledger vouches for it.
func (w *crlFlow) heals(ctx context.Context) error {
	if err := w.answer(ctx); err != nil {
		return err
	}
	var first []byte
	for _, name := range crlPlaces {
		crl, err := w.crlAt(name)
		if err != nil {
			return err
		}
		if first == nil {
			first = crl.Raw
		}
		if _, lists := crl.Revokes(revokedSerial); !lists || !bytes.Equal(crl.Raw, first) {
			return fmt.Errorf("%s has number %v, not the new one", name, crl.Number)
		}
	}
	return w.withCA(ctx, func(c *ca.CA, _ *inbox.Exchange) error {
		kept, err := c.CRLs(ctx)
		if err == nil && (len(kept) != 1 || kept[0].Late) {
			err = fmt.Errorf("%+v: a CRL is owed", kept)
		}
		return errors.Join(err, c.Ledger().Verify(ctx, 0, ""))
	})
}

// on makes a pass on another system.
func (w *crlFlow) on(ctx context.Context, s durable.System) error {
	defer durable.Swap(s)()
	return w.answer(ctx)
}

func (w *crlFlow) copy(t *testing.T, dir string) *crlFlow {
	return &crlFlow{flow: w.flow.copy(t, dir), authority: w.authority, old: w.old}
}

// TestCRLFailing fails every system call of signing and publishing a CRL in turn: each place has the old CRL or the new
// one at any time, and the next pass completes the rest.
func TestCRLFailing(t *testing.T) {
	template, dir := newCRLFlow(t), t.TempDir()
	errnos := []unix.Errno{unix.ENOSPC, unix.EIO, unix.EROFS, unix.ESTALE, unix.EDQUOT}
	failed := 0
	for n := 1; ; n += stride() {
		w := template.copy(t, filepath.Join(dir, fmt.Sprint(n)))
		f := &durabletest.Failing{System: durable.Kernel{}, At: n, Err: errnos[n%len(errnos)],
			Late: (n/len(errnos))%2 == 1}
		f.After = func() {
			if err := w.whole(); err != nil {
				t.Errorf("call %d: %v", n, err)
			}
		}
		err := w.on(t.Context(), f)
		if err != nil {
			failed++
		}
		if next := errors.Join(w.whole(), w.heals(t.Context())); next != nil {
			t.Errorf("call %d failed with %v (late %t), which gave %v; then %v", n, f.Err, f.Late, err, next)
		}
		must(t, os.RemoveAll(w.dir))
		if !f.Failed() {
			break
		}
	}
	if failed == 0 {
		t.Error("no failure was noticed")
	}
}

// TestCRLCrashing cuts the power at every change of signing and publishing a CRL in turn, with each kind of loss.
func TestCRLCrashing(t *testing.T) {
	template, dir := newCRLFlow(t), t.TempDir()
	for n, reached := 1, true; reached; n++ {
		reached = false
		for _, loss := range []durabletest.Loss{durabletest.Nothing, durabletest.Contents, durabletest.All} {
			w := template.copy(t, filepath.Join(dir, fmt.Sprint(n, "-", loss)))
			c := &durabletest.Crashing{System: durable.Kernel{}, At: n}
			err := w.on(t.Context(), c)
			must(t, c.PowerCut(loss))
			reached = reached || c.Crashed()
			if next := errors.Join(w.whole(), w.heals(t.Context())); next != nil {
				t.Errorf("the power went at change %d, loss %d, which gave %v; then %v", n, loss, err, next)
			}
			must(t, os.RemoveAll(w.dir))
		}
		if !reached && n < 10 {
			t.Errorf("only %d changes", n)
		}
	}
}

// TestCRLFull fills a medium of a few kilobytes: the old CRL stays on it, whole, and requests are not answered by half.
func TestCRLFull(t *testing.T) {
	w := newCRLFlow(t)
	full := &fullOutbox{System: durable.Kernel{}}
	if err := w.on(t.Context(), full); !errors.Is(err, unix.ENOSPC) {
		t.Errorf("a full disk gave %v", err)
	}
	for _, name := range crlPlaces {
		if crl, err := w.crlAt(name); err != nil || !bytes.Equal(crl.Raw, w.old.Raw) {
			t.Errorf("%s: not the old CRL: %v", name, err)
		}
	}
	left, err := filepath.Glob(w.path("exchange/outbox/.ca-exchange-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %q, %v", left, err)
	}
	must(t, w.heals(t.Context()))
}

// fullOutbox is a System on which nothing more can be written.
type fullOutbox struct{ durable.System }

func (f *fullOutbox) Write(int, []byte) (int, error) { return 0, unix.ENOSPC }

// TestCRLBesideAnother: two processes that sign at once publish no CRL that lacks a revocation.
func TestCRLBesideAnother(t *testing.T) {
	w := newCRLFlow(t)
	open := func() *ca.CA {
		t.Helper()
		c, err := ca.Open(w.path("ca"), ca.Settings{Now: w.now, Log: slog.New(slog.DiscardHandler)})
		must(t, err)
		t.Cleanup(func() { c.Close() })
		must(t, c.Unlock())
		return c
	}
	one, other := open(), open()
	done := make(chan error, 2)
	for i, c := range []*ca.CA{one, other} {
		go func() {
			var errs []error
			for n := range 20 {
				target, err := c.Unseen(kube.ClusterIssuer, pki.SerialHex(big.NewInt(int64(0x10000+100*i+n))))
				if err == nil {
					err = c.Revoke(t.Context(), ca.Revoking{Unseen: []ledger.Target{target}})
				}
				if err == nil {
					_, err = c.SignCRL(t.Context(), kube.ClusterIssuer, 30)
				}
				if !errors.Is(err, ledger.ErrConflict) && !errors.Is(err, fs.ErrNotExist) {
					errs = append(errs, err)
				}
			}
			done <- errors.Join(errs...)
		}()
	}
	must(t, errors.Join(<-done, <-done))
	must(t, w.heals(t.Context()))
	crl, err := w.crlAt("exchange/outbox/ca.crl")
	if err != nil || crl.Entries != 41 {
		t.Errorf("%d entries, %v", crl.Entries, err)
	}
}
