package requesttest

import (
	"bytes"
	"crypto"

	"ca-exchange/internal/refusal"
)

// structures are requests whose outer form, algorithm or own signature is wrong.
func (m *maker) structures() {
	m.t.Helper()
	good := m.der(m.key, nil)
	for name, der := range map[string][]byte{
		"trailing-byte": append(bytes.Clone(good), 0), "trailing-element": append(bytes.Clone(good), null()...),
		"cut": good[:len(good)-1], "cut-in-half": good[:len(good)/2],
		"empty": {}, "not-a-sequence": set(good[headerLen(good):]), "number": integer(1),
		"twice":             append(bytes.Clone(good), good...),
		"indefinite-length": append(append([]byte{0x30, 0x80}, good[headerLen(good):]...), 0, 0),
		"long-length": append([]byte{0x30, 0x83, 0, byte(bodyLen(good) >> 8), byte(bodyLen(good))},
			good[headerLen(good):]...),
		"length-overflow": {0x30, 0x88, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
		"nested":          nested(4000),
	} {
		m.add("der-"+name, refusal.CSRMalformed, armor(der))
	}
	m.parts()
	m.forged(good)
	m.forgedPSS()
}

// parts are requests with one element that is wrong, absent or too much.
func (m *maker) parts() {
	m.t.Helper()
	for _, c := range []struct {
		name string
		code refusal.Code
		edit func(*template)
	}{
		{"version-1", refusal.CSRVersion, func(t *template) { t.version = integer(1) }},
		{"version-2", refusal.CSRVersion, func(t *template) { t.version = integer(2) }},
		{"version-negative", refusal.CSRVersion, func(t *template) { t.version = integer(0xff) }},
		{"version-long", refusal.CSRMalformed, func(t *template) { t.version = integer(0, 0) }},
		{"version-huge", refusal.CSRMalformed, func(t *template) { t.version = integer(1, 0, 0, 0, 0, 0, 0, 0, 0, 0) }},
		{"version-absent", refusal.CSRMalformed, func(t *template) { t.version = nil }},
		{"subject-absent", refusal.CSRMalformed, func(t *template) { t.subject = nil }},
		{"key-absent", refusal.CSRMalformed, func(t *template) { t.spki = nil }},
		{"more-behind-attributes", refusal.CSRMalformed, func(t *template) { t.more = null() }},
		{"more-behind-signature", refusal.CSRMalformed, func(t *template) { t.behind = null() }},
		{"signature-absent", refusal.CSRMalformed, func(t *template) { t.signature = []byte{} }},
		{"signature-empty", refusal.CSRSignature, func(t *template) { t.signature = bitString() }},
		{"signature-zeros", refusal.CSRSignature,
			func(t *template) { t.signature = bitString(seq(integer(0), integer(0))) }},
		{"signature-ones", refusal.CSRSignature,
			func(t *template) { t.signature = bitString(seq(integer(1), integer(1))) }},
		{"signature-octets", refusal.CSRMalformed, func(t *template) { t.signature = octets([]byte{0, 1}) }},
		{"signature-odd-bits", refusal.CSRMalformed, func(t *template) { t.signature = tlv(0x03, []byte{4, 0xf0}) }},
		{"signature-constructed", refusal.CSRMalformed,
			func(t *template) { t.signature = tlv(0x23, bitString([]byte{1})) }},
		{"algorithm-absent", refusal.CSRMalformed, func(t *template) { t.algorithm = nil }},
		{"algorithm-empty", refusal.CSRMalformed, func(t *template) { t.algorithm = seq() }},
		{"algorithm-with-null", refusal.CSRAlgorithm,
			func(t *template) { t.algorithm = seq(oid(sha256ECDSA), null()) }},
		{"algorithm-of-other-hash", refusal.CSRSignature, func(t *template) { t.algorithm = seq(oid(sha384ECDSA)) }},
		{"algorithm-of-other-key", refusal.CSRSignature,
			func(t *template) { t.algorithm = seq(oid(sha256RSA), null()) }},
		{"algorithm-sha1-ecdsa", refusal.CSRAlgorithm,
			func(t *template) { t.algorithm = seq(oid("1.2.840.10045.4.1")) }},
		{"algorithm-sha224-ecdsa", refusal.CSRAlgorithm,
			func(t *template) { t.algorithm = seq(oid("1.2.840.10045.4.3.1")) }},
		{"algorithm-unknown", refusal.CSRAlgorithm, func(t *template) { t.algorithm = seq(oid("1.2.3.4")) }},
		{"algorithm-none", refusal.CSRAlgorithm, func(t *template) { t.algorithm = seq(oid("1.3.6.1.5.5.7.6.2")) }},
	} {
		m.csr(c.name, c.code, c.edit)
	}
}

// forged are requests whose signature is good for something else.
func (m *maker) forged(good []byte) {
	m.t.Helper()
	m.csr("signature-by-other-key", refusal.CSRSignature,
		func(t *template) { t.signature = bitString(m.sign(m.other, info(good))) })
	m.csr("signature-of-other-request", refusal.CSRSignature, func(t *template) {
		t.subject, t.signature = seq(rdn(commonName, "other")), bitString(m.sign(m.key, info(good)))
	})
	flipped := bytes.Clone(good)
	flipped[len(flipped)-1] ^= 1
	m.add("signature-bit-flipped", refusal.CSRSignature, armor(flipped))
	renamed := bytes.Replace(good, []byte("web.example"), []byte("api.example"), 1)
	m.add("name-edited", refusal.CSRSignature, armor(renamed))

	// Real signatures by weak hashes: refused for the hash, not because they would not verify.
	for name, c := range map[string]struct {
		oid  string
		hash crypto.Hash
	}{
		"md5": {"1.2.840.113549.1.1.4", crypto.MD5}, "sha1": {"1.2.840.113549.1.1.5", crypto.SHA1},
		"sha224": {"1.2.840.113549.1.1.14", crypto.SHA224},
	} {
		edit := func(t *template) { t.algorithm = seq(oid(c.oid), null()) }
		unsigned := m.der(m.rsa, edit)
		signature := bitString(m.signHash(m.rsa, info(unsigned), c.hash))
		m.add("algorithm-"+name+"-rsa", refusal.CSRAlgorithm,
			armor(m.der(m.rsa, func(t *template) { edit(t); t.signature = signature })))
	}
	for name, algorithm := range map[string][]byte{
		"without-null": seq(oid(sha256RSA)), "pss": seq(oid("1.2.840.113549.1.1.10"), seq()),
		"unknown-parameters": seq(oid(sha256RSA), integer(0)),
	} {
		m.add("algorithm-rsa-"+name, refusal.CSRAlgorithm,
			armor(m.der(m.rsa, func(t *template) { t.algorithm = algorithm })))
	}
}

// nested is a sequence in a sequence, and so on: a parser that recurses would run out of stack.
func nested(depth int) []byte {
	var element []byte
	for range depth {
		element = seq(element)
	}
	return element
}

// forgedPSS have parameters that are too weak, contradict themselves, or are not those of the signature.
func (m *maker) forgedPSS() {
	m.t.Helper()
	const sha1OID = "1.3.14.3.2.26"
	mask := func(kind string, hash []byte) []byte { return inside(1, seq(oid(kind), hash)) }
	hash, salt := seq(oid(sha256OID), null()), inside(2, integer(32))
	parameters := func(fields ...[]byte) []byte { return seq(oid("1.2.840.113549.1.1.10"), seq(fields...)) }
	mgf := mask("1.2.840.113549.1.1.8", hash)
	for name, algorithm := range map[string][]byte{
		"sha1":        pss(sha1OID, sha1OID, 20),
		"mask-sha1":   pss(sha256OID, sha1OID, 32),
		"mask-sha512": pss(sha256OID, sha512OID, 32),
		"salt-0":      pss(sha256OID, sha256OID, 0),
		"salt-absent": parameters(inside(0, hash), mgf),
		"mask-absent": parameters(inside(0, hash), salt),
		"mask-other":  parameters(inside(0, hash), mask("1.2.3.4", hash), salt),
		"mask-trailing": parameters(inside(0, hash), inside(1, seq(oid("1.2.840.113549.1.1.8"), hash), null()),
			salt),
		"mask-two-hashes":  parameters(inside(0, hash), inside(1, seq(oid("1.2.840.113549.1.1.8"), hash, hash)), salt),
		"hash-trailing":    parameters(inside(0, hash, null()), mgf, salt),
		"hash-parameters":  parameters(inside(0, seq(oid(sha256OID), integer(1))), mgf, salt),
		"salt-trailing":    parameters(inside(0, hash), mgf, inside(2, integer(32), null())),
		"trailer":          parameters(inside(0, hash), mgf, salt, inside(3, integer(2))),
		"trailing-element": seq(oid("1.2.840.113549.1.1.10"), seq(inside(0, hash), mgf, salt), null()),
		"no-parameters":    seq(oid("1.2.840.113549.1.1.10")),
	} {
		m.add("pss-"+name, refusal.CSRAlgorithm, m.signedPSS(algorithm, crypto.SHA256, 32))
	}
	right := pss(sha256OID, sha256OID, 32)
	m.add("pss-other-salt", refusal.CSRSignature, m.signedPSS(right, crypto.SHA256, 20))
	m.add("pss-other-hash", refusal.CSRSignature, m.signedPSS(right, crypto.SHA512, 32))
	m.csr("pss-of-ecdsa-key", refusal.CSRSignature, func(t *template) { t.algorithm = right })
	m.add("pss-pkcs1-signature", refusal.CSRSignature, armor(m.der(m.rsa, func(t *template) { t.algorithm = right })))
}
