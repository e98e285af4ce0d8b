package requesttest

import (
	"bytes"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"math/big"

	"ca-exchange/internal/refusal"

	"golang.org/x/crypto/ssh"
)

const (
	rsaKey, ecKey, edKey = "1.2.840.113549.1.1.1", "1.2.840.10045.2.1", "1.3.101.112"
	p256                 = "1.2.840.10045.3.1.7"
)

// rsaSPKI is an RSA key of any numbers.
func rsaSPKI(n *big.Int, e []byte) []byte {
	return seq(seq(oid(rsaKey), null()), bitString(seq(number(n), e)))
}

// number is an INTEGER that is not negative: with a zero in front where the first bit would be read as a sign.
func number(n *big.Int) []byte {
	b := n.Bytes()
	if len(b) == 0 || b[0] >= 0x80 {
		b = append([]byte{0}, b...)
	}
	return tlv(0x02, b)
}

func f4() []byte { return integer(1, 0, 1) }

// spki replaces the key; its signature cannot be right any more, and must not be what is found.
func (m *maker) spki(name string, code refusal.Code, spki []byte) {
	m.t.Helper()
	m.csr("key-"+name, code, func(t *template) { t.spki = spki })
}

// keys are of a kind, size or encoding that gets no certificate.
func (m *maker) keys() {
	m.t.Helper()
	n := m.rsa.N
	for name, kind := range map[string][]byte{
		"dsa":     seq(oid("1.2.840.10040.4.1"), seq(integer(1), integer(1), integer(1))),
		"rsa-pss": seq(oid("1.2.840.113549.1.1.10")), "rsa-oaep": seq(oid("1.2.840.113549.1.1.7")),
		"dh": seq(oid("1.2.840.113549.1.3.1"), seq(integer(1), integer(1))), "x25519": seq(oid("1.3.101.110")),
		"x448": seq(oid("1.3.101.111")), "ed448": seq(oid("1.3.101.113")),
		"p192": seq(oid(ecKey), oid("1.2.840.10045.3.1.1")), "p224": seq(oid(ecKey), oid("1.3.132.0.33")),
		"secp256k1":     seq(oid(ecKey), oid("1.3.132.0.10")),
		"brainpool-256": seq(oid(ecKey), oid("1.3.36.3.3.2.8.1.1.7")),
		"brainpool-384": seq(oid(ecKey), oid("1.3.36.3.3.2.8.1.1.11")),
		"brainpool-512": seq(oid(ecKey), oid("1.3.36.3.3.2.8.1.1.13")),
		"sm2":           seq(oid(ecKey), oid("1.2.156.10197.1.301")), "explicit-curve": seq(oid(ecKey), explicitP256()),
		"inherited-curve": seq(oid(ecKey), null()), "no-curve": seq(oid(ecKey)),
		"curve-twice": seq(oid(ecKey), oid(p256), oid(p256)), "ml-dsa": seq(oid("2.16.840.1.101.3.4.3.18")),
		"unknown": seq(oid("1.2.3.4")),
	} {
		m.spki(name, refusal.KeyUnsupported, seq(kind, bitString(bytes.Repeat([]byte{4}, 65))))
	}
	for _, bits := range []uint{512, 1024, 1536, 2047, 2049, 2056, 4088, 4104, 8192, 16384, 200000} {
		odd := new(big.Int).Add(new(big.Int).Lsh(big.NewInt(1), bits-1), big.NewInt(1))
		m.spki("rsa-"+new(big.Int).SetUint64(uint64(bits)).String(), refusal.KeyUnsupported, rsaSPKI(odd, f4()))
	}
	for name, e := range map[string][]byte{
		"0": integer(0), "1": integer(1), "2": integer(2), "3": integer(3), "17": integer(17),
		"65535": integer(0, 0xff, 0xff), "65539": integer(1, 0, 3),
		"negative": integer(0xff), "2-64": integer(1, 0, 0, 0, 0, 0, 0, 0, 0),
		"wraps": number(new(big.Int).Add(new(big.Int).Lsh(big.NewInt(1), 64), big.NewInt(65537))),
		"huge":  number(new(big.Int).Lsh(big.NewInt(1), 2000)),
	} {
		m.spki("rsa-exponent-"+name, refusal.KeyWeak, rsaSPKI(n, e))
	}
	good := seq(number(n), f4())
	for name, spki := range map[string][]byte{
		"rsa-without-null":     seq(seq(oid(rsaKey)), bitString(good)),
		"rsa-trailing-data":    seq(seq(oid(rsaKey), null()), bitString(good, null())),
		"rsa-third-number":     seq(seq(oid(rsaKey), null()), bitString(seq(number(n), f4(), f4()))),
		"rsa-no-sequence":      seq(seq(oid(rsaKey), null()), bitString(number(n), f4())),
		"rsa-modulus-zero":     rsaSPKI(new(big.Int), f4()),
		"rsa-modulus-negative": seq(seq(oid(rsaKey), null()), bitString(seq(tlv(0x02, n.Bytes()), f4()))),
		"rsa-modulus-padded":   seq(seq(oid(rsaKey), null()), bitString(seq(tlv(0x02, []byte{0, 0}, n.Bytes()), f4()))),
		"rsa-octets":           seq(seq(oid(rsaKey), null()), octets(good)),
		"three-parts":          seq(seq(oid(rsaKey), null()), bitString(good), null()),
		"no-algorithm":         seq(bitString(good)),
		"ed25519-parameters":   seq(seq(oid(edKey), null()), bitString(m.ed[32:])),
		"ed25519-short":        seq(seq(oid(edKey)), bitString(m.ed[33:])),
		"ed25519-long":         seq(seq(oid(edKey)), bitString(m.ed[32:], []byte{0})),
		"ed25519-empty":        seq(seq(oid(edKey)), bitString()),
	} {
		m.spki(name, refusal.CSRMalformed, spki)
	}
	m.points()
	m.blocked()
}

