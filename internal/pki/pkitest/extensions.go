package pkitest

import "ca-exchange/internal/pki"

// extensions ask for more than an end entity has, stand twice, or have another form than RFC 5280 gives them.
func (m *maker) extensions() {
	m.t.Helper()
	usages := func(usages ...string) []byte {
		var list [][]byte
		for _, usage := range usages {
			list = append(list, oid(usage))
		}
		return seq(list...)
	}
	bits := func(unused, bits byte) []byte { return tlv(0x03, []byte{unused, bits}) }
	no := tlv(0x01, []byte{0})
	for _, c := range []struct {
		name      string
		code      pki.Code
		extension []byte
	}{
		{"ca-true", pki.ExtensionDangerous, extension(constraints, seq(yes()))},
		{"ca-true-critical", pki.ExtensionDangerous, critical(constraints, seq(yes()))},
		{"ca-true-path-length", pki.ExtensionDangerous, critical(constraints, seq(yes(), integer(0)))},
		{"ca-true-trailing-data", pki.ExtensionDangerous, critical(constraints, seq(yes(), null()))},
		{"ca-true-as-1", pki.ExtensionMalformed, critical(constraints, seq(tlv(0x01, []byte{1})))},
		{"ca-false-written-out", pki.ExtensionMalformed, extension(constraints, seq(no))},
		{"path-length-without-ca", pki.ExtensionMalformed, extension(constraints, seq(integer(0)))},
		{"basic-constraints-no-sequence", pki.ExtensionMalformed, extension(constraints, yes())},
		{"basic-constraints-trailing-data", pki.ExtensionMalformed, extension(constraints, append(seq(), 0))},
		{"key-cert-sign", pki.ExtensionDangerous, critical(keyUsage, bits(2, 0x04))},
		{"crl-sign", pki.ExtensionDangerous, extension(keyUsage, bits(1, 0x02))},
		{"key-cert-sign-among-others", pki.ExtensionDangerous, critical(keyUsage, bits(1, 0xa6))},
		{"key-usage-octet-string", pki.ExtensionMalformed, extension(keyUsage, octets([]byte{0xa0}))},
		{"key-usage-trailing-data", pki.ExtensionMalformed, extension(keyUsage, append(bits(5, 0xa0), 0))},
		{"key-usage-bad-padding", pki.ExtensionMalformed, extension(keyUsage, bits(5, 0xa1))},
		{"any-extended-key-usage", pki.ExtensionDangerous, extension(extKeyUsage, usages("2.5.29.37.0"))},
		{"any-extended-key-usage-among-others", pki.ExtensionDangerous, extension(extKeyUsage, usages(serverAuth, "2.5.29.37.0"))},
		{"ocsp-signing", pki.ExtensionDangerous, extension(extKeyUsage, usages("1.3.6.1.5.5.7.3.9"))},
		{"usage-unknown", pki.ProfileUsage, extension(extKeyUsage, usages(clientAuth, "1.3.6.1.4.1.311.20.2.2"))},
		{"usages-empty", pki.ExtensionMalformed, extension(extKeyUsage, usages())},
		{"usages-no-sequence", pki.ExtensionMalformed, extension(extKeyUsage, oid(serverAuth))},
		{"usages-not-oids", pki.ExtensionMalformed, extension(extKeyUsage, seq(text(tagUTF8, "serverAuth")))},
		{"usages-trailing-data", pki.ExtensionMalformed, extension(extKeyUsage, append(usages(serverAuth), 0))},
		{"name-constraints", pki.ExtensionDangerous, extension("2.5.29.30", seq())},
		{"name-constraints-critical", pki.ExtensionDangerous, critical("2.5.29.30", seq())},
		{"unknown-critical", pki.ExtensionDangerous, critical("1.2.3.4.5", null())},
		{"ct-poison", pki.ExtensionDangerous, critical("1.3.6.1.4.1.11129.2.4.3", null())},
		{"policies-critical", pki.ExtensionDangerous, critical("2.5.29.32", seq())},
		{"subject-key-id-critical", pki.ExtensionDangerous, critical("2.5.29.14", octets([]byte("id")))},
		{"subject-key-id", pki.ExtensionForeign, extension("2.5.29.14", octets([]byte("id")))},
		{"authority-key-id", pki.ExtensionForeign, extension("2.5.29.35", seq(context(0, []byte("id"))))},
		{"policies", pki.ExtensionForeign, extension("2.5.29.32", seq(seq(oid("2.5.29.32.0"))))},
		{"crl-points", pki.ExtensionForeign, extension("2.5.29.31", seq())},
		{"authority-information", pki.ExtensionForeign, extension("1.3.6.1.5.5.7.1.1", seq())},
		{"must-staple", pki.ExtensionForeign, extension("1.3.6.1.5.5.7.1.24", seq(integer(5)))},
		{"ocsp-no-check", pki.ExtensionForeign, extension("1.3.6.1.5.5.7.48.1.5", null())},
		{"microsoft-template", pki.ExtensionForeign, extension("1.3.6.1.4.1.311.20.2", text(tagBMP, "\x00W"))},
		{"microsoft-sid", pki.ExtensionForeign, extension("1.3.6.1.4.1.311.25.2", seq())},
		{"netscape-type", pki.ExtensionForeign, extension("2.16.840.1.113730.1.1", bits(0, 0x07))},
		{"issuer-alt-name", pki.ExtensionForeign, extension("2.5.29.18", seq(dns("x.example")))},
		{"unknown-extension", pki.ExtensionForeign, extension("1.2.3.4.5", null())},
		{"second-alt-name", pki.ExtensionMalformed, sans(dns("other.example"))},
		{"critical-false-written-out", pki.ExtensionMalformed, seq(oid("1.2.3.4.5"), no, octets(null()))},
		{"critical-as-1", pki.ExtensionMalformed, seq(oid("1.2.3.4.5"), tlv(0x01, []byte{1}), octets(null()))},
		{"extension-without-value", pki.ExtensionMalformed, seq(oid("1.2.3.4.5"))},
		{"extension-without-type", pki.ExtensionMalformed, seq(octets(null()))},
		{"extension-value-no-octets", pki.ExtensionMalformed, seq(oid("1.2.3.4.5"), null())},
		{"extension-with-two-values", pki.ExtensionMalformed, seq(oid("1.2.3.4.5"), octets(null()), octets(null()))},
		{"extension-is-set", pki.ExtensionMalformed, set(oid("1.2.3.4.5"), octets(null()))},
	} {
		m.csr(c.name, c.code, func(t *template) {
			t.attributes = inside(0, request(sans(dns("web.example")), c.extension))
		})
	}
	for name, twice := range map[string][]byte{
		"usages-twice": extension(extKeyUsage, usages(serverAuth)), "unknown-extension-twice": extension("1.2.3.4.5", null()),
		"key-usage-twice": extension(keyUsage, bits(7, 0x80)),
	} {
		m.csr(name, pki.ExtensionMalformed, func(t *template) { t.attributes = inside(0, request(twice, twice)) })
	}
}

