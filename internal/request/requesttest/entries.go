package requesttest

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/pem"
	"strings"
	"unicode/utf16"

	"ca-exchange/internal/refusal"
)

// entries are files that hold no request, more than one, or one in a form that readers disagree about.
func (m *maker) entries() {
	m.t.Helper()
	good := m.plain()
	der := m.der(m.key, nil)
	body := strings.TrimSuffix(strings.TrimPrefix(string(good), head), tail)
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	_, signature := cutSignature(m.signed())
	for _, c := range []struct {
		name  string
		code  refusal.Code
		entry []byte
	}{
		{"empty", refusal.EntryIncomplete, []byte{}},
		{"blank", refusal.EntryNoRequest, []byte("\n\n")},
		{"zeros", refusal.EntryIncomplete, make([]byte, 1000)},
		{"zeros-behind-half", refusal.EntryIncomplete, append(bytes.Clone(good[:100]), make([]byte, 500)...)},
		{"half-begin-line", refusal.EntryIncomplete, []byte("-----BEGIN CERTIF")},
		{"begin-line-only", refusal.EntryIncomplete, []byte(head)},
		{"half-body", refusal.EntryIncomplete, good[:200]},
		{"no-end", refusal.EntryIncomplete, join(head, body)},
		{"half-end-line", refusal.EntryIncomplete, good[:len(good)-10]},
		{"half-cover", refusal.EntryIncomplete, m.covered()[:90]},
		{"half-signature", refusal.EntryIncomplete, append(m.covered(), signature[:60]...)},
		{"text", refusal.EntryNoRequest, []byte("please sign web.example\n")},
		{"html", refusal.EntryNoRequest, []byte("<html>not found</html>\n")},
		{"base64-without-lines", refusal.EntryNoRequest, []byte(body)},
		{"certificate", refusal.EntryNoRequest, certificate},
		{"public-key", refusal.EntryNoRequest, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})},
		{"crl", refusal.EntryNoRequest, pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: der})},
		{"pkcs7", refusal.EntryNoRequest, pem.EncodeToMemory(&pem.Block{Type: "PKCS7", Bytes: der})},
		{"signature-only", refusal.EntryNoRequest, signature},
		{"lower-case-label", refusal.EntryNoRequest, join("-----BEGIN certificate request-----\n", body,
			"-----END certificate request-----\n")},
	} {
		m.add("entry-"+c.name, c.code, c.entry)
	}
	m.blocks(good, body, certificate)
	m.encodings()
}

// The lines around the body of a request.
const head, tail = "-----BEGIN CERTIFICATE REQUEST-----\n", "-----END CERTIFICATE REQUEST-----\n"

func join(parts ...string) []byte { return []byte(strings.Join(parts, "")) }

// blocks are files with more than one PEM block, or with one that PEM does not allow.
func (m *maker) blocks(good []byte, body string, certificate []byte) {
	m.t.Helper()
	for _, c := range []struct {
		name  string
		code  refusal.Code
		entry []byte
	}{
		{"two-requests", refusal.EntryBlocks, join(string(good), string(good))},
		{"two-requests-text-between", refusal.EntryBlocks, join(string(good), "and\n", string(good))},
		{"certificate-behind", refusal.EntryBlocks, join(string(good), string(certificate))},
		{"certificate-before", refusal.EntryBlocks, join(string(certificate), string(good))},
		{"text-behind", refusal.EntryBlocks, join(string(good), "thanks\n")},
		{"hundred-requests", refusal.EntryBlocks, bytes.Repeat(good, 100)},
		{"nested-begin", refusal.EntryPEM, join(head, string(good))},
		{"begin-in-body", refusal.EntryPEM, join(head, body[:65], head, body[65:], tail)},
		{"pem-header", refusal.EntryPEM, join(head, "Proc-Type: 4,CLEAR\n\n", body, tail)},
		{"pem-comment", refusal.EntryPEM, join(head, "Comment: x\n\n", body, tail)},
		{"other-end-label", refusal.EntryPEM, join(head, body, "-----END CERTIFICATE-----\n")},
		{"new-end-label", refusal.EntryPEM, join(head, body, "-----END NEW CERTIFICATE REQUEST-----\n")},
		{"end-in-text", refusal.EntryPEM, join("see -----END CERTIFICATE REQUEST-----\n", string(good))},
		{"dashes-in-text", refusal.EntryPEM, join("----- my request\n", string(good))},
		{"end-first", refusal.EntryPEM, join(tail, head, body, tail)},
		{"begin-indented", refusal.EntryPEM, join("  ", string(good))},
		{"begin-quoted", refusal.EntryPEM, join("> ", head, "> ", body)},
		{"begin-four-dashes", refusal.EntryNoRequest, join("----BEGIN CERTIFICATE REQUEST----\n", body)},
		{"begin-six-dashes", refusal.EntryPEM, join("-----BEGIN CERTIFICATE REQUEST------\n", body, tail)},
		{"base64-bad-character", refusal.EntryPEM, join(head, "!", body[1:], tail)},
		{"base64-url", refusal.EntryPEM, join(head, "-_", body[2:], tail)},
		{"base64-blank-inside", refusal.EntryPEM, join(head, body[:10], " ", body[10:], tail)},
		{"base64-cut", refusal.EntryPEM, join(head, strings.TrimRight(body, "=\n")[:65*4+1], "\n", tail)},
		{"end-line-joined", refusal.EntryPEM, join(head, strings.TrimSpace(body), tail)},
		{"base64-padding-inside", refusal.EntryPEM, join(head, "AA==\n", body, tail)},
		{"base64-dirty-padding", refusal.EntryPEM, join(head, "QR==\n", tail)},
		{"block-empty", refusal.CSRMalformed, join(head, tail)},
	} {
		m.add("entry-"+c.name, c.code, c.entry)
	}
}

