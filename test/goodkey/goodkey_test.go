// Package goodkey lets Let's Encrypt's key policy judge ours: what boulder refuses, we refuse.
package goodkey

import (
	"crypto"
	"crypto/x509"
	"testing"

	"github.com/letsencrypt/boulder/goodkey"

	"ca-exchange/internal/pki"
	"ca-exchange/internal/refusal"
	"ca-exchange/internal/request"
	"ca-exchange/internal/request/requesttest"
)

func policy(t *testing.T) goodkey.KeyPolicy {
	t.Helper()
	p, err := goodkey.NewPolicy(&goodkey.Config{FermatRounds: 110}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestHostile: of every hostile request whose key can be read at all, boulder's word on the key is never stricter.
func TestHostile(t *testing.T) {
	p, refused := policy(t), 0
	for _, c := range requesttest.Hostile(t) {
		csr, err := x509.ParseCertificateRequest(der(c.Entry))
		if err != nil || csr.PublicKey == nil {
			continue // the standard library, and so boulder, never gets as far as the key
		}
		if err := p.GoodKey(t.Context(), csr.PublicKey); err != nil {
			refused++
			if _, found := request.Parse(request.Encode(nil, csr.Raw), nil); !refusesKey(found) &&
				!wider(csr.PublicKey) {
				t.Errorf("%s: boulder refuses the key (%v), we say %v", c.Name, err, found)
			}
		}
	}
	t.Logf("boulder refuses %d keys of the hostile requests", refused)
	if refused == 0 {
		t.Error("boulder was asked nothing that it refuses")
	}
}

// wider: the generic profiles take two types that a public CA does not.
func wider(key crypto.PublicKey) bool {
	kind := pki.KeyTypeOf(key)
	return kind == pki.Ed25519 || kind == pki.ECDSAP521
}

func refusesKey(found []refusal.Refusal) bool {
	for _, r := range found {
		switch r.Code {
		case refusal.KeyWeak, refusal.KeyUnsupported, refusal.KeyBlocked:
			return true
		}
	}
	return false
}

// TestGood: keys as we make them please both.
func TestGood(t *testing.T) {
	p := policy(t)
	for _, kind := range pki.KubernetesKeyTypes() {
		key, err := kind.Generate()
		if err != nil {
			t.Fatal(err)
		}
		if err := p.GoodKey(t.Context(), crypto.PublicKey(key.Public())); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
	}
}