// points are curve points that a key must not be.
func (m *maker) points() {
	m.t.Helper()
	good := must(m.key.PublicKey.Bytes())(m.t)
	x, y := good[1:33], good[33:]
	p := elliptic.P256().Params().P.Bytes()
	off := bytes.Clone(good)
	off[64] ^= 1
	for name, point := range map[string][]byte{
		"off-curve": off, "compressed": append([]byte{2 + y[31]&1}, x...),
		"hybrid": append([]byte{6 + y[31]&1}, good[1:]...), "infinity": {0}, "empty": {},
		"short": good[:64], "long": append(bytes.Clone(good), 0), "zeros": append([]byte{4}, make([]byte, 64)...),
		"x-unreduced": append(append([]byte{4}, p...), y...),
	} {
		m.spki("p256-"+name, refusal.KeyWeak, seq(seq(oid(ecKey), oid(p256)), bitString(point)))
	}
	m.spki("p384-point-of-p256", refusal.KeyWeak, seq(seq(oid(ecKey), oid("1.3.132.0.34")), bitString(good)))

	// The y coordinates of the points of small order on edwards25519, and their sign bits.
	last := func(low, high byte) []byte {
		return append(append([]byte{low}, bytes.Repeat([]byte{0xff}, 30)...), high)
	}
	eighth := must(hex.DecodeString("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"))(m.t)
	for name, point := range map[string][]byte{
		"0": make([]byte, 32), "0-signed": append(make([]byte, 31), 0x80), "1": append([]byte{1}, make([]byte, 31)...),
		"1-signed": append(append([]byte{1}, make([]byte, 30)...), 0x80),
		"minus-1":  last(0xec, 0x7f), "p": last(0xed, 0x7f), "p-plus-1": last(0xee, 0x7f), "p-signed": last(0xed, 0xff),
		"order-8": eighth, "order-8-signed": append(bytes.Clone(eighth[:31]), eighth[31]|0x80),
	} {
		spki := seq(seq(oid(edKey)), bitString(point))
		m.add("key-ed25519-small-order-"+name, refusal.KeyWeak, armor(m.der(m.ed, func(t *template) { t.spki = spki })))
	}
}

// blocked is a good key that is on the blocklist.
func (m *maker) blocked() {
	m.t.Helper()
	der := must(x509.MarshalPKIXPublicKey(m.other.Public()))(m.t)
	sum := sha256.Sum256(der)
	m.add("key-blocked", refusal.KeyBlocked, armor(m.der(m.other, nil)))
	m.cases[len(m.cases)-1].Blocked = hex.EncodeToString(sum[:])
}

// explicitP256 is P-256 given by its parameters: with another generator in them, any key has a private half
// (CVE-2020-0601).
func explicitP256() []byte {
	c := elliptic.P256().Params()
	generator := append(append([]byte{4}, c.Gx.FillBytes(make([]byte, 32))...), c.Gy.FillBytes(make([]byte, 32))...)
	a := new(big.Int).Sub(c.P, big.NewInt(3))
	return seq(integer(1), seq(oid("1.2.840.10045.1.1"), number(c.P)), seq(octets(a.Bytes()), octets(c.B.Bytes())),
		octets(generator), number(c.N), integer(1))
}