// attributes hold extensions where one reader looks and another does not.
func (m *maker) attributes() {
	m.t.Helper()
	names := sans(dns("web.example"))
	microsoft := func(extensions ...[]byte) []byte { return seq(oid(microsoftRequest), set(seq(extensions...))) }
	authority := critical(constraints, seq(yes()))
	password := seq(oid("1.2.840.113549.1.9.7"), set(text(tagUTF8, "secret")))
	for _, c := range []struct {
		name       string
		code       pki.Code
		attributes []byte
	}{
		{"extension-request-twice", pki.CSRAttribute, inside(0, request(names), request(sans(dns("other.example"))))},
		{"extension-request-two-values", pki.CSRAttribute, inside(0, seq(oid(extensionRequest), set(seq(names), seq(authority))))},
		{"extension-request-no-value", pki.CSRAttribute, inside(0, seq(oid(extensionRequest), set()))},
		{"extension-request-without-set", pki.CSRAttribute, inside(0, seq(oid(extensionRequest), seq(names)))},
		{"extension-request-is-set", pki.ExtensionMalformed, inside(0, seq(oid(extensionRequest), set(set(names))))},
		{"extension-request-trailing-data", pki.CSRAttribute, inside(0, seq(oid(extensionRequest), set(seq(names)), null()))},
		{"extension-request-cut", pki.CSRAttribute, inside(0, seq(oid(extensionRequest), set([]byte{0x30, 0x7f, 0x30})))},
		{"microsoft-beside-pkcs9", pki.CSRAttribute, inside(0, request(names), microsoft(sans(dns("other.example"))))},
		{"microsoft-names-only", pki.MicrosoftName, inside(0, microsoft(names))},
		{"microsoft-usages-only", pki.ExtensionForeign, inside(0, microsoft(extension(extKeyUsage, seq(oid(clientAuth)))))},
		{"microsoft-ca-true", pki.ExtensionDangerous, inside(0, microsoft(names, authority))},
		{"microsoft-bad-name", pki.NameDNS, inside(0, microsoft(sans(dns("*"))))},
		{"microsoft-other-name", pki.NameKind, inside(0, microsoft(sans(inside(0, oid("1.2.3"), inside(0, null())))))},
		{"microsoft-broken", pki.ExtensionMalformed, inside(0, microsoft(null()))},
		{"microsoft-renewal", pki.CSRAttribute, inside(0, request(names), seq(oid("1.3.6.1.4.1.311.13.1"), set(seq())))},
		{"attribute-unknown", pki.CSRAttribute, inside(0, request(names), seq(oid("1.2.3.4"), set(null())))},
		{"password-twice", pki.CSRAttribute, inside(0, password, password)},
		{"password-two-values", pki.CSRAttribute, inside(0, seq(oid("1.2.840.113549.1.9.7"), set(text(tagUTF8, "a"), text(tagUTF8, "b"))))},
		{"attribute-is-set", pki.CSRAttribute, inside(0, set(oid(extensionRequest), set(seq(names))))},
		{"attribute-no-oid", pki.CSRAttribute, inside(0, seq(text(tagUTF8, "x"), set(seq(names))))},
		{"attributes-not-tagged", pki.CSRMalformed, set(request(names))},
		{"attributes-primitive", pki.CSRMalformed, context(0, request(names))},
		{"attributes-tag-1", pki.CSRMalformed, inside(1, request(names))},
		{"attributes-twice", pki.CSRMalformed, append(inside(0, request(names)), inside(0, request(authority))...)},
	} {
		m.csr("attributes-"+c.name, c.code, func(t *template) { t.attributes = c.attributes })
	}
}
