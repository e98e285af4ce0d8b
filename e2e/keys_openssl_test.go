package e2e_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ca-exchange/internal/pki"
)

// TestKeysAndOpenSSL: openssl reads every key that is encrypted here, of every type and with either KDF, and sees the
// parameters that docs/keys.md names; what openssl encrypts is read here. A wrong passphrase opens neither.
func TestKeysAndOpenSSL(t *testing.T) {
	long(t)
	t.Parallel()
	needs(t, "openssl")
	x := &exchange{T: t, dir: t.TempDir(), bin: build(t)}
	passphrase := []byte("correct horse, größer")
	must(t, os.WriteFile(filepath.Join(x.dir, "right"), append(passphrase, '\n'), 0o600))
	must(t, os.WriteFile(filepath.Join(x.dir, "wrong"), []byte("battery staple\n"), 0o600))
	parameters := map[pki.KDF][]string{
		pki.Scrypt: {"PBES2", "aes-256-cbc", "1.3.6.1.4.1.11591.4.11", "INTEGER           :4000",
			"INTEGER           :08", "INTEGER           :05"},
		pki.PBKDF2: {"PBES2", "aes-256-cbc", "hmacWithSHA256", "INTEGER           :0927C0"},
	}
	types := []pki.KeyType{pki.RSA2048, pki.ECDSAP256, pki.ECDSAP384, pki.ECDSAP521, pki.Ed25519}
	if os.Getenv("CI") == "" {
		types = types[:2]
	}
	for _, keyType := range types {
		key, err := keyType.Generate()
		must(t, err)
		public, err := pki.EncodePublicKey(key.Public())
		must(t, err)
		for kdf, want := range parameters {
			text, err := pki.EncryptPrivateKey(key, passphrase, kdf)
			must(t, err)
			must(t, os.WriteFile(filepath.Join(x.dir, "ours.key"), text, 0o600))
			if got := x.run(0, "openssl", "pkey", "-in", "ours.key", "-passin", "file:right", "-pubout"); got !=
				string(public) {
				t.Errorf("%s, %s: openssl reads %s", keyType, kdf, got)
			}
			x.run(1, "openssl", "pkey", "-in", "ours.key", "-passin", "file:wrong", "-noout")
			structure := x.run(0, "openssl", "asn1parse", "-in", "ours.key")
			structure = strings.ReplaceAll(structure, "scrypt", "1.3.6.1.4.1.11591.4.11")
			for _, part := range want {
				if !strings.Contains(structure, part) {
					t.Errorf("%s, %s: openssl sees no %s:\n%s", keyType, kdf, part, structure)
				}
			}
		}
		plain, err := pki.EncodePrivateKey(key)
		must(t, err)
		x.readsOpenSSL(plain, passphrase, public)
	}
}

// readsOpenSSL encrypts a plain key with openssl in each form that it writes, and reads it.
func (x *exchange) readsOpenSSL(plain, passphrase, public []byte) {
	x.Helper()
	must(x.T, os.WriteFile(filepath.Join(x.dir, "plain.key"), plain, 0o600))
	for _, form := range []string{"-scrypt", "-v2 aes-256-cbc", "-v2 aes-128-cbc -iter 100000"} {
		args := append([]string{"pkcs8", "-topk8", "-in", "plain.key", "-out", "theirs.key", "-passout", "file:right"},
			strings.Fields(form)...)
		x.run(0, "openssl", args...)
		theirs, err := os.ReadFile(filepath.Join(x.dir, "theirs.key"))
		must(x.T, err)
		key, kept, err := pki.ParseIssuerKey(theirs, func() ([]byte, error) { return passphrase, nil })
		if err != nil {
			x.Errorf("openssl pkcs8 %s: %v", form, err)
			continue
		}
		if got, err := pki.EncodePublicKey(key.Public()); err != nil || !bytes.Equal(got, public) ||
			!pki.IsEncrypted(kept) {
			x.Errorf("openssl pkcs8 %s: another key, %v", form, err)
		}
		for _, other := range []string{"battery staple", ""} {
			_, _, err := pki.ParseIssuerKey(theirs, func() ([]byte, error) { return []byte(other), nil })
			if !errors.Is(err, pki.ErrPassphrase) {
				x.Errorf("openssl pkcs8 %s, passphrase %q: %v", form, other, err)
			}
		}
	}
}
