package request

import (
	"crypto/rsa"
	"crypto/sha256"
	"sync"

	"ca-exchange/internal/refusal"
)

// testedLimit is how many RSA keys a Tested remembers at most: 128 KB of hashes.
const testedLimit = 4096

// Tested remembers RSA moduli that were found not to be prime, so that an entry that is read again does not pay for the
// exponentiation again. Of the oldest it forgets half at once. The zero value is empty and ready; it is safe for
// concurrent use.
type Tested struct {
	mu        sync.Mutex
	new, last map[[sha256.Size]byte]bool // by SHA-256 of the modulus; last is what new was before it was full
}

// Parse is the function of that name, and remembers the key's primality test. Every other check is made each time.
func (t *Tested) Parse(entry []byte, blocked Blocklist) (*Request, []refusal.Refusal) {
	return parse(entry, blocked, t)
}

// Knows reports whether a key was tested and not refused. A nil Tested knows none.
func (t *Tested) Knows(key *rsa.PublicKey) bool {
	if t == nil {
		return false
	}
	hash := sha256.Sum256(key.N.Bytes())
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.last[hash] {
		t.add(hash) // it is asked for: it stays
	}
	return t.new[hash]
}

// remember notes that a key was tested and not refused.
func (t *Tested) remember(key *rsa.PublicKey) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.add(sha256.Sum256(key.N.Bytes()))
}

func (t *Tested) add(hash [sha256.Size]byte) {
	if t.new == nil || len(t.new) >= testedLimit/2 && !t.new[hash] {
		t.last, t.new = t.new, map[[sha256.Size]byte]bool{}
	}
	t.new[hash] = true
}
