package pass

import (
	"bytes"
	"log/slog"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ca-exchange/internal/ca"
	"ca-exchange/internal/inbox"
	"ca-exchange/internal/kube"
	"ca-exchange/internal/ledger"
	"ca-exchange/internal/pki"
)

// crlWorld is a CA that keeps the CRL of its one issuer, and whose clock a test sets.
type crlWorld struct {
	*testing.T
	ca  *ca.CA
	x   *inbox.Exchange
	log *remembered
	m   *memory
	now time.Time
}

func newCRLWorld(t *testing.T) *crlWorld {
	t.Helper()
	w := &crlWorld{T: t, log: &remembered{}, m: newMemory(), now: time.Now().UTC().Truncate(time.Second)}
	w.ca, w.x = makeCA(t, pki.ECDSAP256, slog.New(slog.NewTextHandler(w.log, nil)))
	t.Cleanup(func() { w.x.Close(); w.ca.Close() })
	w.ca.Now = func() time.Time { return w.now }
	file := filepath.Join(w.ca.Dir().Path(), "policy.yaml")
	text, err := os.ReadFile(file)
	if err == nil {
		err = os.WriteFile(file, append(text, "\ncrl: {issuers: [ca]}\n"...), 0o600)
	}
	if err == nil {
		err = w.ca.Unlock()
	}
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// published is the CRL that a pass leaves in the outbox, in both forms.
func (w *crlWorld) published() *pki.CRL {
	w.Helper()
	w.now = w.now.Add(time.Second)
	passOver(w.T, w.ca, w.x, w.m)
	raw, err := os.ReadFile(w.outbox("ca.crl"))
	if err != nil {
		w.Fatal(err)
	}
	crl, err := w.ca.Trust().Authorities[0].VerifyCRL(raw, nil, w.now)
	if err != nil {
		w.Fatal(err)
	}
	if pem, err := os.ReadFile(w.outbox("ca.crl.pem")); err != nil || !bytes.Equal(pem, pki.EncodeCRL(raw)) {
		w.Errorf("the PEM beside it is not the same CRL: %v", err)
	}
	return crl
}

func (w *crlWorld) outbox(name string) string { return filepath.Join(w.x.Path(), "outbox", name) }

// copyCA is a copy of the CA directory as it is now.
func (w *crlWorld) copyCA() string {
	w.Helper()
	old := filepath.Join(w.TempDir(), "old")
	err := os.CopyFS(old, os.DirFS(w.ca.Dir().Path()))
	if err == nil {
		err = os.Chmod(old, 0o700)
	}
	if err != nil {
		w.Fatal(err)
	}
	return old
}

// revoke revokes a serial that the ledger never saw.
func (w *crlWorld) revoke(serial string) {
	w.Helper()
	w.now = w.now.Add(time.Second)
	target, err := w.ca.Unseen(kube.ClusterIssuer, serial)
	if err == nil {
		err = w.ca.Revoke(w.Context(), ca.Revoking{Unseen: []ledger.Target{target}, Reason: pki.Superseded})
	}
	if err != nil {
		w.Fatal(err)
	}
}

// TestCRLsAreKept: a list from the first day, a new one after each revocation and at half of its time, and no other.
func TestCRLsAreKept(t *testing.T) {
	t.Parallel()
	w := newCRLWorld(t)
	first := w.published()
	if first.Entries != 0 || !first.NextUpdate.Equal(w.now.AddDate(0, 0, 30)) {
		t.Errorf("%d entries, until %s", first.Entries, first.NextUpdate)
	}
	if again := w.published(); again.Number.Cmp(first.Number) != 0 {
		t.Errorf("number %v after %v, although nothing changed", again.Number, first.Number)
	}
	w.revoke("0fff")
	second := w.published()
	if r, ok := second.Revokes(big.NewInt(0x0fff)); !ok || r.Reason != pki.Superseded ||
		second.Number.Cmp(first.Number) <= 0 {
		t.Errorf("number %v after %v; revoked: %v", second.Number, first.Number, r)
	}
	w.now = second.ThisUpdate.Add(second.NextUpdate.Sub(second.ThisUpdate)/2 - 2*time.Second)
	if again := w.published(); again.Number.Cmp(second.Number) != 0 {
		t.Errorf("number %v before half of the time of %v", again.Number, second.Number)
	}
	if third := w.published(); third.Number.Cmp(second.Number) <= 0 || third.Entries != 1 {
		t.Errorf("number %v after half of the time of %v, %d entries", third.Number, second.Number, third.Entries)
	}
	if err := w.ca.Ledger().Verify(t.Context(), 0, ""); err != nil {
		t.Error(err)
	}
}

// TestCRLNames: what others put on a CRL's name is moved aside, whatever it is; the CRL is there again.
func TestCRLNames(t *testing.T) {
	t.Parallel()
	w := newCRLWorld(t)
	first := w.published()
	secret := filepath.Join(t.TempDir(), "secret")
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.WriteFile(secret, []byte("secret"), 0o600))
	for i, put := range []func(path string) error{
		func(path string) error { return os.WriteFile(path, []byte("foreign"), 0o644) },
		func(path string) error { return os.WriteFile(path, first.Raw[:len(first.Raw)-1], 0o644) },
		func(path string) error { return os.Symlink(secret, path) },
		func(path string) error { return os.Mkdir(path, 0o755) },
		func(path string) error { return os.Link(secret, path) },
		func(string) error { return nil },
	} {
		for _, name := range []string{"ca.crl", "ca.crl.pem"} {
			must(os.RemoveAll(w.outbox(name)))
			must(put(w.outbox(name)))
		}
		if again := w.published(); again.Number.Cmp(first.Number) != 0 {
			t.Errorf("case %d: number %v, expected %v", i, again.Number, first.Number)
		}
	}
	if text, err := os.ReadFile(secret); err != nil || string(text) != "secret" {
		t.Errorf("a file outside the exchange: %q, %v", text, err)
	}
	if moved, err := os.ReadDir(filepath.Join(w.x.Path(), "rejected")); err != nil || len(moved) < 8 {
		t.Errorf("%d files in rejected/, %v", len(moved), err)
	}
}

