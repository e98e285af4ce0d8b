package requesttest

import (
	"slices"

	"ca-exchange/internal/refusal"
)

// extensions ask for more than an end entity has, stand twice, or have another form than RFC 5280 gives them.
func (m *maker) extensions() {
	m.t.Helper()
	for _, c := range slices.Concat(authorities(), usages(), foreign(), malformed()) {
		m.csr(c.name, c.code, asked(sans(dns("web.example")), c.extension))
	}
	for name, twice := range map[string][]byte{
		"usages-twice":            extension(extKeyUsage, usageList(serverAuth)),
		"unknown-extension-twice": extension("1.2.3.4.5", null()),
		"key-usage-twice":         extension(keyUsage, bits(7, 0x80)),
	} {
		m.csr(name, refusal.ExtensionMalformed, asked(twice, twice))
	}
}

// added is an extension that stands beside a good name, and its code.
type added struct {
	name      string
	code      refusal.Code
	extension []byte
}

// authorities ask to be a CA, or say in another form than DER that they are none.
func authorities() []added {
	return []added{
		{"ca-true", refusal.ExtensionDangerous, extension(constraints, seq(yes()))},
		{"ca-true-critical", refusal.ExtensionDangerous, critical(constraints, seq(yes()))},
		{"ca-true-path-length", refusal.ExtensionDangerous, critical(constraints, seq(yes(), integer(0)))},
		{"ca-true-trailing-data", refusal.ExtensionDangerous, critical(constraints, seq(yes(), null()))},
		{"ca-true-path-length-negative", refusal.ExtensionMalformed,
			critical(constraints, seq(yes(), tlv(0x02, []byte{0xff})))},
		{"ca-true-as-1", refusal.ExtensionMalformed, critical(constraints, seq(tlv(0x01, []byte{1})))},
		{"ca-false-written-out", refusal.ExtensionMalformed, extension(constraints, seq(no()))},
		{"path-length-without-ca", refusal.ExtensionMalformed, extension(constraints, seq(integer(0)))},
		{"basic-constraints-no-sequence", refusal.ExtensionMalformed, extension(constraints, yes())},
		{"basic-constraints-trailing-data", refusal.ExtensionMalformed, extension(constraints, append(seq(), 0))},
	}
}

// usages are those of a CA, any of them, or no list of usages.
func usages() []added {
	return []added{
		{"key-cert-sign", refusal.ExtensionDangerous, critical(keyUsage, bits(2, 0x04))},
		{"crl-sign", refusal.ExtensionDangerous, extension(keyUsage, bits(1, 0x02))},
		{"key-cert-sign-among-others", refusal.ExtensionDangerous, critical(keyUsage, bits(1, 0xa6))},
		{"key-usage-octet-string", refusal.ExtensionMalformed, extension(keyUsage, octets([]byte{0xa0}))},
		{"key-usage-trailing-data", refusal.ExtensionMalformed, extension(keyUsage, append(bits(5, 0xa0), 0))},
		{"key-usage-bad-padding", refusal.ExtensionMalformed, extension(keyUsage, bits(5, 0xa1))},
		{"any-extended-key-usage", refusal.ExtensionDangerous, extension(extKeyUsage, usageList("2.5.29.37.0"))},
		{"any-extended-key-usage-among-others", refusal.ExtensionDangerous,
			extension(extKeyUsage, usageList(serverAuth, "2.5.29.37.0"))},
		{"ocsp-signing", refusal.ExtensionDangerous, extension(extKeyUsage, usageList("1.3.6.1.5.5.7.3.9"))},
		{"usage-unknown", refusal.ProfileUsage,
			extension(extKeyUsage, usageList(clientAuth, "1.3.6.1.4.1.311.20.2.2"))},
		{"usages-empty", refusal.ExtensionMalformed, extension(extKeyUsage, usageList())},
		{"usages-no-sequence", refusal.ExtensionMalformed, extension(extKeyUsage, oid(serverAuth))},
		{"usages-not-oids", refusal.ExtensionMalformed, extension(extKeyUsage, seq(text(tagUTF8, "serverAuth")))},
		{"usages-trailing-data", refusal.ExtensionMalformed, extension(extKeyUsage, append(usageList(serverAuth), 0))},
	}
}

