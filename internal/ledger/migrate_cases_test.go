package ledger

import (
	"crypto/rand"
	"crypto/x509"
	"database/sql"
	"errors"
	"math/big"
	"os"
	"testing"

	"ca-exchange/internal/pki"
)

// change edits a ledger of version 1 behind the program's back.
func change(t *testing.T, path, statement string, values ...any) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	must(t, err)
	_, err = db.Exec(statement, values...)
	must(t, errors.Join(err, db.Close()))
}

// TestMigrateIssuers: version 1 kept no root's certificate. The next certificate that it issues brings it; another
// issuer of that name, which did not sign what is there, is the next generation.
func TestMigrateIssuers(t *testing.T) {
	path := oldLedger(t)
	old := readOld(t, path)
	var issuer *pki.Certificate
	for _, answer := range old.answers {
		if path, err := pki.ParseCertificates([]byte(answer[len("Issued "):])); err == nil {
			issuer = &pki.Certificate{Leaf: path[0], Issuer: path[1]}
		}
	}
	change(t, path, "UPDATE ders SET answer = substr(answer, 1, instr(answer, ?) + 25)", "-----END CERTIFICATE-----\n")
	b := readOld(t, path)
	_, err := Migrate(path, noon, noProgress)
	must(t, err)
	l, err := Open(path)
	must(t, err)
	defer l.Close()
	b.same(t, l)
	generation := func(id string, signed *pki.Certificate) int {
		m := newMaker(t)
		m.issuer = alike(m, issuer.Issuer)
		c := m.issue(anID(id), "0"+id)
		if signed != nil {
			c.Signed.Issuer = signed.Issuer
		}
		must(t, l.Record(t.Context(), []Change{c}))
		k, ok, err := l.Certificate(t.Context(), "0"+id)
		if err != nil || !ok {
			t.Fatal(ok, err)
		}
		return k.Generation
	}
	for _, test := range []struct {
		id     string
		signed *pki.Certificate
		want   int
	}{{"1", nil, 2}, {"2", issuer, 1}, {"3", issuer, 1}, {"4", nil, 3}} {
		if got := generation(test.id, test.signed); got != test.want {
			t.Errorf("certificate %s: generation %d, want %d", test.id, got, test.want)
		}
	}
}

// alike makes an issuer of another key that has the subject of one that is there.
func alike(m *maker, other *x509.Certificate) *x509.Certificate {
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(1), RawSubject: other.RawSubject, NotBefore: noon, NotAfter: noon.AddDate(1, 0, 0),
		BasicConstraintsValid: true, IsCA: true,
	}, m.issuer, m.sign.Public(), m.sign)
	must(m, err)
	issuer, err := x509.ParseCertificate(der)
	must(m, err)
	return issuer
}

// TestMigrateKeepsCopies: a copy of another ledger is not overwritten.
func TestMigrateKeepsCopies(t *testing.T) {
	path := oldLedger(t)
	must(t, os.WriteFile(path+".v1", []byte("another"), 0o600))
	copied, err := Migrate(path, noon, noProgress)
	if err != nil || copied != path+".v1.2" {
		t.Errorf("the copy is %s, %v", copied, err)
	}
	if b, err := os.ReadFile(path + ".v1"); err != nil || string(b) != "another" {
		t.Errorf("the other copy: %q, %v", b, err)
	}
}

// TestMigrateNoticesWriters: what another process wrote after the copy was made would not be in it.
func TestMigrateNoticesWriters(t *testing.T) {
	path := oldLedger(t)
	m := migration{path: path, now: noon, rows: 10, progress: func(step string, _, _ int64) {
		if step == "keeping the copy" {
			change(t, path, "UPDATE settings SET value = value || ' '")
		}
	}}
	if _, err := m.run(); !errors.Is(err, ErrConflict) {
		t.Errorf("%v, not ErrConflict", err)
	}
	if _, err := Open(path); !errors.Is(err, ErrOldSchema) {
		t.Errorf("afterwards: %v", err)
	}
}
