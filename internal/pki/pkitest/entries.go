package pkitest

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/pem"
	"strings"
	"unicode/utf16"

	"ca-exchange/internal/pki"
)

// entries are files that hold no request, more than one, or one in a form that readers disagree about.
func (m *maker) entries() {
	m.t.Helper()
	good := m.plain()
	der := m.der(m.key, nil)
	head, tail := "-----BEGIN CERTIFICATE REQUEST-----\n", "-----END CERTIFICATE REQUEST-----\n"
	body := strings.TrimSuffix(strings.TrimPrefix(string(good), head), tail)
	join := func(parts ...string) []byte { return []byte(strings.Join(parts, "")) }
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	for _, c := range []struct {
		name  string
		code  pki.Code
		entry []byte
	}{
		{"empty", pki.EntryIncomplete, []byte{}},
		{"blank", pki.EntryNoRequest, []byte("\n\n")},
		{"zeros", pki.EntryIncomplete, make([]byte, 1000)},
		{"zeros-behind-half", pki.EntryIncomplete, append(bytes.Clone(good[:100]), make([]byte, 500)...)},
		{"half-begin-line", pki.EntryIncomplete, []byte("-----BEGIN CERTIF")},
		{"begin-line-only", pki.EntryIncomplete, []byte(head)},
		{"half-body", pki.EntryIncomplete, good[:200]},
		{"no-end", pki.EntryIncomplete, join(head, body)},
		{"half-end-line", pki.EntryIncomplete, good[:len(good)-10]},
		{"half-cover", pki.EntryIncomplete, m.covered()[:90]},
		{"half-signature", pki.EntryIncomplete, m.signed()[:len(m.covered())+60]},
		{"text", pki.EntryNoRequest, []byte("please sign web.example\n")},
		{"html", pki.EntryNoRequest, []byte("<html>not found</html>\n")},
		{"base64-without-lines", pki.EntryNoRequest, []byte(body)},
		{"certificate", pki.EntryNoRequest, certificate},
		{"public-key", pki.EntryNoRequest, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})},
		{"crl", pki.EntryNoRequest, pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: der})},
		{"pkcs7", pki.EntryNoRequest, pem.EncodeToMemory(&pem.Block{Type: "PKCS7", Bytes: der})},
		{"signature-only", pki.EntryNoRequest, m.signed()[len(m.covered()):]},
		{"lower-case-label", pki.EntryNoRequest, join("-----BEGIN certificate request-----\n", body, "-----END certificate request-----\n")},
		{"two-requests", pki.EntryBlocks, join(string(good), string(good))},
		{"two-requests-text-between", pki.EntryBlocks, join(string(good), "and\n", string(good))},
		{"certificate-behind", pki.EntryBlocks, join(string(good), string(certificate))},
		{"certificate-before", pki.EntryBlocks, join(string(certificate), string(good))},
		{"text-behind", pki.EntryBlocks, join(string(good), "thanks\n")},
		{"hundred-requests", pki.EntryBlocks, bytes.Repeat(good, 100)},
		{"nested-begin", pki.EntryPEM, join(head, string(good))},
		{"begin-in-body", pki.EntryPEM, join(head, body[:65], head, body[65:], tail)},
		{"pem-header", pki.EntryPEM, join(head, "Proc-Type: 4,CLEAR\n\n", body, tail)},
		{"pem-comment", pki.EntryPEM, join(head, "Comment: x\n\n", body, tail)},
		{"other-end-label", pki.EntryPEM, join(head, body, "-----END CERTIFICATE-----\n")},
		{"new-end-label", pki.EntryPEM, join(head, body, "-----END NEW CERTIFICATE REQUEST-----\n")},
		{"end-first", pki.EntryPEM, join(tail, head, body, tail)},
		{"begin-indented", pki.EntryPEM, join("  ", string(good))},
		{"begin-quoted", pki.EntryPEM, join("> ", head, "> ", body)},
		{"begin-four-dashes", pki.EntryNoRequest, join("----BEGIN CERTIFICATE REQUEST----\n", body)},
		{"begin-six-dashes", pki.EntryPEM, join("-----BEGIN CERTIFICATE REQUEST------\n", body, tail)},
		{"base64-bad-character", pki.EntryPEM, join(head, "!", body[1:], tail)},
		{"base64-url", pki.EntryPEM, join(head, "-_", body[2:], tail)},
		{"base64-blank-inside", pki.EntryPEM, join(head, body[:10], " ", body[10:], tail)},
		{"base64-cut", pki.EntryPEM, join(head, strings.TrimRight(body, "=\n")[:65*4+1], "\n", tail)},
		{"end-line-joined", pki.EntryPEM, join(head, strings.TrimSpace(body), tail)},
		{"base64-padding-inside", pki.EntryPEM, join(head, "AA==\n", body, tail)},
		{"base64-dirty-padding", pki.EntryPEM, join(head, "QR==\n", tail)},
		{"block-empty", pki.CSRMalformed, join(head, tail)},
	} {
		m.add("entry-"+c.name, c.code, c.entry)
	}
	m.encodings()
}