// TestCRLGone: where the CA directory's copy is lost or changed, the next number is signed; a CRL that was recorded and
// never named is found by its hash.
func TestCRLGone(t *testing.T) {
	t.Parallel()
	w := newCRLWorld(t)
	first := w.published()
	file := filepath.Join(w.ca.Dir().Path(), "crl", "ca.crl")
	kept, err := w.ca.CRLs(t.Context())
	if err != nil || len(kept) != 1 {
		t.Fatalf("%v, %v", kept, err)
	}
	unnamed := strings.TrimSuffix(file, "crl") + kept[0].Last.SHA256[:16] + ".crl"
	if err := os.Rename(file, unnamed); err != nil {
		t.Fatal(err)
	}
	w.m = newMemory()
	if again := w.published(); again.Number.Cmp(first.Number) != 0 {
		t.Errorf("number %v, expected %v", again.Number, first.Number)
	}
	for _, spoil := range []func() error{
		func() error { return os.Remove(file) },
		func() error { return os.WriteFile(file, []byte("other"), 0o600) },
	} {
		if err := spoil(); err != nil {
			t.Fatal(err)
		}
		w.m = newMemory()
		next := w.published()
		if next.Number.Cmp(first.Number) <= 0 {
			t.Errorf("number %v after %v", next.Number, first.Number)
		}
		first = next
	}
}

// TestCRLOwed: without the key a CRL is owed, which is said once, and requests are served all the same.
func TestCRLOwed(t *testing.T) {
	t.Parallel()
	w := newCRLWorld(t)
	locked, err := ca.Open(w.ca.Dir().Path(), w.ca.Settings)
	if err != nil {
		t.Fatal(err)
	}
	defer locked.Close()
	for range 2 {
		if sum := passOver(t, locked, w.x, w.m); sum.CRLsOwed != 1 {
			t.Errorf("%+v", sum)
		}
	}
	if n := w.log.count("the CRL of issuer ca is owed"); n != 1 {
		t.Errorf("%d lines in the log", n)
	}
	w.published()
}

