package pass

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"log/slog"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"ca-exchange/internal/ca"
	"ca-exchange/internal/inbox"
	"ca-exchange/internal/ledger"
	"ca-exchange/internal/pki"
	"ca-exchange/internal/request"
)

// recovers runs Recover and holds what it counts.
func recovers(t *testing.T, c *ca.CA, x *inbox.Exchange, taken, linked int) Recovery {
	t.Helper()
	r, err := Recover(t.Context(), c, x)
	if err != nil || r.Taken != taken || r.Linked != linked {
		t.Fatalf("%+v, %v, expected %d taken and %d linked", r, err, taken, linked)
	}
	if err := c.Ledger().Verify(t.Context(), 0, ""); err != nil {
		t.Error(err)
	}
	if headOf(t, x) != presents(t, c) {
		t.Error("the head is not published")
	}
	return r
}

// serialsOf are the serials of all certificates, by key.
func serialsOf(t *testing.T, c *ca.CA) map[string]string {
	t.Helper()
	all, err := issued(t, c)
	if err != nil {
		t.Fatal(err)
	}
	serials := map[string]string{}
	for _, k := range all {
		if serials[k.KeyFingerprint] != "" {
			t.Errorf("key %s has two certificates", k.KeyFingerprint)
		}
		serials[k.KeyFingerprint] = k.Serial
	}
	return serials
}

