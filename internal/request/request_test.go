package request_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"ca-exchange/internal/pki"
	"ca-exchange/internal/refusal"
	"ca-exchange/internal/request"

	"golang.org/x/crypto/ssh"
)

func newCover() *request.Cover {
	created := time.Date(2026, 11, 23, 22, 30, 0, 0, time.UTC)
	return &request.Cover{
		Profile: "kube-apiserver", Requester: "cp1-admin", Trust: "sha256:" + strings.Repeat("ab", 32),
		Cluster: "prod", Node: "cp1", Days: 180, Created: created, Expires: created.AddDate(0, 0, 180),
		Nonce: strings.Repeat("0f", 16),
	}
}

func newKeys(t *testing.T) map[pki.KeyType]crypto.Signer {
	t.Helper()
	keys := map[pki.KeyType]crypto.Signer{}
	for kind, generate := range map[pki.KeyType]func() (crypto.Signer, error){
		pki.RSA2048:   func() (crypto.Signer, error) { return rsa.GenerateKey(rand.Reader, 2048) },
		pki.ECDSAP256: func() (crypto.Signer, error) { return ecdsa.GenerateKey(elliptic.P256(), rand.Reader) },
		pki.ECDSAP384: func() (crypto.Signer, error) { return ecdsa.GenerateKey(elliptic.P384(), rand.Reader) },
		pki.ECDSAP521: func() (crypto.Signer, error) { return ecdsa.GenerateKey(elliptic.P521(), rand.Reader) },
		pki.Ed25519: func() (crypto.Signer, error) {
			_, key, err := ed25519.GenerateKey(rand.Reader)
			return key,
				err
		},
	} {
		key, err := generate()
		if err != nil {
			t.Fatal(err)
		}
		keys[kind] = key
	}
	return keys
}

func newIdentity(t *testing.T) ssh.Signer {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromSigner(key)
	if err != nil {
		t.Fatal(err)
	}
	return signer
}

// codes gives the codes of refusals, in order.
func codes(refusals []refusal.Refusal) []refusal.Code {
	c := []refusal.Code{}
	for _, r := range refusals {
		c = append(c, r.Code)
	}
	return c
}

// What CreateRequest, EncodeRequest and SignRequest write is read back whole.
func TestRequestRoundTrip(t *testing.T) {
	names := pki.Names{DNS: []string{"cp1", "*.api.example"},
		IPs: []netip.Addr{netip.MustParseAddr("192.0.2.10"), netip.MustParseAddr("::1")}}
	for kind, key := range newKeys(t) {
		t.Run(string(kind), func(t *testing.T) {
			der, err := request.Create(key, "system:node:cp1", []string{"system:nodes", "b"}, names)
			if err != nil {
				t.Fatal(err)
			}
			cover, identity := newCover(), newIdentity(t)
			entry, err := request.Sign(request.Encode(cover, der), identity)
			if err != nil {
				t.Fatal(err)
			}
			r, refusals := request.Parse(entry, nil)
			if r == nil || len(refusals) > 0 {
				t.Fatalf("refused: %v", refusals)
			}
			spki, err := x509.MarshalPKIXPublicKey(key.Public())
			if err != nil {
				t.Fatal(err)
			}
			sum := sha256.Sum256(spki)
			switch {
			case *r.Cover != *cover:
				t.Errorf("cover %+v", r.Cover)
			case r.ID != pki.RequestID(cover.Encode(), r.CSR.Info):
				t.Errorf("id %s", r.ID)
			case r.Unsigned() || r.Signature.Fingerprint() != ssh.FingerprintSHA256(identity.PublicKey()):
				t.Errorf("signature %+v", r.Signature)
			case r.CSR.KeyType != kind || r.CSR.Fingerprint != hex.EncodeToString(sum[:]):
				t.Errorf("key %s %s", r.CSR.KeyType, r.CSR.Fingerprint)
			case !slices.Equal(r.CSR.Names.Strings(), names.Strings()):
				t.Errorf("names %v", r.CSR.Names)
			case r.CSR.Subject.String() != `O="system:nodes", O="b", CN="system:node:cp1"` &&
				r.CSR.Subject.String() != `O="b", O="system:nodes", CN="system:node:cp1"`:
				t.Errorf("subject %s", r.CSR.Subject)
			case !bytes.Equal(r.Bytes, entry) || !bytes.Equal(r.CSR.Raw, der):
				t.Error("other bytes")
			}
		})
	}
}