// TestNewerCRLStays: an old copy of the ledger takes no revocation back, although its head was removed.
func TestNewerCRLStays(t *testing.T) {
	t.Parallel()
	w := newCRLWorld(t)
	w.published()
	old := w.copyCA()
	w.revoke("0fff")
	newest := w.published()
	if err := os.Remove(w.outbox("head.json")); err != nil {
		t.Fatal(err)
	}
	behind, err := ca.Open(old, w.ca.Settings)
	if err != nil {
		t.Fatal(err)
	}
	w.ca.Close()
	w.ca, w.m = behind, newMemory()
	if after := w.published(); after.Number.Cmp(newest.Number) != 0 {
		t.Errorf("number %v took the place of %v", after.Number, newest.Number)
	}
	if w.log.count("a CRL that the ledger does not know") != 1 {
		t.Error("nothing was said")
	}
}

// TestRevokedIsNotAnswered: the request of a revoked certificate, dropped again, waits for a person.
func TestRevokedIsNotAnswered(t *testing.T) {
	t.Parallel()
	w := newCRLWorld(t)
	entry := requests(t, 1)[0]
	for i, want := range []Summary{{Issued: 1}, {Repeated: 1}, {Held: 1}} {
		if err := dropFast(w.x, "again", entry); err != nil {
			t.Fatal(err)
		}
		sum := passOver(t, w.ca, w.x, w.m)
		if sum.Issued != want.Issued || sum.Repeated != want.Repeated || sum.Held != want.Held {
			t.Errorf("drop %d: %+v", i, sum)
		}
		if i == 1 {
			all, err := issued(t, w.ca)
			if err == nil {
				err = w.ca.Revoke(t.Context(), ca.Revoking{Certificates: all, Reason: pki.Superseded})
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestRecoverTakesRevocations: a ledger that is older than the exchange takes over what the CRL there lists, and its
// next CRL has a number above it.
func TestRecoverTakesRevocations(t *testing.T) {
	t.Parallel()
	w := newCRLWorld(t)
	entry := requests(t, 1)[0]
	if err := dropFast(w.x, "lost", entry); err != nil {
		t.Fatal(err)
	}
	w.published()
	old := w.copyCA()
	all, err := issued(t, w.ca)
	if err == nil {
		err = w.ca.Revoke(t.Context(), ca.Revoking{Certificates: all, Reason: pki.KeyCompromise, Since: w.now})
	}
	if err != nil {
		t.Fatal(err)
	}
	w.revoke("0fff")
	newest := w.published()
	behind, err := ca.Open(old, w.ca.Settings)
	if err == nil {
		err = behind.Unlock()
	}
	if err != nil {
		t.Fatal(err)
	}
	w.ca.Close()
	w.ca, w.m = behind, newMemory()
	done, err := Recover(t.Context(), w.ca, w.x)
	if err != nil || done.Revoked != 2 || !done.Behind {
		t.Fatalf("%+v, %v", done, err)
	}
	if again := w.published(); again.Number.Cmp(newest.Number) != 0 {
		t.Errorf("number %v, expected %v", again.Number, newest.Number)
	}
	w.revoke("0ffe")
	next := w.published()
	if next.Number.Cmp(newest.Number) <= 0 || next.Entries != 3 {
		t.Errorf("number %v after %v, %d entries", next.Number, newest.Number, next.Entries)
	}
	for r := range newest.All() {
		if same, ok := next.Revokes(r.Serial); !ok || same.String() != r.String() {
			t.Errorf("%v became %v", r, same)
		}
	}
	k, _, err := w.ca.Ledger().Certificate(t.Context(), all[0].Serial)
	if err != nil || k.Status != ledger.Revoked {
		t.Errorf("status %s, %v", k.Status, err)
	}
	blocked, err := os.ReadFile(filepath.Join(old, "blocked-keys"))
	if err != nil || !strings.Contains(string(blocked), k.KeyFingerprint) {
		t.Errorf("blocked keys: %q, %v", blocked, err)
	}
	if err := w.ca.Ledger().Verify(t.Context(), 0, ""); err != nil {
		t.Error(err)
	}
}
