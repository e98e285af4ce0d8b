package requesttest

import (
	"crypto"
	"math/big"
	"strings"
)

// goodAttributes are never copied, whatever they say and however often they occur.
func (m *maker) goodAttributes() {
	m.t.Helper()
	names := asking(sans(dns("web.example")))
	password := seq(oid("1.2.840.113549.1.9.7"), set(text(tagUTF8, "secret")))
	for name, attributes := range map[string][]byte{
		"private":        inside(0, names, seq(oid("1.3.6.1.4.1.34380.1.2.1.1"), set(text(tagUTF8, "secret")))),
		"null":           inside(0, seq(oid("1.2.3.4"), set(null())), names),
		"no-value":       inside(0, names, seq(oid("1.2.3.4"), set())),
		"password-twice": inside(0, password, names, password),
		"password-two-values": inside(0, names, seq(oid("1.2.840.113549.1.9.7"),
			set(text(tagUTF8, "a"), text(tagUTF8, "b")))),
		"renewal": inside(0, names, seq(oid("1.3.6.1.4.1.311.13.1"), set(seq()))),
	} {
		m.csr("attribute-"+name, "", func(t *template) { t.attributes = attributes })
	}
}

// goodSubjects are what old and careless tools write beside the common name, and around it.
func (m *maker) goodSubjects() {
	m.t.Helper()
	cn := rdn(commonName, "web")
	beside := func(kind string, value []byte) []byte { return seq(cn, set(attribute(kind, value))) }
	for name, subject := range map[string][]byte{
		"country-unknown":        beside(country, text(tagPrintable, "Unknown")),
		"country-lower-case":     beside(country, text(tagUTF8, "de")),
		"unit-empty":             beside(unit, text(tagPrintable, "")),
		"unit-long":              beside(unit, text(tagUTF8, strings.Repeat("u", 256))),
		"unit-teletex":           beside(unit, text(tagTeletex, "M\xfcller")),
		"unit-broken-utf8":       beside(unit, text(tagUTF8, "M\xfcller")),
		"unit-integer":           beside(unit, integer(7)),
		"unit-constructed":       beside(unit, seq(text(tagUTF8, "x"))),
		"unit-surrogates":        beside(unit, text(tagBMP, "\xd8\x3d\xde\x00")),
		"unit-beyond-unicode":    beside(unit, text(tagUniversal, "\x00\x11\x00\x00")),
		"unit-long-octets":       beside(unit, octets(make([]byte, 200))),
		"email-utf8":             beside("1.2.840.113549.1.9.1", text(tagIA5, "röot@web.example")),
		"locality-bits":          beside("2.5.4.7", bitString([]byte("\x1b[2J"))),
		"organization-ampersand": beside(organization, text(tagPrintable, "AT&T")),
		"organization-at-sign":   beside(organization, text(tagPrintable, "a@b")),
		"organization-blank":     beside(organization, text(tagUTF8, "ACME\u00a0GmbH")),
		"organization-teletex":   beside(organization, text(tagTeletex, "M\xfcller")),
		"organization-empty":     beside(organization, text(tagUTF8, "")),
		"name-underscore":        seq(set(attribute(commonName, text(tagPrintable, "web_1")))),
		"name-wildcard":          seq(set(attribute(commonName, text(tagPrintable, "*.web.example")))),
		"name-blanks":            seq(rdn(commonName, " web\u00a0")),
	} {
		m.csr("subject-"+name, "", func(t *template) { t.subject = subject })
	}
}

// pss is the AlgorithmIdentifier of RSASSA-PSS with the hashes and the salt given.
func pss(hash, maskHash string, salt int64) []byte {
	return seq(oid("1.2.840.113549.1.1.10"), seq(
		inside(0, seq(oid(hash), null())),
		inside(1, seq(oid("1.2.840.113549.1.1.8"), seq(oid(maskHash), null()))),
		inside(2, number(big.NewInt(salt)))))
}

// signedPSS is a request with a PSS signature of the RSA key.
func (m *maker) signedPSS(algorithm []byte, hash crypto.Hash, salt int) []byte {
	m.t.Helper()
	edit := func(t *template) { t.algorithm = algorithm }
	signature := bitString(m.signSalted(info(m.der(m.rsa, edit)), hash, salt))
	return armor(m.der(m.rsa, func(t *template) { edit(t); t.signature = signature }))
}

const sha256OID, sha384OID, sha512OID = "2.16.840.1.101.3.4.2.1", "2.16.840.1.101.3.4.2.2", "2.16.840.1.101.3.4.2.3"

// goodPSS are signatures of an ordinary RSA key with each hash, and with the salts that tools choose.
func (m *maker) goodPSS() {
	m.t.Helper()
	m.add("pss-sha256", "", m.signedPSS(pss(sha256OID, sha256OID, 32), crypto.SHA256, 32))
	m.add("pss-sha384", "", m.signedPSS(pss(sha384OID, sha384OID, 48), crypto.SHA384, 48))
	m.add("pss-sha512", "", m.signedPSS(pss(sha512OID, sha512OID, 64), crypto.SHA512, 64))
	m.add("pss-longest-salt", "", m.signedPSS(pss(sha256OID, sha256OID, 222), crypto.SHA256, 222))
	without := seq(oid("1.2.840.113549.1.1.10"), seq(inside(0, seq(oid(sha256OID))),
		inside(1, seq(oid("1.2.840.113549.1.1.8"), seq(oid(sha256OID)))), inside(2, integer(32))))
	m.add("pss-without-null", "", m.signedPSS(without, crypto.SHA256, 32))
}
