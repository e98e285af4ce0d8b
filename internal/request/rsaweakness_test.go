package request

import (
	"crypto/rand"
	"crypto/rsa"
	"math/big"
	"testing"
)

// modWord is big.Int's Mod, for every divisor that is used.
func TestModWord(t *testing.T) {
	for range 50 {
		n, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 4096))
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range []uint64{1, 2, 3, residue, 1<<63 - 25, 1<<64 - 59} {
			want := new(big.Int).Mod(n, new(big.Int).SetUint64(m)).Uint64()
			if got := modWord(n, m); got != want {
				t.Fatalf("%d mod %d is %d, not %d", n, m, got, want)
			}
		}
	}
}

// The table of small primes is what trial division finds.
func TestSmallPrimes(t *testing.T) {
	i := 0
	for p := uint64(3); p < 752; p++ {
		if !new(big.Int).SetUint64(p).ProbablyPrime(10) {
			continue
		}
		if i == len(smallPrimes) || smallPrimes[i] != p {
			t.Fatalf("%d is missing", p)
		}
		i++
		if !hasSmallFactor(new(big.Int).Mul(new(big.Int).SetUint64(p), big.NewInt(1_000_003))) {
			t.Errorf("factor %d is not found", p)
		}
	}
	if i != len(smallPrimes) || hasSmallFactor(big.NewInt(757*761)) {
		t.Error("more than primes below 752")
	}
}

// No square is filtered out, and the filter is worth having.
func TestMaybeSquare(t *testing.T) {
	passed := 0
	for x := range uint64(100_000) {
		if !maybeSquare(x * x % residue) {
			t.Fatalf("the square of %d is lost", x)
		}
		if maybeSquare(x) {
			passed++
		}
	}
	if passed > 2000 {
		t.Errorf("%d of 100000 pass", passed)
	}
}

// Fermat's way finds factors exactly as far as its rounds go.
func TestHasCloseFactors(t *testing.T) {
	a := new(big.Int).Lsh(big.NewInt(1), 1023)
	for _, c := range []struct {
		round int64
		want  bool
	}{{0, true}, {1, true}, {fermatRounds - 1, true}, {fermatRounds + 1, false}} {
		// n = a² − b² with a² − n first a square in the round asked for: b² ≈ 2·√n·round.
		b := new(big.Int).Mul(a, big.NewInt(2*c.round))
		b.Sqrt(b)
		n := new(big.Int).Mul(a, a)
		n.Sub(n, new(big.Int).Mul(b, b))
		root := new(big.Int).Sqrt(n)
		if new(big.Int).Mul(root, root).Cmp(n) < 0 {
			root.Add(root, big.NewInt(1))
		}
		round := new(big.Int).Sub(a, root).Int64()
		if got := hasCloseFactors(n); got != c.want || c.want && round >= fermatRounds {
			t.Errorf("round %d (asked for %d): %t", round, c.round, got)
		}
	}
}

// A good key passes everything.
func TestGoodModuli(t *testing.T) {
	for range 5 {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			t.Fatal(err)
		}
		if weakness := rsaWeakness(&key.PublicKey); weakness != "" {
			t.Error(weakness)
		}
	}
}

func BenchmarkRSAWeakness(b *testing.B) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		rsaWeakness(&key.PublicKey)
	}
}
