package e2e_test

import (
	"bytes"
	"crypto/rand"
	"crypto/x509"
	"database/sql"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"ca-exchange/internal/pki"
)

// leaves are certificates that the exchange's issuer signed elsewhere, with the serials 1 to count, in one file.
func (x *exchange) leaves(file string, count int64) {
	x.Helper()
	text, err := os.ReadFile(filepath.Join(x.dir, "ca", "ca.key"))
	must(x.T, err)
	key, _, err := pki.ParseIssuerKey(text, nil)
	must(x.T, err)
	issuer := firstCertificate(x.T, filepath.Join(x.dir, "ca", "ca.crt"))
	var all bytes.Buffer
	for n := range count {
		name := "h" + big.NewInt(n).String() + ".example"
		der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
			SerialNumber: big.NewInt(n + 1), DNSNames: []string{name}, NotBefore: time.Now().Add(-time.Hour),
			NotAfter: time.Now().Add(time.Hour), ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		}, issuer, key.Public(), key)
		must(x.T, err)
		all.Write(pki.EncodeCertificates(&x509.Certificate{Raw: der}))
	}
	must(x.T, os.WriteFile(filepath.Join(x.dir, file), all.Bytes(), 0o600))
}

// TestImportKilled: an import that is killed in the middle and run again takes each certificate once.
func TestImportKilled(t *testing.T) {
	long(t)
	t.Parallel()
	x := newExchange(t, build(t))
	const count = 3000
	x.leaves("all.pem", count)
	db, err := sql.Open("sqlite", "file:"+filepath.Join(x.dir, "ca", "ledger.db")+"?mode=ro")
	must(t, err)
	defer db.Close()
	recorded := func() (n int) {
		must(t, db.QueryRow("SELECT count(*) FROM certificates").Scan(&n))
		return n
	}
	process := x.command("ca-admin", "import", "--pem", "all.pem")
	must(t, process.Start())
	for deadline := time.Now().Add(30 * time.Second); recorded() == 0 && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	must(t, process.Process.Kill())
	process.Wait() // killed
	before := recorded()
	if before == count {
		t.Fatal("it was faster than the kill")
	}
	var done struct{ Taken, Known int }
	x.decode(&done, "import", "--pem", "all.pem", "-o", "json")
	if done.Taken+done.Known != count || done.Known != before || recorded() != count {
		t.Errorf("%d were recorded when it was killed; then %+v, and %d are", before, done, recorded())
	}
	var events int
	must(t, db.QueryRow("SELECT count(DISTINCT about) FROM events WHERE kind = 'Imported'").Scan(&events))
	if events != count {
		t.Errorf("%d events", events)
	}
	x.ca(0, "verify")
	x.decode(&done, "import", "--pem", "all.pem", "-o", "json")
	if done.Taken != 0 || done.Known != count {
		t.Errorf("again: %+v", done)
	}
}
