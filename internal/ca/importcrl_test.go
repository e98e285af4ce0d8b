package ca

import (
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ca-exchange/internal/pki"
)

// crl writes a CRL of the issuer, in PEM.
func (o *old) crl(
	file string, number *big.Int, change func(*x509.RevocationList), revoked ...x509.RevocationListEntry,
) string {
	o.Helper()
	list := &x509.RevocationList{Number: number, ThisUpdate: time.Now(), NextUpdate: time.Now().Add(time.Hour),
		RevokedCertificateEntries: revoked}
	if number == nil {
		list.Number = big.NewInt(1)
	}
	if change != nil {
		change(list)
	}
	der, err := x509.CreateRevocationList(rand.Reader, list, o.issuer(), o.key)
	o.must(err)
	o.write(file, pki.EncodeCRL(der))
	return filepath.Join(o.dir, file)
}

// TestOldCRL: what the last CRL of an issuer revokes is revoked, and the number of the next one is higher than its own,
// however high that is. To import it again changes nothing.
func TestOldCRL(t *testing.T) {
	o := newOld(t)
	o.pem("a.pem", o.leaf(1), o.leaf(2), o.leaf(4))
	floor := new(big.Int).SetInt64(20_261_201_000_000)
	at, since := time.Now().AddDate(-1, 0, 0), time.Now().AddDate(-2, 0, 0).UTC().Truncate(time.Second)
	date, err := asn1.MarshalWithParams(since, "generalized")
	o.must(err)
	file := o.crl("old.crl", floor, nil, x509.RevocationListEntry{SerialNumber: big.NewInt(2), RevocationTime: at},
		x509.RevocationListEntry{SerialNumber: big.NewInt(4), RevocationTime: at, ReasonCode: 1,
			ExtraExtensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 24}, Value: date}}},
		x509.RevocationListEntry{SerialNumber: big.NewInt(9), RevocationTime: at})
	crl, err := o.ca.ReadOldCRL(file)
	o.must(err)
	o.want(o.sum(Files(filepath.Join(o.dir, "a.pem")), ImportOptions{CRL: &crl, Trial: true}),
		"taken 3, known 0, revoked 3")
	o.want(o.sum(Files(filepath.Join(o.dir, "a.pem")), ImportOptions{CRL: &crl}), "taken 3, known 0, revoked 3",
		keyKnown("01"))
	o.want(o.sum(Files(filepath.Join(o.dir, "a.pem")), ImportOptions{CRL: &crl}), "taken 0, known 3, revoked 0",
		keyKnown("01"))
	o.must(o.ca.ledger.Verify(t.Context(), 0, ""))
	state, err := o.ca.ledger.CRLState(t.Context(), o.issuer())
	next := pki.NextCRLNumber(state.Last.Number, time.Now())
	if err != nil || state.Last.Number != floor.Int64() || next <= floor.Int64() {
		t.Errorf("%+v, then %d, %v", state, next, err)
	}
	for r, err := range o.ca.ledger.Revocations(t.Context(), "04") {
		if err != nil || !r.Since.Equal(since) || r.Reason != pki.KeyCompromise || r.Time.Unix() != at.Unix() {
			t.Errorf("%+v, %v", r, err)
		}
	}
	key, err := pki.KeyFingerprint(o.leaf(4).PublicKey)
	o.must(err)
	rules, err := o.ca.Rules()
	o.must(err)
	if _, blocked := rules.Blocked[key]; !blocked {
		t.Error("the key of a compromised certificate is not blocked")
	}
}

// TestOldCRLRefused: a CRL that says nothing certain of an issuer here is refused before anything is taken.
func TestOldCRLRefused(t *testing.T) {
	o, other := newOld(t), newOld(t)
	extension := func(id ...int) func(*x509.RevocationList) {
		return func(l *x509.RevocationList) { l.ExtraExtensions = []pkix.Extension{{Id: id, Value: []byte{5, 0}}} }
	}
	other.dir = o.dir
	indirect := x509.RevocationListEntry{SerialNumber: big.NewInt(1), RevocationTime: time.Now(),
		ExtraExtensions: []pkix.Extension{{Id: []int{2, 5, 29, 29}, Critical: true, Value: []byte{5, 0}}}}
	o.write("text.crl", []byte("x"))
	for _, test := range []struct{ file, want string }{
		{other.crl("other.crl", nil, nil), `issuer "ca" did not sign it`},
		{o.crl("delta.crl", nil, extension(2, 5, 29, 27)), "its extension 2.5.29.27 says that it is not complete"},
		{o.crl("part.crl", nil, extension(2, 5, 29, 28)), "its extension 2.5.29.28 says that it is not complete"},
		{o.crl("high.crl", new(big.Int).Lsh(big.NewInt(1), 62), nil), "above what a number here can be"},
		{o.crl("indirect.crl", nil, nil, indirect), "serial 01 has the critical extension 2.5.29.29"},
		{filepath.Join(o.dir, "none.crl"), "no such file"},
		{filepath.Join(o.dir, "text.crl"), "malformed"},
	} {
		if _, err := o.ca.ReadOldCRL(test.file); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %s", test.file, err, test.want)
		}
	}
}