func dropAs(t *testing.T, c *ca.CA, x *inbox.Exchange, name string, entry []byte) Summary {
	t.Helper()
	if err := dropFast(x, name, entry); err != nil {
		t.Fatal(err)
	}
	sum, err := Sync(t.Context(), c, x, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

// TestRecover puts an old copy back: the exchange stops it, recover takes the certificates over, and each request that
// is dropped again is answered with the certificate that it had.
func TestRecover(t *testing.T) {
	c, x := fixture(t, pki.ECDSAP256)
	entries := requests(t, 3)
	dropAs(t, c, x, "server0", entries[0])
	copied := copyOf(t, c)
	dropAs(t, c, x, "server1", entries[1])
	dropAs(t, c, x, "server2", entries[2])
	before := serialsOf(t, c)
	c = putBack(t, c, copied)
	stops(t, c, x)
	r := recovers(t, c, x, 2, 0)
	if !r.Behind || r.Lost != 0 || r.Head <= r.Ledger {
		t.Errorf("%+v", r)
	}
	for i, entry := range entries {
		if sum := dropAs(t, c, x, fmt.Sprintf("server%d", i), entry); sum.Repeated != 1 || sum.Issued != 0 {
			t.Errorf("dropped again: %+v", sum)
		}
		if got := known(t, c, idOf(t, entry)); got.Status != ledger.Issued || before[got.KeyFingerprint] != got.Serial {
			t.Errorf("%+v, expected serial %s", got, before[got.KeyFingerprint])
		}
	}
	holds(t, x, "server0.crt", "server1.crt", "server2.crt")
	if after := serialsOf(t, c); len(after) != 3 {
		t.Errorf("%d certificates", len(after))
	}
	if err := c.Ledger().Verify(t.Context(), 0, ""); err != nil {
		t.Error(err)
	}
	if sum := dropAs(t, c, x, "server1", entries[1]); sum.Repeated != 1 {
		t.Errorf("a third time: %+v", sum)
	}
	if again := recovers(t, c, x, 0, 0); again.Behind {
		t.Errorf("%+v", again)
	}
}

// TestRecoverAfterApproval: what a person approved is linked to the held request of the old copy, or answered when it
// is dropped again, although the policy alone would hold it.
func TestRecoverAfterApproval(t *testing.T) {
	c, x := closed(t, slog.New(slog.DiscardHandler))
	entries := requests(t, 3)
	dropAs(t, c, x, "server0", entries[0])
	copied := copyOf(t, c)
	approve(t, c, idOf(t, entries[0]))
	dropAs(t, c, x, "server1", entries[1])
	approve(t, c, idOf(t, entries[1]))
	dropAs(t, c, x, "server2", entries[2])
	approve(t, c, idOf(t, entries[2]))
	if err := Publish(t.Context(), c, x); err != nil {
		t.Fatal(err)
	}
	before := serialsOf(t, c)
	c = putBack(t, c, copied)
	if err := dropFast(x, "server1", entries[1]); err != nil { // in the inbox when it is recovered
		t.Fatal(err)
	}
	r := recovers(t, c, x, 3, 2)
	if r.Lost == 0 {
		t.Errorf("%+v: the events of two held requests are lost", r)
	}
	dropAs(t, c, x, "server2", entries[2])
	for _, entry := range entries {
		if got := known(t, c, idOf(t, entry)); got.Status != ledger.Issued || got.Serial != before[got.KeyFingerprint] {
			t.Errorf("%+v, expected serial %s", got, before[got.KeyFingerprint])
		}
	}
	holds(t, x, "server0.crt", "server1.crt", "server2.crt")
	if files := inboxFiles(t, x); len(files) != 0 {
		t.Errorf("the inbox holds %q", files)
	}
}

// TestRecoverTwoCopies: a copied CA directory that is stopped may go on after recover; then the other one is stopped.
func TestRecoverTwoCopies(t *testing.T) {
	c, x := fixture(t, pki.ECDSAP256)
	twin := opened(t, copyOf(t, c), c.Settings)
	next(t, c, x, requests(t, 1)[0])
	if r := recovers(t, twin, x, 1, 0); !r.Behind {
		t.Errorf("%+v", r)
	}
	next(t, twin, x, requests(t, 1)[0])
	stops(t, c, x)
}

// TestRecoveredIsNoSuccessor: a renewal with the same key that names the recovered certificate gets a new one, as does
// a request for more names, and one whose certificate is in its last third.
func TestRecoveredIsNoSuccessor(t *testing.T) {
	c, x := fixture(t, pki.ECDSAP256)
	copied := copyOf(t, c)
	key, err := pki.ECDSAP256.Generate()
	if err != nil {
		t.Fatal(err)
	}
	entry, err := plain(key, "r0.example")
	if err != nil {
		t.Fatal(err)
	}
	next(t, c, x, entry)
	c = putBack(t, c, copied)
	recovers(t, c, x, 1, 0)
	other, err := plain(key, "other.example")
	if err != nil {
		t.Fatal(err)
	}
	if sum := dropAs(t, c, x, "other", other); sum.Issued != 1 {
		t.Errorf("another name: %+v", sum)
	}
	now := time.Now()
	c.Now = func() time.Time { return now.AddDate(0, 0, 300) }
	if sum := dropAs(t, c, x, "late", entry); sum.Issued != 1 {
		t.Errorf("in its last third: %+v", sum)
	}
}

// TestCertificatesStopNothing: certificates in the outbox are evidence for recover alone, whoever signed them.
func TestCertificatesStopNothing(t *testing.T) {
	c, x := fixture(t, pki.ECDSAP256)
	other, elsewhere := fixture(t, pki.ECDSAP256)
	next(t, other, elsewhere, requests(t, 1)[0])
	foreign, err := os.ReadFile(filepath.Join(elsewhere.Path(), "outbox", "server.crt"))
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{
		"foreign": foreign, "past": signedBy(t, c, time.Now().AddDate(-1, 0, 0), nil),
		"unknown": signedBy(t, c, time.Now(), nil),
	} {
		if err := os.WriteFile(filepath.Join(x.Path(), "outbox", name+".crt"), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if sum := dropAs(t, c, x, "server", requests(t, 1)[0]); sum.Issued != 1 {
		t.Errorf("%+v", sum)
	}
}

// signedBy signs a certificate with the CA's key beside every record: what a lost ledger had signed, or what an adopted
// issuer signed before. Without a key it is for one of its own.
func signedBy(t *testing.T, c *ca.CA, begin time.Time, key crypto.PublicKey) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(c.Dir().Path(), "ca.key"))
	if err != nil {
		t.Fatal(err)
	}
	signer, _, err := pki.ParseIssuerKey(text, nil)
	if err != nil {
		t.Fatal(err)
	}
	if key == nil {
		own, err := pki.ECDSAP256.Generate()
		if err != nil {
			t.Fatal(err)
		}
		key = own.Public()
	}
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<60))
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: serial.Add(serial, big.NewInt(1)), Subject: pkix.Name{CommonName: "r0.example"}, NotBefore: begin,
		NotAfter: begin.AddDate(2, 0, 0), DNSNames: []string{"r0.example"},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}, c.Trust().Authorities[0].Certificate, key, signer)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return pki.EncodeCertificates(leaf)
}