// foreign are extensions that are not for an end entity to choose, and unknown ones.
func foreign() []added {
	return []added{
		{"name-constraints", refusal.ExtensionDangerous, extension("2.5.29.30", seq())},
		{"name-constraints-critical", refusal.ExtensionDangerous, critical("2.5.29.30", seq())},
		{"unknown-critical", refusal.ExtensionDangerous, critical("1.2.3.4.5", null())},
		{"ct-poison", refusal.ExtensionDangerous, critical("1.3.6.1.4.1.11129.2.4.3", null())},
		{"policies-critical", refusal.ExtensionDangerous, critical("2.5.29.32", seq())},
		{"subject-key-id-critical", refusal.ExtensionDangerous, critical("2.5.29.14", octets([]byte("id")))},
		{"subject-key-id", refusal.ExtensionForeign, extension("2.5.29.14", octets([]byte("id")))},
		{"authority-key-id", refusal.ExtensionForeign, extension("2.5.29.35", seq(context(0, []byte("id"))))},
		{"policies", refusal.ExtensionForeign, extension("2.5.29.32", seq(seq(oid("2.5.29.32.0"))))},
		{"crl-points", refusal.ExtensionForeign, extension("2.5.29.31", seq())},
		{"authority-information", refusal.ExtensionForeign, extension("1.3.6.1.5.5.7.1.1", seq())},
		{"must-staple", refusal.ExtensionForeign, extension("1.3.6.1.5.5.7.1.24", seq(integer(5)))},
		{"ocsp-no-check", refusal.ExtensionForeign, extension("1.3.6.1.5.5.7.48.1.5", null())},
		{"microsoft-template", refusal.ExtensionForeign, extension("1.3.6.1.4.1.311.20.2", text(tagBMP, "\x00W"))},
		{"microsoft-sid", refusal.ExtensionForeign, extension("1.3.6.1.4.1.311.25.2", seq())},
		{"netscape-type", refusal.ExtensionForeign, extension("2.16.840.1.113730.1.1", bits(0, 0x07))},
		{"issuer-alt-name", refusal.ExtensionForeign, extension("2.5.29.18", seq(dns("x.example")))},
		{"unknown-extension", refusal.ExtensionForeign, extension("1.2.3.4.5", null())},
	}
}

// malformed are extensions that stand twice or are no DER.
func malformed() []added {
	return []added{
		{"second-alt-name", refusal.ExtensionMalformed, sans(dns("other.example"))},
		{"critical-false-written-out", refusal.ExtensionMalformed, seq(oid("1.2.3.4.5"), no(), octets(null()))},
		{"critical-as-1", refusal.ExtensionMalformed, seq(oid("1.2.3.4.5"), tlv(0x01, []byte{1}), octets(null()))},
		{"extension-without-value", refusal.ExtensionMalformed, seq(oid("1.2.3.4.5"))},
		{"extension-without-type", refusal.ExtensionMalformed, seq(octets(null()))},
		{"extension-value-no-octets", refusal.ExtensionMalformed, seq(oid("1.2.3.4.5"), null())},
		{"extension-with-two-values", refusal.ExtensionMalformed,
			seq(oid("1.2.3.4.5"), octets(null()), octets(null()))},
		{"extension-is-set", refusal.ExtensionMalformed, set(oid("1.2.3.4.5"), octets(null()))},
	}
}

func usageList(usages ...string) []byte {
	var list [][]byte
	for _, usage := range usages {
		list = append(list, oid(usage))
	}
	return seq(list...)
}

func bits(unused, bits byte) []byte { return tlv(0x03, []byte{unused, bits}) }

func no() []byte { return tlv(0x01, []byte{0}) }

