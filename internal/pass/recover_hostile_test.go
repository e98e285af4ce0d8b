package pass

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"ca-exchange/internal/ca"
	"ca-exchange/internal/ledger"
	"ca-exchange/internal/pki"
)

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
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<60))
	if err != nil {
		t.Fatal(err)
	}
	return signedAs(t, c, &x509.Certificate{
		SerialNumber: serial.Add(serial, big.NewInt(1)), NotBefore: begin, DNSNames: []string{"r0.example"},
	}, key)
}

func signedAs(t *testing.T, c *ca.CA, template *x509.Certificate, key crypto.PublicKey) []byte {
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
	template.Subject, template.NotAfter = pkix.Name{CommonName: "r0.example"}, template.NotBefore.AddDate(2, 0, 0)
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	der, err := x509.CreateCertificate(rand.Reader, template, c.Trust().Authorities[0].Certificate, key, signer)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return pki.EncodeCertificates(leaf)
}

// TestRecoverSerialTwice: certificates that the ledger cannot take, here second ones of a serial, keep no others out.
func TestRecoverSerialTwice(t *testing.T) {
	c, x := fixture(t, pki.ECDSAP256)
	for i, serial := range []int64{7, 7, 8, 9} {
		text := signedAs(t, c, &x509.Certificate{
			SerialNumber: big.NewInt(serial), NotBefore: time.Now(), DNSNames: []string{"r0.example"},
		}, nil)
		path := filepath.Join(x.Path(), "outbox", fmt.Sprintf("lost%d.crt", i))
		if err := os.WriteFile(path, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if r := recovers(t, c, x, 3, 0); len(r.Problems) == 0 {
		t.Errorf("%+v: the fourth is not reported", r)
	}
}

// TestRecoverHostileOutbox: nothing that lies in an outbox stops recover, takes a name from its owner, or is believed
// without our issuer's signature.
func TestRecoverHostileOutbox(t *testing.T) {
	t.Parallel()
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
		"server.crt":  signedBy(t, c, time.Now(), nil), // on the name of another request
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
	recovers(t, c, x, 2, 0)
	owners, err := c.Ledger().Owners(t.Context(), x.ID, []ledger.Address{{Exchange: x.ID, Name: "server"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range owners {
		if r := known(t, c, a.Request); r.Kind != ledger.KindRequest {
			t.Errorf("the name server went to %+v", r)
		}
	}
	if all, err := issued(t, c); err != nil || len(all) != 3 {
		t.Errorf("%d certificates, %v", len(all), err)
	}
}
