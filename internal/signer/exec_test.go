package signer

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// opensslSign is a signer program over a key file: pkeyutl, as a token behind it would be.
const opensslSign = `read -r line
echo "$line" >"$(dirname "$0")/order"
field() { printf %%s "$line" | sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"; }
field digest | openssl base64 -d -A >"$(dirname "$0")/digest"
openssl pkeyutl -sign -inkey %s -pkeyopt digest:%s -in "$(dirname "$0")/digest" | openssl base64 -A
`

// program writes a signer program, and makes the signer of it.
func program(t *testing.T, key crypto.Signer, body string, args ...string) (*Exec, string) {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "sign")
	must(t, os.WriteFile(file, []byte("#!/bin/sh\n"+body), 0o755))
	e, err := NewExec("etcd-ca", append([]string{file}, args...), key.Public(), func(string) error { return nil })
	must(t, err)
	return e, dir
}

func keyFile(t *testing.T, key crypto.Signer) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	must(t, err)
	file := filepath.Join(t.TempDir(), "key")
	must(t, os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600))
	return file
}

// TestExec: a program signs certificates that openssl verifies, and reads one order for each.
func TestExec(t *testing.T) {
	t.Parallel()
	keys := testKeys(t)
	for kind, algorithm := range map[string]string{
		"P-256": "ECDSA-SHA256", "P-384": "ECDSA-SHA384", "RSA": "RSA-SHA256",
	} {
		hash := strings.ToLower(algorithm[strings.LastIndex(algorithm, "-")+1:])
		e, dir := program(t, keys[kind], fmt.Sprintf(opensslSign, keyFile(t, keys[kind]), hash))
		if _, err := certified(t, e); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
		order, err := os.ReadFile(filepath.Join(dir, "order"))
		must(t, err)
		digest, err := os.ReadFile(filepath.Join(dir, "digest"))
		must(t, err)
		want := fmt.Sprintf(`{"issuer":"etcd-ca","algorithm":%q,"digest":"`, algorithm)
		if !strings.HasPrefix(string(order), want) || len(digest) != e.algorithm.hash.Size() {
			t.Errorf("%s: the order is %s", kind, order)
		}
	}
	if _, err := NewExec("ca", []string{"/bin/true"}, keys["Ed25519"].Public(), nil); err == nil ||
		!strings.Contains(err.Error(), "use an agent") {
		t.Errorf("Ed25519: %v", err)
	}
}

// TestExecRefused: what a program does instead of signing is said, and nothing of it is a signature.
func TestExecRefused(t *testing.T) {
	t.Parallel()
	key, other := testKeys(t)["P-256"].(*ecdsa.PrivateKey), testKeys(t)["P-256"]
	for _, c := range []struct {
		name, body string
		kind       error
		want       string
	}{
		{"fails", "echo CKR_PIN_INCORRECT >&2; exit 3", ErrUnavailable, `exit status 3: "CKR_PIN_INCORRECT"`},
		{"says nothing", "cat >/dev/null", ErrWrong, "does not fit the issuer's public key"},
		{"no base64", "cat >/dev/null; echo ???", ErrWrong, "illegal base64"},
		{"another key", fmt.Sprintf(opensslSign, keyFile(t, other), "sha256"), ErrWrong, "does not fit"},
		{"endless", "exec cat /dev/zero", ErrUnavailable, "no signature within"},
		{"escapes", "printf '\\033[2J' >&2; exit 1", ErrUnavailable, `"\x1b[2J"`},
		{"ends before it reads", "exit 0", ErrWrong, "does not fit"},
	} {
		e, _ := program(t, key, c.body)
		if e.limit = 10 * time.Second; c.name == "endless" {
			e.limit = 200 * time.Millisecond
		}
		signature, err := e.Sign(rand.Reader, make([]byte, 32), crypto.SHA256)
		if signature != nil || !errors.Is(err, c.kind) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %x, %v", c.name, signature, err)
		}
	}
	e, _ := program(t, key, "true")
	if _, err := e.Sign(rand.Reader, make([]byte, 48), crypto.SHA384); err == nil {
		t.Error("a P-256 key signed with SHA-384")
	}
	e.check = func(program string) error { return fmt.Errorf("others may write %s", program) }
	if _, err := e.Sign(rand.Reader, make([]byte, 32), crypto.SHA256); !errors.Is(err, ErrUnavailable) ||
		!strings.Contains(err.Error(), "others may write") {
		t.Errorf("%v", err)
	}
}

// TestExecTimeout: a program that is too slow ends with all that it started.
func TestExecTimeout(t *testing.T) {
	t.Parallel()
	key := testKeys(t)["P-256"]
	e, dir := program(t, key, `(sleep 1; touch "$(dirname "$0")/survived") & sleep 60`)
	e.limit = 200 * time.Millisecond
	begun := time.Now()
	_, err := e.Sign(rand.Reader, make([]byte, 32), crypto.SHA256)
	if !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "no signature within 200ms") {
		t.Errorf("%v", err)
	}
	if took := time.Since(begun); took > 5*time.Second {
		t.Errorf("it took %s", took)
	}
	time.Sleep(1200 * time.Millisecond)
	if _, err := os.Stat(filepath.Join(dir, "survived")); err == nil {
		t.Error("a child outlived its program")
	}
}

// TestExecEnvironment: the program keeps the environment, but looks for its commands in the system's directories.
func TestExecEnvironment(t *testing.T) {
	t.Setenv("PATH", "/tmp/evil:"+os.Getenv("PATH"))
	t.Setenv("SOFTHSM2_CONF", "/etc/softhsm2.conf")
	e, dir := program(t, testKeys(t)["P-256"], `/usr/bin/env >"$(dirname "$0")/environment"; cat >/dev/null`)
	e.Sign(rand.Reader, make([]byte, 32), crypto.SHA256)
	text, err := os.ReadFile(filepath.Join(dir, "environment"))
	must(t, err)
	kept := strings.Contains(string(text), "SOFTHSM2_CONF=/etc/softhsm2.conf\n")
	if !kept || strings.Contains(string(text), "/tmp/evil") {
		t.Errorf("%s", text)
	}
}
