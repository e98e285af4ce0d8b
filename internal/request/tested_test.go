package request

import (
	"crypto/rand"
	"crypto/rsa"
	"math/big"
	"testing"

	"ca-exchange/internal/pki"
)

// TestTested: only what passed is remembered, and what is remembered is not tested again.
func TestTested(t *testing.T) {
	prime, err := rand.Prime(rand.Reader, 512)
	if err != nil {
		t.Fatal(err)
	}
	key := &rsa.PublicKey{N: prime, E: rsaExponent}
	denied := func(tested *Tested) bool {
		r := &csrReader{CSR: &CSR{Key: key}}
		r.checkPrimality(tested)
		return r.Denied()
	}
	var tested Tested
	for range 2 {
		if !denied(&tested) || tested.Knows(key) {
			t.Fatal("a prime modulus is accepted or remembered")
		}
	}
	tested.remember(key) // as if it had passed: no test finds it now
	if denied(&tested) || !denied(nil) {
		t.Error("the test is repeated, or left out without a memory")
	}
}

// TestTestedParse: Parse remembers a key, and another memory does not know it.
func TestTestedParse(t *testing.T) {
	key, err := pki.RSA2048.Generate()
	if err != nil {
		t.Fatal(err)
	}
	csr, err := Create(key, "a.example", nil, pki.Names{DNS: []string{"a.example"}})
	if err != nil {
		t.Fatal(err)
	}
	var tested, other Tested
	for range 2 {
		if r, found := tested.Parse(Encode(nil, csr), nil); r == nil || len(found) > 0 {
			t.Fatalf("refused: %v", found)
		}
	}
	public := key.Public().(*rsa.PublicKey)
	if !tested.Knows(public) || other.Knows(public) {
		t.Error("the key is not remembered, or not here alone")
	}
}

// TestTestedLimit: a stranger cannot make it grow, and what is asked for stays.
func TestTestedLimit(t *testing.T) {
	var tested Tested
	key := func(n int64) *rsa.PublicKey { return &rsa.PublicKey{N: big.NewInt(n)} }
	for n := range int64(3 * testedLimit) {
		tested.remember(key(n + 1))
		if !tested.Knows(key(1)) {
			t.Fatalf("the first is forgotten after %d", n)
		}
	}
	if size := len(tested.new) + len(tested.last); size > testedLimit || tested.Knows(key(2)) {
		t.Errorf("it remembers %d of at most %d, or the second still", size, testedLimit)
	}
}
