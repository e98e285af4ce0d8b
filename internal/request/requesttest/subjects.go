package requesttest

import (
	"strings"

	"ca-exchange/internal/refusal"
)

// subjects are names that mislead a reader, or that two readers would read differently.
func (m *maker) subjects() {
	m.t.Helper()
	for _, c := range []struct {
		name  string
		code  refusal.Code
		value []byte // of the CN
	}{
		{"cn-empty", refusal.SubjectMalformed, text(tagUTF8, "")},
		{"cn-65-characters", refusal.SubjectLength, text(tagUTF8, strings.Repeat("a", 65))},
		{"cn-65-wide-characters", refusal.SubjectLength, text(tagUTF8, strings.Repeat("ß", 65))},
		{"cn-nul", refusal.SubjectMalformed, text(tagUTF8, "web.example\x00.evil.example")},
		{"cn-escape-sequence", refusal.SubjectMalformed, text(tagUTF8, "web\x1b[2J\x1b[1;31mapproved")},
		{"cn-line-feed", refusal.SubjectMalformed, text(tagUTF8, "web\nO = other")},
		{"cn-carriage-return", refusal.SubjectMalformed, text(tagUTF8, "web\rapproved")},
		{"cn-tab", refusal.SubjectMalformed, text(tagUTF8, "web\texample")},
		{"cn-c1-control", refusal.SubjectMalformed, text(tagUTF8, "web\u009b31m")},
		{"cn-right-to-left-override", refusal.SubjectMalformed, text(tagUTF8, "web\u202egnp.exe")},
		{"cn-left-to-right-isolate", refusal.SubjectMalformed, text(tagUTF8, "web\u2066x\u2069")},
		{"cn-zero-width-space", refusal.SubjectMalformed, text(tagUTF8, "system\u200b:masters")},
		{"cn-zero-width-joiner", refusal.SubjectMalformed, text(tagUTF8, "we\u200db")},
		{"cn-byte-order-mark", refusal.SubjectMalformed, text(tagUTF8, "\ufeffweb")},
		{"cn-soft-hyphen", refusal.SubjectMalformed, text(tagUTF8, "we\u00adb")},
		{"cn-no-break-space", refusal.SubjectMalformed, text(tagUTF8, "web\u00a0example")},
		{"cn-line-separator", refusal.SubjectMalformed, text(tagUTF8, "web\u2028x")},
		{"cn-private-use", refusal.SubjectMalformed, text(tagUTF8, "web\ue000")},
		{"cn-replacement-character", refusal.SubjectMalformed, text(tagUTF8, "web\ufffd")},
		{"cn-tag-character", refusal.SubjectMalformed, text(tagUTF8, "web\U000e0041")},
		{"cn-broken-utf8", refusal.SubjectMalformed, text(tagUTF8, "web\xff")},
		{"cn-overlong-utf8", refusal.SubjectMalformed, text(tagUTF8, "web\xc0\x80")},
		{"cn-surrogate-utf8", refusal.SubjectMalformed, text(tagUTF8, "web\xed\xa0\x80")},
		{"cn-blanks", refusal.SubjectMalformed, text(tagUTF8, " \u00a0 ")},
		{"cn-blank-and-control", refusal.SubjectMalformed, text(tagUTF8, " web\x1b ")},
		{"cn-em-space", refusal.SubjectMalformed, text(tagUTF8, "web\u2003x")},
		{"cn-printable-at-sign", refusal.SubjectMalformed, text(tagPrintable, "web@example")},
		{"cn-printable-utf8", refusal.SubjectMalformed, text(tagPrintable, "wéb")},
		{"cn-ia5-high-bit", refusal.SubjectMalformed, text(tagIA5, "web\xe9")},
		{"cn-visible-high-bit", refusal.SubjectMalformed, text(tagVisible, "web\xe9")},
		{"cn-teletex-high-bit", refusal.SubjectMalformed, text(tagTeletex, "web\xe9")},
		{"cn-numeric-letters", refusal.SubjectMalformed, text(tagNumeric, "web")},
		{"cn-bmp-odd", refusal.SubjectMalformed, text(tagBMP, "\x00w\x00e\x00")},
		{"cn-bmp-surrogates", refusal.SubjectMalformed, text(tagBMP, "\xd8\x3d\xde\x00")},
		{"cn-bmp-bidi", refusal.SubjectMalformed, text(tagBMP, "\x00w\x20\x2e")},
		{"cn-bmp-nul", refusal.SubjectMalformed, text(tagBMP, "\x00w\x00\x00")},
		{"cn-universal-cut", refusal.SubjectMalformed, text(tagUniversal, "\x00\x00\x00w\x00")},
		{"cn-universal-beyond-unicode", refusal.SubjectMalformed, text(tagUniversal, "\x00\x11\x00\x00")},
		{"cn-universal-negative", refusal.SubjectMalformed, text(tagUniversal, "\xff\xff\xff\xff")},
		{"cn-bit-string", refusal.SubjectMalformed, bitString([]byte("web"))},
		{"cn-octet-string", refusal.SubjectMalformed, octets([]byte("web"))},
		{"cn-integer", refusal.SubjectMalformed, integer(1)},
		{"cn-sequence", refusal.SubjectMalformed, seq(text(tagUTF8, "web"))},
		{"cn-constructed-string", refusal.SubjectMalformed, tlv(0x2c, text(tagUTF8, "web"))},
		{"cn-asterisk", refusal.SubjectMalformed, text(tagUTF8, "*")},
		{"cn-wildcard-top-level", refusal.SubjectMalformed, text(tagUTF8, "*.example")},
	} {
		m.csr(c.name, c.code, func(t *template) { t.subject = seq(set(attribute(commonName, c.value))) })
	}
	m.subjectShapes()
}