// weakModuli are RSA keys of an accepted size that somebody can factor, each signed with its own private key
// where it has one.
func (m *maker) weakModuli() {
	m.t.Helper()
	p := must(rand.Prime(rand.Reader, 1024))(m.t)
	q := nextPrime(new(big.Int).Add(p, big.NewInt(2)))
	far := nextPrime(new(big.Int).Add(p, new(big.Int).Lsh(big.NewInt(1), 500)))
	for name, n := range map[string]*big.Int{
		"even": new(big.Int).Lsh(m.rsa.Primes[0], 1024), "factor-3": multiple(3), "factor-751": multiple(751),
		"square":     new(big.Int).Mul(p, p),
		"next-prime": new(big.Int).Mul(p, q), "close-primes": new(big.Int).Mul(p, far), "roca": m.roca(),
		"prime": must(rand.Prime(rand.Reader, 2048))(m.t),
	} {
		if n.BitLen() != 2048 {
			m.t.Fatalf("modulus %s has %d bits", name, n.BitLen())
		}
		m.add("key-rsa-"+name, refusal.KeyWeak, armor(m.signWith(n)))
	}
}

// signWith makes a request for a modulus whose factors are unknown here: no signature fits, and none is asked
// for before the key is refused. A prime modulus is its own factor, and gets a true signature.
func (m *maker) signWith(n *big.Int) []byte {
	m.t.Helper()
	edit := func(t *template) { t.spki, t.algorithm = rsaSPKI(n, f4()), seq(oid(sha256RSA), null()) }
	unsigned := m.der(m.key, edit)
	if !n.ProbablyPrime(10) {
		return unsigned
	}
	return m.der(m.key, func(t *template) {
		edit(t)
		d := new(big.Int).ModInverse(big.NewInt(65537), new(big.Int).Sub(n, big.NewInt(1)))
		t.signature = bitString(new(big.Int).Exp(encodePKCS1(info(unsigned), n), d, n).FillBytes(make([]byte, 256)))
	})
}

// encodePKCS1 is EMSA-PKCS1-v1_5 with SHA-256 (RFC 8017 9.2).
func encodePKCS1(message []byte, n *big.Int) *big.Int {
	sum := sha256.Sum256(message)
	digest := seq(seq(oid("2.16.840.1.101.3.4.2.1"), null()), octets(sum[:]))
	padding := bytes.Repeat([]byte{0xff}, (n.BitLen()+7)/8-3-len(digest))
	return new(big.Int).SetBytes(bytes.Join([][]byte{{0, 1}, padding, {0}, digest}, nil))
}

func nextPrime(n *big.Int) *big.Int {
	n = new(big.Int).SetBit(n, 0, 1)
	for !n.ProbablyPrime(5) {
		n.Add(n, big.NewInt(2))
	}
	return n
}

// multiple is an odd number of 2048 bits with the factor p.
func multiple(p int64) *big.Int {
	n := new(big.Int).Lsh(big.NewInt(3), 2046)
	n.Sub(n, new(big.Int).Mod(n, big.NewInt(p)))
	if n.Bit(0) == 0 {
		n.Add(n, big.NewInt(p))
	}
	return n
}

// roca has the structure of CVE-2017-15361: modulo every small prime the modulus is a power of 65537.
func (m *maker) roca() *big.Int {
	m.t.Helper()
	primorial := big.NewInt(1)
	for p, count := int64(2), 0; count < 126; p++ {
		if big.NewInt(p).ProbablyPrime(0) {
			primorial.Mul(primorial, big.NewInt(p))
			count++
		}
	}
	factor := func() *big.Int {
		power := new(big.Int).Exp(big.NewInt(65537), must(rand.Int(rand.Reader, big.NewInt(1<<40)))(m.t), primorial)
		k := new(big.Int).Lsh(big.NewInt(1), 1024)
		k.Div(k, primorial)
		for k.Sub(k, big.NewInt(2)); ; k.Sub(k, big.NewInt(1)) {
			if f := new(big.Int).Add(new(big.Int).Mul(k, primorial), power); f.ProbablyPrime(5) {
				return f
			}
		}
	}
	return new(big.Int).Mul(factor(), factor())
}

// encodedKeys are the shared private keys in the forms that tools store.
func (m *maker) encodedKeys() (pkcs8, pkcs1, sec1 []byte, openssh string) {
	m.t.Helper()
	pkcs8 = must(x509.MarshalPKCS8PrivateKey(m.key))(m.t)
	sec1 = must(x509.MarshalECPrivateKey(m.key))(m.t)
	block := must(ssh.MarshalPrivateKey(ed25519.PrivateKey(m.ed), ""))(m.t)
	return pkcs8, x509.MarshalPKCS1PrivateKey((*rsa.PrivateKey)(m.rsa)), sec1, string(pem.EncodeToMemory(block))
}
