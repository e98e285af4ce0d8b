package request_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"ca-exchange/internal/pki"
	"ca-exchange/internal/refusal"
	"ca-exchange/internal/request"

	"golang.org/x/crypto/ssh"
)

// keyText is an Ed25519 key in OpenSSH's form, whose comment makes it as long as wanted.
func keyText(t *testing.T, comment int) []byte {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(key, strings.Repeat("x", comment))
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(block)
}

// dsaKey is a key of a kind that signs nothing here; its numbers mean nothing.
func dsaKey(t *testing.T) []byte {
	t.Helper()
	der, err := asn1.Marshal(struct{ Version, P, Q, G, Y, X int }{0, 23, 11, 4, 8, 3})
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "DSA PRIVATE KEY", Bytes: der})
}

// What is spent on the keys in one entry is bounded, and each is named once.
func TestPrivateKeyFingerprintsAreBounded(t *testing.T) {
	one := keyText(t, 0)
	var many []byte
	for range 10 {
		many = append(many, keyText(t, 0)...)
	}
	for name, test := range map[string]struct {
		entry []byte
		want  int
	}{
		"one": {one, 1}, "the same twice": {bytes.Repeat(one, 2), 1}, "ten": {many, 8},
		"a long one": {keyText(t, 5000), 0},
		"none":       {[]byte("text\n"), 0},
		"DSA":        {dsaKey(t), 0},
		"a label without a key": {append([]byte("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"),
			one...), 1},
		"beside a certificate": {append([]byte("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
			one...), 1},
	} {
		if got := request.PrivateKeyFingerprints(test.entry); len(got) != test.want {
			t.Errorf("%s: %d fingerprints, expected %d", name, len(got), test.want)
		}
	}
}

// A megabyte of BEGINs on one line is looked through once, and a key behind it is found.
func TestHoldsPrivateKeyInLargeFiles(t *testing.T) {
	flood := bytes.Repeat([]byte("-BEGIN "), 1<<20/7)
	start := time.Now()
	if request.HoldsPrivateKey(flood) {
		t.Error("a flood of BEGINs is a key")
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("a megabyte took %s", took)
	}
	if !request.HoldsPrivateKey(append(append(flood, '\n'), keyText(t, 0)...)) {
		t.Error("a key behind a megabyte is not found")
	}
	if request.HoldsPrivateKey([]byte("-----BEGIN X\nPRIVATE KEY")) {
		t.Error("text on the next line is a label")
	}
}

// A key that nobody would believe signs no request, and a token that fails is an error.
func TestSignRefuses(t *testing.T) {
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	public, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for want, key := range map[string]crypto.Signer{
		"an RSA key that signs requests has 2048 to 8192 bits": weak,
		"signing a request: unplugged":                         failingKey{public},
	} {
		signer, err := ssh.NewSignerFromSigner(key)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := request.Sign([]byte("entry"), signer); err == nil || err.Error() != want {
			t.Errorf("%v, not %s", err, want)
		}
	}
}

// Create reports what the standard library does not take, and writes names as certificates have them.
func TestCreateErrors(t *testing.T) {
	p224, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p256, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := request.Create(p256, "web", nil, pki.Names{URIs: []string{"https://web/%zz"}}); err == nil {
		t.Error("a URI that does not parse is taken")
	}
	if _, err := request.Create(p224, "web", nil, pki.Names{}); err == nil {
		t.Error("a P-224 key is taken")
	}
	if _, err := request.Create(failingKey{p256.Public()}, "web", nil, pki.Names{}); err == nil {
		t.Error("a key that does not sign makes a request")
	}
	der, err := request.Create(p256, "web", nil, pki.Names{DNS: []string{"WEB.example"}})
	if err != nil {
		t.Fatal(err)
	}
	if r, found := request.Parse(request.Encode(nil, der), nil); r == nil || refusal.Worst(found) != refusal.Issue {
		t.Errorf("a name with capitals: %v", found)
	}
}

type failingKey struct{ public crypto.PublicKey }

func (k failingKey) Public() crypto.PublicKey { return k.public }
func (failingKey) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	return nil, errors.New("unplugged")
}
