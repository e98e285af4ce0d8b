package pass

import (
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"log/slog"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ca-exchange/internal/ledger"
	"ca-exchange/internal/pki"
	"ca-exchange/internal/request"
)

// TestAmbiguousStaysHeld: a held request that two certificates fit is a person's, also when it is dropped again.
func TestAmbiguousStaysHeld(t *testing.T) {
	c, x := closed(t, slog.New(slog.DiscardHandler))
	key, err := pki.ECDSAP256.Generate()
	if err != nil {
		t.Fatal(err)
	}
	entry, err := plain(key, "r0.example")
	if err != nil {
		t.Fatal(err)
	}
	dropAs(t, c, x, "asked", entry)
	for _, name := range []string{"one.crt", "two.crt"} {
		path := filepath.Join(x.Path(), "outbox", name)
		if err := os.WriteFile(path, signedBy(t, c, time.Now(), key.Public()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	recovers(t, c, x, 2, 0)
	dropAs(t, c, x, "asked", entry)
	if r := known(t, c, idOf(t, entry)); r.Status != ledger.Held {
		t.Errorf("it is %s", r.Status)
	}
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
	more, err := csrFor(key, "r0.example", "more.example")
	if err != nil {
		t.Fatal(err)
	}
	if sum := dropAs(t, c, x, "more", more); sum.Issued != 1 {
		t.Errorf("more names: %+v", sum)
	}
	now := time.Now()
	lost, err := os.ReadFile(filepath.Join(x.Path(), "outbox", "server.crt"))
	if err != nil {
		t.Fatal(err)
	}
	chain, err := pki.ParseCertificates(lost)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(entry)
	successor := request.Encode(&request.Cover{
		Profile: "server", Requester: "r0", Trust: c.Trust().Fingerprint, Replaces: pki.Fingerprint(chain[0]),
		Created: now.UTC(), Expires: now.UTC().AddDate(0, 1, 0), Nonce: strings.Repeat("0f", 16),
	}, block.Bytes)
	if sum := dropAs(t, c, x, "successor", successor); sum.Repeated != 0 || sum.Issued+sum.Held != 1 {
		t.Errorf("its successor: %+v", sum)
	}
	c.Now = func() time.Time { return now.AddDate(0, 0, 300) }
	if sum := dropAs(t, c, x, "late", entry); sum.Issued != 1 {
		t.Errorf("in its last third: %+v", sum)
	}
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

// TestRecoverMoreNames: a certificate with a name that a request does not ask for is not linked to it.
func TestRecoverMoreNames(t *testing.T) {
	key, err := pki.ECDSAP256.Generate()
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		asked  []string
		linked int
	}{{[]string{"r0.example"}, 0}, {[]string{"r0.example", "more.example"}, 1}} {
		c, x := fixture(t, pki.ECDSAP256)
		entry, err := csrFor(key, test.asked...)
		if err == nil {
			err = dropFast(x, "asked", entry)
		}
		if err != nil {
			t.Fatal(err)
		}
		text := signedAs(t, c, &x509.Certificate{
			SerialNumber: big.NewInt(7), NotBefore: time.Now(), DNSNames: []string{"r0.example", "more.example"},
		}, key.Public())
		if err := os.WriteFile(filepath.Join(x.Path(), "outbox", "lost.crt"), text, 0o644); err != nil {
			t.Fatal(err)
		}
		recovers(t, c, x, 1, test.linked)
	}
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

// TestSurveyCountsOnce: a certificate that is met again, under another name in another batch, is one certificate.
func TestSurveyCountsOnce(t *testing.T) {
	c, x := fixture(t, pki.ECDSAP256)
	path := filepath.Join(x.Path(), "outbox", "lost.crt")
	if err := os.WriteFile(path, signedBy(t, c, time.Now(), nil), 0o644); err != nil {
		t.Fatal(err)
	}
	r := &recovering{pass: newPass(c, x, newMemory(), Options{}), wanted: map[string]*wanted{}}
	for range 2 {
		if err := r.survey(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for key, w := range r.wanted {
		if w.several {
			t.Errorf("key %s has several certificates", key)
		}
	}
	if len(r.wanted) != 1 {
		t.Errorf("%d keys", len(r.wanted))
	}
}