// subjectShapes are about attributes beside the CN, and the structure around them.
func (m *maker) subjectShapes() {
	m.t.Helper()
	cn := rdn(commonName, "web")
	for _, c := range []struct {
		name    string
		code    refusal.Code
		subject []byte
	}{
		{"two-cns", refusal.SubjectMalformed, seq(cn, rdn(commonName, "other"))},
		{"two-cns-in-one-rdn", refusal.SubjectMalformed,
			seq(set(attribute(commonName, text(tagUTF8, "web")), attribute(commonName, text(tagUTF8, "other"))))},
		{"two-cns-of-two-string-types", refusal.SubjectMalformed,
			seq(cn, set(attribute(commonName, text(tagBMP, "\x00x"))))},
		{"same-cn-twice", refusal.SubjectMalformed, seq(cn, cn)},
		{"o-65-characters", refusal.SubjectLength, seq(cn, rdn(organization, strings.Repeat("o", 65)))},
		{"email-257-characters", refusal.SubjectLength, seq(cn, rdn("1.2.840.113549.1.9.1", strings.Repeat("e", 257)))},
		{"ou-257-characters", refusal.SubjectLength, seq(cn, rdn(unit, strings.Repeat("u", 257)))},
		{"ou-bidi", refusal.SubjectMalformed, seq(cn, set(attribute(unit, text(tagBMP, "\x20\x2e"))))},
		{"ou-teletex-control", refusal.SubjectMalformed, seq(cn, set(attribute(unit, text(tagTeletex, "x\x9b31m"))))},
		{"o-line-separator", refusal.SubjectMalformed, seq(cn, rdn(organization, "acme\u2028"))},
		{"o-zero-width-space", refusal.SubjectMalformed, seq(cn, rdn(organization, "acme\u200b"))},
		{"o-printable-utf8", refusal.SubjectMalformed,
			seq(cn, set(attribute(organization, text(tagPrintable, "wéb"))))},
		{"o-integer", refusal.SubjectMalformed, seq(cn, set(attribute(organization, integer(1))))},
		{"unknown-attribute-257-characters", refusal.SubjectLength, seq(cn, rdn("1.2.3.4", strings.Repeat("x", 257)))},
		{"o-bidi", refusal.SubjectMalformed, seq(cn, rdn(organization, "acme\u202e"))},
		{"o-bmp-broken", refusal.SubjectMalformed, seq(cn, set(attribute(organization, text(tagBMP, "\x00"))))},
		{"ou-escape-sequence", refusal.SubjectMalformed, seq(cn, rdn(unit, "\x1b]0;title\a"))},
		{"second-o-in-rdn-broken", refusal.SubjectMalformed,
			seq(cn, set(attribute(organization, text(tagUTF8, "a")), attribute(organization, text(tagUTF8, "\xff"))))},
		{"kubernetes-uid", refusal.SubjectReserved, seq(cn, rdn("1.3.6.1.4.1.57683.2", "1000"))},
		{"kubernetes-uid-bmp", refusal.SubjectReserved,
			seq(cn, set(attribute("1.3.6.1.4.1.57683.2", text(tagBMP, "\x000"))))},
		{"kubernetes-uid-undecodable", refusal.SubjectReserved,
			seq(cn, set(attribute("1.3.6.1.4.1.57683.2", integer(0))))},
		{"kubernetes-arc", refusal.SubjectReserved, seq(cn, rdn("1.3.6.1.4.1.57683.3", "x"))},
		{"rdn-empty", refusal.SubjectMalformed, seq(cn, set())},
		{"rdn-is-sequence", refusal.SubjectMalformed, seq(seq(attribute(commonName, text(tagUTF8, "web"))))},
		{"attribute-without-value", refusal.SubjectMalformed, seq(set(seq(oid(commonName))))},
		{"attribute-with-two-values", refusal.SubjectMalformed,
			seq(set(seq(oid(commonName), text(tagUTF8, "web"), text(tagUTF8, "other"))))},
		{"attribute-without-type", refusal.SubjectMalformed, seq(set(seq(text(tagUTF8, "web"))))},
		{"attribute-is-set", refusal.SubjectMalformed, seq(set(set(oid(commonName), text(tagUTF8, "web"))))},
		{"subject-cut", refusal.SubjectMalformed, seq(cn, []byte{0x31, 0x20, 0x30})},
		{"subject-is-set", refusal.CSRMalformed, set(cn)},
	} {
		m.csr(c.name, c.code, func(t *template) { t.subject = c.subject })
	}
	m.csr("nothing-named", refusal.SubjectMalformed, func(t *template) { t.subject, t.attributes = seq(), inside(0) })
}
