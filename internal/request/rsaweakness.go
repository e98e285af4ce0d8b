package request

import (
	"crypto/rsa"
	"math/big"
	"math/bits"

	"github.com/titanous/rocacheck"

	"ca-exchange/internal/refusal"
)

const (
	rsaExponent = 65537
	// fermatRounds is what the CA/Browser Forum's ballot SC-073 asks for, and enough for primes that share their
	// upper half.
	fermatRounds = 110
)

// rsaWeakness names what is wrong with a modulus of an accepted size, "" when nothing is: some ten microseconds.
// A prime modulus is left to checkPrimality.
func rsaWeakness(key *rsa.PublicKey) string {
	switch {
	case key.N.Bit(0) == 0:
		return "an even modulus"
	case hasSmallFactor(key.N):
		return "a modulus with a small factor"
	case hasCloseFactors(key.N):
		return "a modulus of two primes that are close together (Fermat)"
	case rocacheck.IsWeak(key):
		return "a modulus of a broken generator (ROCA, CVE-2017-15361)"
	}
	return ""
}

// checkPrimality refuses a modulus that is one prime: then everybody can compute the private key. No test is
// cheaper than one exponentiation (3 ms for 2048 bits), so this is the very last, for keys that proved possession.
func (r *csrReader) checkPrimality(tested *Tested) {
	key, ok := r.Key.(*rsa.PublicKey)
	if !ok || tested.Knows(key) {
		return
	}
	if key.N.ProbablyPrime(0) {
		r.Add(refusal.KeyWeak, "key", "a modulus that is prime", "a modulus of two random primes")
		return
	}
	tested.remember(key)
}

// smallPrimes are the odd primes below 752, as far as trial division finds what no other test does.
var smallPrimes = [...]uint64{
	3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107, 109,
	113, 127, 131, 137, 139, 149, 151, 157, 163, 167, 173, 179, 181, 191, 193, 197, 199, 211, 223, 227, 229, 233,
	239, 241, 251, 257, 263, 269, 271, 277, 281, 283, 293, 307, 311, 313, 317, 331, 337, 347, 349, 353, 359, 367,
	373, 379, 383, 389, 397, 401, 409, 419, 421, 431, 433, 439, 443, 449, 457, 461, 463, 467, 479, 487, 491, 499,
	503, 509, 521, 523, 541, 547, 557, 563, 569, 571, 577, 587, 593, 599, 601, 607, 613, 617, 619, 631, 641, 643,
	647, 653, 659, 661, 673, 677, 683, 691, 701, 709, 719, 727, 733, 739, 743, 751,
}

// hasSmallFactor divides by as many primes at once as fit in a word.
func hasSmallFactor(n *big.Int) bool {
	for primes := smallPrimes[:]; len(primes) > 0; {
		product, taken := uint64(1), 0
		for taken < len(primes) {
			high, low := bits.Mul64(product, primes[taken])
			if high != 0 {
				break
			}
			product, taken = low, taken+1
		}
		rest := modWord(n, product)
		for _, p := range primes[:taken] {
			if rest%p == 0 {
				return true
			}
		}
		primes = primes[taken:]
	}
	return false
}

// modWord is n mod m without an allocation; n is read in halves of 32 bits, so that a word's size does not matter.
func modWord(n *big.Int, m uint64) uint64 {
	var rest uint64
	words := n.Bits()
	for i := len(words) - 1; i >= 0; i-- {
		for shift := bits.UintSize - 32; shift >= 0; shift -= 32 {
			half := uint64(words[i]>>shift) & 0xffffffff
			high, low := rest>>32, rest<<32|half
			_, rest = bits.Div64(high, low, m)
		}
	}
	return rest
}

// residue is a modulus in which few numbers are squares: about one in a hundred passes.
const residue = 64 * 63 * 65 * 11

// hasCloseFactors tries Fermat's way: n = a² − b² for an a little above √n. n = p² is the case b = 0. Whether b²
// may be a square is followed in a word; the root of a large number is taken only where it may.
func hasCloseFactors(n *big.Int) bool {
	a := new(big.Int).Sqrt(n)
	square := new(big.Int)
	if square.Mul(a, a).Cmp(n) < 0 {
		a.Add(a, big.NewInt(1))
	}
	aRest, nRest := modWord(a, residue), modWord(n, residue)
	b := new(big.Int)
	for round := range int64(fermatRounds) {
		x := (aRest + uint64(round)) % residue
		if !maybeSquare((x*x + residue - nRest) % residue) {
			continue
		}
		square.Add(a, big.NewInt(round))
		square.Mul(square, square).Sub(square, n)
		if b.Sqrt(square); b.Mul(b, b).Cmp(square) == 0 {
			return true
		}
	}
	return false
}

// maybeSquare reports whether rest is a square modulo each of residue's factors.
func maybeSquare(rest uint64) bool {
	for _, m := range [...]uint64{64, 63, 65, 11} {
		if !isSquareMod(rest%m, m) {
			return false
		}
	}
	return true
}

func isSquareMod(rest, m uint64) bool {
	for x := range m/2 + 1 {
		if x*x%m == rest {
			return true
		}
	}
	return false
}