// attributes hold extensions where one reader looks and another does not.
func (m *maker) attributes() {
	m.t.Helper()
	names := sans(dns("web.example"))
	microsoft := func(extensions ...[]byte) []byte { return seq(oid(microsoftRequest), set(seq(extensions...))) }
	authority := critical(constraints, seq(yes()))
	signs := critical(keyUsage, tlv(0x03, []byte{1, 0x06})) // keyCertSign, cRLSign
	for _, c := range []struct {
		name       string
		code       refusal.Code
		attributes []byte
	}{
		{"sub-ca", refusal.Authority, inside(0, asking(authority, signs))},
		{"sub-ca-path-length", refusal.Authority,
			inside(0, asking(names, signs, critical(constraints, seq(yes(), integer(0)))))},
		{"sub-ca-microsoft", refusal.Authority, inside(0, microsoft(authority, signs))},
		{"sub-ca-name-constraints", refusal.ExtensionDangerous,
			inside(0, asking(authority, signs, critical("2.5.29.30", seq())))},
		{"ca-true-crl-sign", refusal.ExtensionDangerous,
			inside(0, asking(authority, extension(keyUsage, tlv(0x03, []byte{1, 0x02}))))},
		{"unknown-cut", refusal.CSRAttribute, inside(0, asking(names), seq(oid("1.2.3.4"), set([]byte{0x30, 0x7f})))},
		{"unknown-without-set", refusal.CSRAttribute, inside(0, asking(names), seq(oid("1.2.3.4"), null()))},
		{"extension-request-twice", refusal.CSRAttribute, inside(0, asking(names), asking(sans(dns("other.example"))))},
		{"extension-request-two-values", refusal.CSRAttribute,
			inside(0, seq(oid(extensionRequest), set(seq(names), seq(authority))))},
		{"extension-request-no-value", refusal.CSRAttribute, inside(0, seq(oid(extensionRequest), set()))},
		{"extension-request-without-set", refusal.CSRAttribute, inside(0, seq(oid(extensionRequest), seq(names)))},
		{"extension-request-is-set", refusal.ExtensionMalformed,
			inside(0, seq(oid(extensionRequest), set(set(names))))},
		{"extension-request-trailing-data", refusal.CSRAttribute,
			inside(0, seq(oid(extensionRequest), set(seq(names)), null()))},
		{"extension-request-cut", refusal.CSRAttribute,
			inside(0, seq(oid(extensionRequest), set([]byte{0x30, 0x7f, 0x30})))},
		{"microsoft-beside-pkcs9", refusal.CSRAttribute,
			inside(0, asking(names), microsoft(sans(dns("other.example"))))},
		{"microsoft-names-only", refusal.MicrosoftName, inside(0, microsoft(names))},
		{"microsoft-usages-only", refusal.ExtensionForeign,
			inside(0, microsoft(extension(extKeyUsage, seq(oid(clientAuth)))))},
		{"microsoft-ca-true", refusal.ExtensionDangerous, inside(0, microsoft(names, authority))},
		{"microsoft-bad-name", refusal.NameDNS, inside(0, microsoft(sans(dns("*"))))},
		{"microsoft-other-name", refusal.NameKind, inside(0,
			microsoft(sans(inside(0, oid("1.2.3"), inside(0, null())))))},
		{"microsoft-broken", refusal.ExtensionMalformed, inside(0, microsoft(null()))},
		{"attribute-is-set", refusal.CSRAttribute, inside(0, set(oid(extensionRequest), set(seq(names))))},
		{"attribute-no-oid", refusal.CSRAttribute, inside(0, seq(text(tagUTF8, "x"), set(seq(names))))},
		{"attributes-not-tagged", refusal.CSRMalformed, set(asking(names))},
		{"attributes-primitive", refusal.CSRMalformed, context(0, asking(names))},
		{"attributes-tag-1", refusal.CSRMalformed, inside(1, asking(names))},
		{"attributes-twice", refusal.CSRMalformed, append(inside(0, asking(names)), inside(0, asking(authority))...)},
	} {
		m.csr("attributes-"+c.name, c.code, func(t *template) { t.attributes = c.attributes })
	}
}
