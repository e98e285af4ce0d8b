package e2e_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ca-exchange/internal/pki"
)

// TestPasswdKilled: passwd is killed a hundred times (outside of CI twenty times), at another moment each time.
// Afterwards the key is whole, has the old or the new passphrase, and belongs to its certificate, by openssl's word.
func TestPasswdKilled(t *testing.T) {
	long(t)
	t.Parallel()
	needs(t, "openssl")
	x := guarded(t, "--issuer", "ca")
	began := time.Now()
	x.ca(0, "passwd", "--passphrase-file", "passphrase", "--new-passphrase-file", "passphrase")
	whole := time.Since(began)
	now, next := "passphrase", "another"
	changed := 0
	kills := 8
	if os.Getenv("CI") != "" {
		kills = 100
	}
	for n := range kills {
		command := x.command("ca-admin", "passwd", "--passphrase-file", now, "--new-passphrase-file", next)
		must(t, command.Start())
		time.Sleep(whole * time.Duration(kills/2+n) / time.Duration(kills+kills/2))
		command.Process.Kill()
		command.Wait()
		switch {
		case x.opens("ca", now):
		case x.opens("ca", next):
			now, next = next, now
			changed++
		default:
			t.Fatalf("kill %d: the key has neither passphrase", n)
		}
	}
	x.ca(0, "sync", "--passphrase-file", now)
	t.Logf("the key was changed %d times when passwd was killed", changed)
}

// opens reports whether a passphrase opens a key, and the key is its certificate's.
func (x *exchange) opens(key, passphrase string) bool {
	x.Helper()
	public := exec.Command("openssl", "pkey", "-in", key+".key", "-passin", "file:../"+passphrase, "-pubout")
	public.Dir = filepath.Join(x.dir, "ca")
	out, err := public.Output()
	if err != nil {
		return false
	}
	certified := x.run(0, "openssl", "x509", "-in", filepath.Join("ca", key+".crt"), "-noout", "-pubkey")
	if string(out) != certified {
		x.Errorf("%s.key is not its certificate's", key)
	}
	return true
}

// TestPasswd: keys are encrypted, change their passphrase one by one, and are plain again as kubeadm writes them; who
// has another key in the place of an issuer's gets it back unchanged.
func TestPasswd(t *testing.T) {
	t.Parallel()
	long(t)
	needs(t, "openssl")
	x := newCluster(t, build(t))
	for name, text := range map[string]string{
		"passphrase": passphrase, "another": "another passphrase", "short": "short",
	} {
		must(t, os.WriteFile(filepath.Join(x.dir, name), []byte(text), 0o600))
	}
	plain := readText(t, filepath.Join(x.dir, "ca", "ca.key"))
	x.ca(2, "passwd")
	x.ca(1, "passwd", "--new-passphrase-file", "short")
	x.ca(2, "passwd", "--decrypt", "--new-passphrase-file", "passphrase")
	x.ca(1, "passwd", "no-such-issuer", "--new-passphrase-file", "passphrase")
	if readText(t, filepath.Join(x.dir, "ca", "ca.key")) != plain {
		t.Fatal("a passwd that failed changed the key")
	}
	x.ca(0, "passwd", "--new-passphrase-file", "passphrase")
	x.ca(0, "passwd", "etcd-ca", "--kdf", "pbkdf2", "--passphrase-file", "passphrase", "--new-passphrase-file",
		"another")
	for key, file := range map[string]string{"ca": "passphrase", "etcd/ca": "another", "front-proxy-ca": "passphrase"} {
		if !x.opens(key, file) {
			t.Errorf("%s.key is not under %s", key, file)
		}
	}
	// What was interrupted between two issuers is finished by the same command.
	x.ca(0, "passwd", "--passphrase-file", "passphrase", "--new-passphrase-file", "another")
	x.ca(0, "passwd", "--passphrase-file", "another", "--new-passphrase-file", "passphrase")
	info, err := os.Stat(filepath.Join(x.dir, "ca", "etcd", "ca.key"))
	if err != nil || info.Mode() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	x.ca(0, "passwd", "ca", "--decrypt", "--passphrase-file", "passphrase")
	if readText(t, filepath.Join(x.dir, "ca", "ca.key")) != plain {
		t.Error("the key is not as it was made")
	}
	key, err := pki.ECDSAP256.Generate()
	must(t, err)
	other, err := pki.EncodePrivateKey(key)
	must(t, err)
	file := filepath.Join(x.dir, "ca", "ca.key")
	must(t, os.WriteFile(file, other, 0o600))
	x.ca(1, "passwd", "ca", "--new-passphrase-file", "passphrase")
	if readText(t, file) != string(other) {
		t.Error("a key that is not the issuer's was changed")
	}
}

// TestKeysKeepTheirProtection: what brings keys along, or makes them, keeps a passphrase, and gives one where it is
// asked to.
func TestKeysKeepTheirProtection(t *testing.T) {
	t.Parallel()
	long(t)
	needs(t, "openssl")
	x := guarded(t)
	must(t, os.CopyFS(filepath.Join(x.dir, "pki"), os.DirFS(filepath.Join(x.dir, "ca"))))
	out := x.ca(0, "init", "--passphrase-file", "passphrase", "--import-pki", "pki", "--dir", "a", "--exchange", "xa")
	if got := x.protections("a"); got != "Encrypted Encrypted Encrypted" || strings.Contains(out, "not encrypted") {
		t.Errorf("imported: %s\n%s", got, out)
	}
	must(t, os.WriteFile(filepath.Join(x.dir, "pki", "ca.key"), x.plainKey(), 0o600))
	out = x.ca(0, "init", "--passphrase-file", "passphrase", "--import-pki", "pki", "--dir", "b", "--exchange", "xb")
	if got := x.protections("b"); got != "Plain Encrypted Encrypted" || !strings.Contains(out, saysPlain) {
		t.Errorf("imported: %s\n%s", got, out)
	}
	x.ca(0, "init", "--passphrase-file", "passphrase", "--import-pki", "pki", "--encrypt", "--dir", "c", "--exchange",
		"xc")
	if got := x.protections("c"); got != "Encrypted Encrypted Encrypted" {
		t.Errorf("imported with --encrypt: %s", got)
	}
	x.ca(0, "init", "--passphrase-file", "passphrase", "--parent-request", "--issuer", "ca", "--encrypt", "--dir", "d",
		"--exchange", "xd")
	x.run(0, "openssl", "pkey", "-in", "d/ca.key", "-passin", "file:passphrase", "-noout")
	if out := x.ca(0, "init", "--dir", "e", "--exchange", "xe"); !strings.Contains(out, saysPlain) {
		t.Errorf("a plain key is made, and nothing is said:\n%s", out)
	}
}

const saysPlain = "are not encrypted; to encrypt them: ca-admin"

// plainKey is the key of issuer ca, decrypted by openssl.
func (x *exchange) plainKey() []byte {
	x.Helper()
	return []byte(x.run(0, "openssl", "pkey", "-in", "ca/ca.key", "-passin", "file:passphrase"))
}

// protections are those of a CA directory's issuers.
func (x *exchange) protections(dir string) string {
	x.Helper()
	var status struct{ Issuers []struct{ Protection string } }
	x.decode(&status, "status", "--dir", dir, "-o", "json")
	all := ""
	for _, i := range status.Issuers {
		all += " " + i.Protection
	}
	return strings.TrimSpace(all)
}
