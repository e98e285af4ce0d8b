package ledger

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"math/big"
	"path/filepath"
	"testing"
	"time"

	"ca-exchange/internal/pki"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func fresh(t testing.TB) *Ledger {
	t.Helper()
	l, err := Create(filepath.Join(t.TempDir(), "ledger.db"), noon)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// anID gives a request id that is another for each text.
func anID(text string) pki.ID { return pki.RequestID(nil, []byte(text)) }

// maker makes changes with real certificates: of one issuer, for one key.
type maker struct {
	testing.TB
	name   string
	issuer *x509.Certificate
	chain  []*x509.Certificate
	sign   crypto.Signer
	key    crypto.Signer
}

func newMaker(t testing.TB) *maker {
	t.Helper()
	spec := pki.IssuerSpec{Name: "ca", CommonName: "kubernetes", KeyType: pki.ECDSAP256, Days: 3650}
	issuer, sign, err := pki.CreateIssuer(spec, noon)
	must(t, err)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	return &maker{t, "ca", issuer.Certificate, nil, sign, key}
}

// leaf signs a certificate with a serial in hex.
func (m *maker) leaf(serial string) *x509.Certificate { return m.leafFrom(serial, noon) }

func (m *maker) leafFrom(serial string, begin time.Time) *x509.Certificate {
	m.Helper()
	number, err := hex.DecodeString(serial)
	must(m, err)
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: new(big.Int).SetBytes(number), Subject: pkix.Name{CommonName: "server"}, NotBefore: begin,
		NotAfter: noon.Add(time.Hour), DNSNames: []string{"server.example"},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}, m.issuer, m.key.Public(), m.sign)
	must(m, err)
	leaf, err := x509.ParseCertificate(der)
	must(m, err)
	return leaf
}

// issue is a new request that is issued a certificate, under a name of its own.
func (m *maker) issue(id pki.ID, serial string) Change {
	m.Helper()
	leaf := m.leaf(serial)
	k := described(leaf)
	k.Request, k.Origin, k.Status, k.Issuer, k.Issued = id, OriginIssued, Valid, m.name, noon
	k.Profile, k.Requester, k.Node = "server", "cp1-admin", "cp1"
	return Change{
		Request: Request{
			ID: id, Kind: KindRequest, Status: Issued, Name: "server-" + id.Short(), Profile: "server",
			Requester:      "cp1-admin",
			SSHFingerprint: "SHA256:/HD7yqXUZhus69gi0j6g6Pzqp9xA9ZpI13nqe2j6YQ4", KeyFingerprint: k.KeyFingerprint,
			Node: "cp1", Subject: k.Subject, Names: k.Names, Reason: "Issued", Authenticated: true, Size: 5,
			Serial: serial, Received: noon, Decided: noon,
		},
		Entry:       []byte("entry"),
		Certificate: &k,
		Signed:      &pki.Certificate{Leaf: leaf, Chain: m.chain, Issuer: m.issuer},
		Answers:     []Answer{{Address: Address{"x", "", "Server-" + id.Short()}, Request: id}},
		Event:       &Event{Time: noon, Kind: EventIssued, Request: id.String(), Serial: serial},
	}
}

// held is a new request that is held.
func held(id pki.ID) Change {
	return Change{
		Request: Request{ID: id, Kind: KindRequest, Status: Held, Name: "held-" + id.Short(), Reason: "SignatureAbsent",
			Size: 5, Received: noon, Decided: noon},
		Entry: []byte("entry"), Notice: []byte("notice"),
		Answers: []Answer{{Address: Address{"x", "", "held-" + id.Short()}, Request: id}},
		Event: &Event{Time: noon, Kind: EventHeld, Request: id.String(),
			Detail: map[string]string{"reason": "SignatureAbsent"}},
	}
}

// cheap makes changes for benchmarks: one template whose serial is replaced in the DER, and an entry of a usual size.
type cheap struct {
	change Change
	at     int // of the serial in the DER
	entry  []byte
}

func newCheap(t testing.TB, entry int) *cheap {
	serial := "01000000000000000000000000000000ff"
	m := newMaker(t)
	c := m.issue(anID("template"), serial)
	number, _ := hex.DecodeString(serial)
	return &cheap{c, bytes.Index(c.Signed.Leaf.Raw, number), bytes.Repeat([]byte("0123456789abcdef"), entry/16)}
}

// next gives the n-th change.
func (c *cheap) next(id pki.ID) Change {
	change := c.change
	der := bytes.Clone(change.Signed.Leaf.Raw)
	copy(der[c.at+1:], id[:16])
	k, serial := *change.Certificate, hex.EncodeToString(der[c.at:c.at+17])
	sum := sha256.Sum256(der)
	k.Serial, k.Request, k.Fingerprint = serial, id, hex.EncodeToString(sum[:])
	change.Certificate, change.Request.ID, change.Request.Serial = &k, id, serial
	change.Signed = &pki.Certificate{Leaf: &x509.Certificate{Raw: der}, Issuer: change.Signed.Issuer}
	change.Entry = c.entry
	change.Request.Name = "node-kube-apiserver-" + id.Short()
	change.Answers = []Answer{{Address: Address{"l572uqn3axbf4el2da2ktt3ugh", "", change.Request.Name}, Request: id}}
	change.Event = &Event{Time: noon, Kind: EventIssued, Request: id.String(), Serial: serial}
	return change
}