// TestRecoverPast: a certificate from before the ledger began is recorded, and answers nothing, although a request for
// its key waits.
func TestRecoverPast(t *testing.T) {
	c, x := fixture(t, pki.ECDSAP256)
	key, err := pki.ECDSAP256.Generate()
	if err != nil {
		t.Fatal(err)
	}
	entry, err := plain(key, "r0.example")
	if err != nil {
		t.Fatal(err)
	}
	text := signedBy(t, c, time.Now().AddDate(0, -1, 0), key.Public())
	if err := os.WriteFile(filepath.Join(x.Path(), "outbox", "old.crt"), text, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := dropFast(x, "new", entry); err != nil {
		t.Fatal(err)
	}
	if r := recovers(t, c, x, 1, 0); r.Past != 1 || r.Behind {
		t.Errorf("%+v", r)
	}
	if sum := dropAs(t, c, x, "new", entry); sum.Issued != 1 {
		t.Errorf("%+v, expected a new certificate", sum)
	}
}

// TestRecoverTwoCandidates: where two requests, or two certificates, may belong together, a person has to look: nothing
// is linked, and it is reported.
func TestRecoverTwoCandidates(t *testing.T) {
	key, err := pki.ECDSAP256.Generate()
	if err != nil {
		t.Fatal(err)
	}
	one, err := plain(key, "r0.example")
	if err != nil {
		t.Fatal(err)
	}
	two, err := csrFor(key, "r0.example", "more.example")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name         string
		requests     [][]byte
		certificates int
		linked       int
	}{
		{"one of each", [][]byte{one}, 1, 1},
		{"two requests", [][]byte{one, two}, 1, 0},
		{"two certificates", [][]byte{one}, 2, 0},
	} {
		c, x := fixture(t, pki.ECDSAP256)
		for i, entry := range test.requests {
			if err := dropFast(x, fmt.Sprintf("asked%d", i), entry); err != nil {
				t.Fatal(err)
			}
		}
		for i := range test.certificates {
			text := signedBy(t, c, time.Now(), key.Public())
			path := filepath.Join(x.Path(), "outbox", fmt.Sprintf("s%d.crt", i))
			if err := os.WriteFile(path, text, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		r := recovers(t, c, x, test.certificates, test.linked)
		if want := test.certificates - test.linked; len(r.Ambiguous) != want {
			t.Errorf("%s: %+v, expected %d ambiguous", test.name, r, want)
		}
	}
}

// csrFor is a plain request for several names.
func csrFor(key crypto.Signer, names ...string) ([]byte, error) {
	csr, err := request.Create(key, names[0], nil, pki.Names{DNS: names})
	return request.Encode(nil, csr), err
}

// TestRecoverManyCandidates: beyond a bound of requests for one key none is linked, since another may fit.
func TestRecoverManyCandidates(t *testing.T) {
	key, err := pki.ECDSAP256.Generate()
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ others, linked int }{{candidatesOfKey - 1, 1}, {candidatesOfKey, 0}} {
		c, x := fixture(t, pki.ECDSAP256)
		drop := func(name, host string) {
			entry, err := plain(key, host)
			if err == nil {
				err = dropFast(x, name, entry)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		drop("asked", "r0.example")
		for i := range test.others {
			drop(fmt.Sprintf("other%d", i), fmt.Sprintf("other%d.example", i))
		}
		text := signedBy(t, c, time.Now(), key.Public())
		if err := os.WriteFile(filepath.Join(x.Path(), "outbox", "lost.crt"), text, 0o644); err != nil {
			t.Fatal(err)
		}
		r, err := Recover(t.Context(), c, x)
		if err != nil || r.Taken != 1 || r.Linked > test.linked || test.linked == 1 && r.Linked != 1 {
			t.Errorf("beside %d others: %+v, %v", test.others, r, err)
		}
	}
}

// TestRecoverHostileOutbox: nothing that lies in an outbox stops recover, takes a name from its owner, or is believed
// without our issuer's signature.
func TestRecoverHostileOutbox(t *testing.T) {
	c, x := fixture(t, pki.ECDSAP256)
	outbox := filepath.Join(x.Path(), "outbox")
	next(t, c, x, requests(t, 1)[0])
	own, err := os.ReadFile(filepath.Join(outbox, "server.crt"))
	if err != nil {
		t.Fatal(err)
	}
	other, elsewhere := fixture(t, pki.ECDSAP256)
	next(t, other, elsewhere, requests(t, 1)[0])
	foreign, err := os.ReadFile(filepath.Join(elsewhere.Path(), "outbox", "server.crt"))
	if err != nil {
		t.Fatal(err)
	}
	lost := signedBy(t, c, time.Now(), nil)
	for name, text := range map[string][]byte{
		"foreign.crt": foreign, "junk.crt": []byte("junk"), "empty.crt": nil, "copy.crt": own,
		"large.crt":  make([]byte, 1<<20),
		"issuer.crt": c.Trust().Authorities[0].Anchor(), "chained.crt": append(append([]byte{}, lost...), foreign...),
		"server.crt":  lost, // on the name of another request
		"x.held.json": []byte(`{"status":"Held"}`), "team/deep.crt": lost,
	} {
		path := filepath.Join(outbox, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 500 {
		if err := os.WriteFile(filepath.Join(outbox, fmt.Sprintf("junk%d.crt", i)), foreign, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	shell(t, "mkfifo", filepath.Join(outbox, "fifo.crt"))
	shell(t, "ln", "-s", "/dev/zero", filepath.Join(outbox, "link.crt"))
	shell(t, "ln", "-s", "/", filepath.Join(outbox, "teamlink"))
	shell(t, "mkdir", filepath.Join(outbox, "dir.crt"))
	recovers(t, c, x, 1, 0)
	owners, err := c.Ledger().Owners(t.Context(), x.ID, []ledger.Address{{Exchange: x.ID, Name: "server"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range owners {
		if r := known(t, c, a.Request); r.Kind != ledger.KindRequest {
			t.Errorf("the name server went to %+v", r)
		}
	}
	if all, err := issued(t, c); err != nil || len(all) != 2 {
		t.Errorf("%d certificates, %v", len(all), err)
	}
}