// encodings are files that are no text, or more of it than is read.
func (m *maker) encodings() {
	m.t.Helper()
	good := m.plain()
	join := func(parts ...string) []byte { return []byte(strings.Join(parts, "")) }
	for _, c := range []struct {
		name  string
		code  pki.Code
		entry []byte
	}{
		{"der", pki.EntryEncoding, m.der(m.key, nil)},
		{"byte-order-mark", pki.EntryEncoding, join("\ufeff", string(good))},
		{"utf-16-le", pki.EntryEncoding, utf16Bytes(string(good), true)},
		{"utf-16-le-mark", pki.EntryEncoding, utf16Bytes("\ufeff"+string(good), true)},
		{"utf-16-be-mark", pki.EntryEncoding, utf16Bytes("\ufeff"+string(good), false)},
		{"gzip", pki.EntryEncoding, m.gzip(good)},
		{"gzip-bomb", pki.EntryEncoding, m.gzip(make([]byte, 50<<20))},
		{"zip", pki.EntryEncoding, join("PK\x03\x04", string(good))},
		{"xz", pki.EntryEncoding, join("\xfd7zXZ\x00", string(good))},
		{"elf", pki.EntryEncoding, join("\x7fELF", string(good))},
		{"escape-in-text", pki.EntryEncoding, join("\x1b[2Jhello\n", string(good))},
		{"nul-in-text", pki.EntryEncoding, join("hello\x00\n", string(good))},
		{"delete-in-text", pki.EntryEncoding, join("hello\x7f\n", string(good))},
		{"dos-end-of-file", pki.EntryEncoding, join(string(good), "\x1a")},
		{"latin-1-text", pki.EntryEncoding, join("Stra\xdfe\n", string(good))},
		{"cr-only", pki.EntryEncoding, bytes.ReplaceAll(good, []byte("\n"), []byte("\r"))},
		{"over-64-kib", pki.EntryTooLarge, join(strings.Repeat("text\n", 14000), string(good))},
		{"over-64-kib-zeros", pki.EntryTooLarge, make([]byte, 64<<10+1)},
		{"over-64-kib-pem", pki.EntryTooLarge, armor(make([]byte, 60<<10))},
	} {
		m.add("entry-"+c.name, c.code, c.entry)
	}
}

// privateKeys are entries that also, or only, hold a secret.
func (m *maker) privateKeys() {
	m.t.Helper()
	good := string(m.plain())
	block := func(label string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: label, Bytes: der}))
	}
	pkcs8, pkcs1, sec1, openssh := m.encodedKeys()
	for name, entry := range map[string]string{
		"pkcs8": block("PRIVATE KEY", pkcs8), "pkcs1": block("RSA PRIVATE KEY", pkcs1), "sec1": block("EC PRIVATE KEY", sec1), "openssh": openssh,
		"encrypted": block("ENCRYPTED PRIVATE KEY", pkcs8), "other-label": block("ANY PRIVATE KEY", pkcs8),
		"behind-request": good + block("PRIVATE KEY", pkcs8), "before-request": block("PRIVATE KEY", pkcs8) + good,
		"inside-request": strings.Replace(good, "-----END", block("PRIVATE KEY", pkcs8)+"-----END", 1),
		"indented":       good + "  " + block("PRIVATE KEY", pkcs8), "no-end": strings.Split(block("PRIVATE KEY", pkcs8), "-----END")[0],
		"behind-signed": string(m.signed()) + block("EC PRIVATE KEY", sec1), "begin-damaged": "-" + strings.TrimLeft(block("PRIVATE KEY", pkcs8), "-"),
		"putty": "PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\n", "utf-16": string(utf16Bytes("\ufeff"+block("PRIVATE KEY", pkcs8), true)),
		"der-pkcs8": string(pkcs8), "der-pkcs1": string(pkcs1), "der-sec1": string(sec1), "pkcs12": string(seq(integer(3), seq(oid("1.2.840.113549.1.7.1")))),
		"over-64-kib": strings.Repeat("text\n", 10000) + block("PRIVATE KEY", pkcs8) + strings.Repeat("text\n", 10000),
	} {
		m.add("private-key-"+name, pki.EntryPrivateKey, []byte(entry))
	}
}

func (m *maker) gzip(content []byte) []byte {
	m.t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(content); err != nil {
		m.t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		m.t.Fatal(err)
	}
	return b.Bytes()
}

// utf16Bytes is text as Windows may store it.
func utf16Bytes(s string, little bool) []byte {
	var b []byte
	for _, unit := range utf16.Encode([]rune(s)) {
		if little {
			b = append(b, byte(unit), byte(unit>>8))
		} else {
			b = append(b, byte(unit>>8), byte(unit))
		}
	}
	return b
}

// wrap is PEM with lines of another length.
func wrap(label string, der []byte, width int) []byte {
	var b strings.Builder
	b.WriteString("-----BEGIN " + label + "-----\n")
	for text := base64.StdEncoding.EncodeToString(der); text != ""; {
		n := min(width, len(text))
		b.WriteString(text[:n] + "\n")
		text = text[n:]
	}
	b.WriteString("-----END " + label + "-----\n")
	return []byte(b.String())
}