// encodings are files that are no text, or more of it than is read.
func (m *maker) encodings() {
	m.t.Helper()
	good, der := m.plain(), m.der(m.key, nil)
	for _, c := range []struct {
		name  string
		code  refusal.Code
		entry []byte
	}{
		{"der-cut", refusal.EntryIncomplete, der[:len(der)-1]},
		{"der-header", refusal.EntryIncomplete, der[:2]},
		{"der-trailing-line-feed", refusal.EntryBlocks, append(bytes.Clone(der), '\n')},
		{"der-twice", refusal.EntryBlocks, append(bytes.Clone(der), der...)},
		{"der-indefinite-length", refusal.EntryEncoding, append([]byte{0x30, 0x80}, der[headerLen(der):]...)},
		{"der-length-of-four-octets", refusal.EntryEncoding, append([]byte{0x30, 0x84, 0, 0}, der[2:]...)},
		{"der-over-64-kib", refusal.EntryTooLarge, seq(make([]byte, 64<<10))},
		{"der-certificate", refusal.CSRMalformed, seq(make([]byte, 300))},
		{"byte-order-mark-half", refusal.EntryIncomplete, []byte("\xef\xbb")},
		{"byte-order-mark-twice", refusal.EntryNoRequest, join("\ufeff\ufeff", "text\n")},
		{"byte-order-mark-cover", refusal.CoverMalformed, join("\ufeff", string(m.covered()))},
		{"utf-16-le", refusal.EntryUTF16, utf16Bytes(string(good), true)},
		{"utf-16-be", refusal.EntryUTF16, utf16Bytes(string(good), false)},
		{"utf-16-le-mark", refusal.EntryUTF16, utf16Bytes("\ufeff"+string(good), true)},
		{"utf-16-be-mark", refusal.EntryUTF16, utf16Bytes("\ufeff"+string(good), false)},
		{"gzip", refusal.EntryEncoding, m.gzip(good)},
		{"gzip-bomb", refusal.EntryEncoding, m.gzip(make([]byte, 50<<20))},
		{"zip", refusal.EntryEncoding, join("PK\x03\x04", string(good))},
		{"xz", refusal.EntryEncoding, join("\xfd7zXZ\x00", string(good))},
		{"elf", refusal.EntryEncoding, join("\x7fELF", string(good))},
		{"escape-in-text", refusal.EntryEncoding, join("\x1b[2Jhello\n", string(good))},
		{"nul-in-text", refusal.EntryEncoding, join("hello\x00\n", string(good))},
		{"delete-in-text", refusal.EntryEncoding, join("hello\x7f\n", string(good))},
		{"dos-end-of-file", refusal.EntryEncoding, join(string(good), "\x1a")},
		{"latin-1-text", refusal.EntryEncoding, join("Stra\xdfe\n", string(good))},
		{"cr-only", refusal.EntryLineEnds, bytes.ReplaceAll(good, []byte("\n"), []byte("\r"))},
		{"cr-and-escape", refusal.EntryEncoding, join("a\r\x1b[2J\r", strings.ReplaceAll(string(good), "\n", "\r"))},
		{"over-64-kib", refusal.EntryTooLarge, join(strings.Repeat("text\n", 14000), string(good))},
		{"over-64-kib-zeros", refusal.EntryTooLarge, make([]byte, 64<<10+1)},
		{"over-64-kib-pem", refusal.EntryTooLarge, armor(make([]byte, 60<<10))},
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
		"pkcs8": block("PRIVATE KEY", pkcs8), "pkcs1": block("RSA PRIVATE KEY", pkcs1),
		"sec1": block("EC PRIVATE KEY", sec1), "openssh": openssh,
		"encrypted": block("ENCRYPTED PRIVATE KEY", pkcs8), "other-label": block("ANY PRIVATE KEY", pkcs8),
		"behind-request": good + block("PRIVATE KEY", pkcs8), "before-request": block("PRIVATE KEY", pkcs8) + good,
		"inside-request": strings.Replace(good, "-----END", block("PRIVATE KEY", pkcs8)+"-----END", 1),
		"indented":       good + "  " + block("PRIVATE KEY", pkcs8),
		"no-end":         strings.Split(block("PRIVATE KEY", pkcs8), "-----END")[0],
		"behind-signed":  string(m.signed()) + block("EC PRIVATE KEY", sec1),
		"begin-damaged":  "-" + strings.TrimLeft(block("PRIVATE KEY", pkcs8), "-"),
		"putty":          "PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\n",
		"utf-16":         string(utf16Bytes("\ufeff"+block("PRIVATE KEY", pkcs8), true)),
		"der-pkcs8":      string(pkcs8), "der-pkcs1": string(pkcs1), "der-sec1": string(sec1),
		"pkcs12":      string(seq(integer(3), seq(oid("1.2.840.113549.1.7.1")))),
		"over-64-kib": strings.Repeat("text\n", 10000) + block("PRIVATE KEY", pkcs8) + strings.Repeat("text\n", 10000),
	} {
		m.add("private-key-"+name, refusal.EntryPrivateKey, []byte(entry))
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
