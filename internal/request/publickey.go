package request

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/asn1"
	"encoding/hex"
	"math/big"
	"strconv"

	"golang.org/x/crypto/cryptobyte"
	der "golang.org/x/crypto/cryptobyte/asn1"

	"ca-exchange/internal/pki"
	"ca-exchange/internal/refusal"
)

// readKey reads the SubjectPublicKeyInfo (RFC 5280 4.1.2.7). Each key has exactly one encoding that passes:
// otherwise a blocked key would come back in another. Key stays nil where there is nothing to verify with.
func (r *csrReader) readKey(spki cryptobyte.String, blocked Blocklist) {
	r.Fingerprint = pki.SPKIFingerprint(spki)
	if blocked.has(r.Fingerprint) {
		r.Add(refusal.KeyBlocked, "key", r.Fingerprint, "a key that is not on the list")
	}
	var info, algorithm cryptobyte.String
	var oid asn1.ObjectIdentifier
	var key []byte
	if !spki.ReadASN1(&info, der.SEQUENCE) || !info.ReadASN1(&algorithm, der.SEQUENCE) ||
		!algorithm.ReadASN1ObjectIdentifier(&oid) || !info.ReadASN1BitStringAsBytes(&key) || !info.Empty() {
		r.Add(refusal.CSRMalformed, "key", "", "a SubjectPublicKeyInfo in DER (RFC 5280 4.1.2.7)")
		return
	}
	switch oid.String() {
	case "1.2.840.113549.1.1.1":
		r.readRSA(algorithm, key)
	case "1.2.840.10045.2.1":
		r.readECDSA(algorithm, key)
	case "1.3.101.112":
		r.readEd25519(algorithm, key)
	default:
		r.Add(refusal.KeyUnsupported, "key", keyName(oid.String()), "RSA, ECDSA or Ed25519")
	}
	r.KeyType = pki.KeyTypeOf(r.Key) // "" for none
}

// readRSA reads an RSAPublicKey (RFC 3279 2.3.1). The exponent is read as a number of any size, the modulus is
// measured before anything is computed with it.
func (r *csrReader) readRSA(parameters cryptobyte.String, key cryptobyte.String) {
	var numbers cryptobyte.String
	n, e := new(big.Int), new(big.Int)
	if string(parameters) != "\x05\x00" || !key.ReadASN1(&numbers, der.SEQUENCE) || !key.Empty() ||
		!numbers.ReadASN1Integer(n) || !numbers.ReadASN1Integer(e) || !numbers.Empty() || n.Sign() <= 0 {
		r.Add(refusal.CSRMalformed, "key", "RSA", "an RSAPublicKey in DER (RFC 3279 2.3.1)")
		return
	}
	public := &rsa.PublicKey{N: n, E: rsaExponent}
	if pki.KeyTypeOf(public) == "" {
		r.Add(refusal.KeyUnsupported, "key", "RSA-"+strconv.Itoa(n.BitLen()), "RSA-2048, RSA-3072 or RSA-4096")
		return
	}
	if !e.IsInt64() || e.Int64() != rsaExponent {
		r.Add(refusal.KeyWeak, "key", "exponent "+shortNumber(e), strconv.Itoa(rsaExponent))
		return
	}
	if weakness := rsaWeakness(public); weakness != "" {
		r.Add(refusal.KeyWeak, "key", weakness, "a modulus of two random primes")
		return
	}
	r.Key = public
}

// curves are those of RFC 5480 2.1.1.1 that a certificate may have a key on.
var curves = map[string]elliptic.Curve{
	"1.2.840.10045.3.1.7": elliptic.P256(),
	"1.3.132.0.34":        elliptic.P384(),
	"1.3.132.0.35":        elliptic.P521(),
}

// readECDSA reads an uncompressed point on a named curve. A curve that the key brings along is never computed on
// (CVE-2020-0601).
func (r *csrReader) readECDSA(parameters cryptobyte.String, key []byte) {
	var oid asn1.ObjectIdentifier
	if !parameters.ReadASN1ObjectIdentifier(&oid) || !parameters.Empty() {
		r.Add(refusal.KeyUnsupported, "key", "ECDSA with its own curve parameters",
			"ECDSA-P256, ECDSA-P384 or ECDSA-P521")
		return
	}
	curve, ok := curves[oid.String()]
	if !ok {
		r.Add(refusal.KeyUnsupported, "key", keyName(oid.String()), "ECDSA-P256, ECDSA-P384 or ECDSA-P521")
		return
	}
	public, err := ecdsa.ParseUncompressedPublicKey(curve, key)
	if err != nil {
		r.Add(refusal.KeyWeak, "key", err.Error(), "an uncompressed point on "+curve.Params().Name)
		return
	}
	r.Key = public
}

// readEd25519 reads 32 octets (RFC 8410 4).
func (r *csrReader) readEd25519(parameters cryptobyte.String, key []byte) {
	switch {
	case !parameters.Empty() || len(key) != ed25519.PublicKeySize:
		r.Add(refusal.CSRMalformed, "key", "Ed25519", "32 octets without parameters (RFC 8410 4)")
	case smallOrder(key):
		r.Add(refusal.KeyWeak, "key", "a point of small order", "a point of the prime-order group")
	default:
		r.Key = ed25519.PublicKey(key)
	}
}

// smallOrders are the y coordinates, in hex as they are encoded, of the eight points whose order divides the
// cofactor, reduced or not: with such a key one signature fits every message.
var smallOrders = [...]string{
	"0000000000000000000000000000000000000000000000000000000000000000",
	"0100000000000000000000000000000000000000000000000000000000000000",
	"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
	"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
	"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", // p−1
	"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", // p, that is 0
	"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", // p+1, that is 1
}

func smallOrder(key []byte) bool {
	y := [ed25519.PublicKeySize]byte(key)
	y[31] &= 0x7f // the sign of x
	for _, small := range smallOrders {
		if hex.EncodeToString(y[:]) == small {
			return true
		}
	}
	return false
}

// keyName puts a name to the refused algorithms and curves that people meet.
func keyName(oid string) string {
	names := map[string]string{
		"1.2.840.10040.4.1":     "DSA",
		"1.2.840.113549.1.1.10": "RSA bound to PSS",
		"1.2.840.113549.1.1.7":  "RSA bound to OAEP",
		"1.2.840.113549.1.3.1":  "Diffie-Hellman",
		"1.3.101.110":           "X25519",
		"1.3.101.111":           "X448",
		"1.3.101.113":           "Ed448",
		"1.2.840.10045.3.1.1":   "P-192",
		"1.3.132.0.33":          "P-224",
		"1.3.132.0.10":          "secp256k1",
		"1.3.36.3.3.2.8.1.1.3":  "brainpoolP192r1",
		"1.3.36.3.3.2.8.1.1.5":  "brainpoolP224r1",
		"1.3.36.3.3.2.8.1.1.7":  "brainpoolP256r1",
		"1.3.36.3.3.2.8.1.1.11": "brainpoolP384r1",
		"1.3.36.3.3.2.8.1.1.13": "brainpoolP512r1",
		"1.2.156.10197.1.301":   "SM2",
	}
	if name, ok := names[oid]; ok {
		return name
	}
	return oid
}

func shortNumber(n *big.Int) string {
	if n.BitLen() > 64 {
		return "of " + strconv.Itoa(n.BitLen()) + " bits"
	}
	return n.String()
}
