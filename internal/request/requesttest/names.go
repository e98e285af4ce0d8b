package requesttest

import (
	"fmt"
	"strings"

	"ca-exchange/internal/refusal"
)

// names are those that no certificate may carry, and kinds that a parser may drop without a word.
func (m *maker) names() {
	m.t.Helper()
	label := strings.Repeat("a", 63)
	for name, value := range map[string]string{
		"empty": "", "dot": ".", "leading-dot": ".web.example", "two-trailing-dots": "web.example..",
		"empty-label": "web..example",
		"label-64":    label + "a.example", "name-254": label + "." + label + "." + label + "." +
			strings.Repeat("a", 62),
		"underscore": "web_1.example", "space": "web example", "nul": "web.example\x00.evil",
		"line-feed": "web.example\nevil",
		"escape":    "web\x1b[31m.example", "latin1": "w\xe9b.example",
		"fullwidth-dot": "web。example",
		"hyphen-first":  "-web.example", "hyphen-last": "web-.example", "asterisk": "*",
		"wildcard-top-level": "*.example",
		"wildcard-inside":    "a.*.example.com", "wildcard-partly": "w*.example.com",
		"wildcard-twice": "*.*.example.com",
		"wildcard-last":  "example.*",
		"wildcard-dot":   "*.", "punycode-empty": "xn--.example", "punycode-broken": "xn--0.example",
		"punycode-ascii": "xn--web-.example",
		"punycode-bidi":  "xn--a-0hc.example", "reserved-hyphens": "ab--c.example", "port": "web.example:443",
		"url": "https://web.example", "at": "a@b.example",
		"ipv4-unspecified": "0.0.0.0", "ipv6-mapped": "::ffff:192.0.2.1", "ipv6-zone": "fe80::1%eth0",
		"utf8-empty-label": "wéb..example", "utf8-bidi": "we\u202eb.example", "utf8-wildcard": "*.exämple",
		"utf8-escape": "wéb\x1b.example", "number": "2130706433", "numeric-top-level": "web.1",
		"slash": "web/example", "backslash": `web\example`,
	} {
		m.csr("dns-"+name, refusal.NameDNS, m.named(dns(value)))
	}
	for name, value := range map[string]string{
		"ipv4": "192.0.2.1", "ipv6": "2001:DB8::1", "trailing-dot": "web.example.",
		"utf8": "wéb.example", "utf8-capitals": "WÉB.example", "wildcard-utf8": "*.wéb.example",
		"wildcard-trailing-dot": "*.web.example.", "trailing-dot-253": strings.Repeat("a.", 126) + "a.",
		"kelvin-sign": "wee\u212a.example",
	} {
		m.csr("dns-form-"+name, refusal.NameForm, m.named(dns(value)))
	}
	m.addresses()
	m.mailAndURIs()
	m.nameKinds()
}

// addresses are IP addresses that no certificate may carry, or octets that are none.
func (m *maker) addresses() {
	m.t.Helper()
	for name, value := range map[string]string{
		"unspecified": "\x00\x00\x00\x00", "unspecified-v6": strings.Repeat("\x00", 16),
		"multicast": "\xe0\x00\x00\x01", "multicast-v6": "\xff\x02" + strings.Repeat("\x00", 14),
		"broadcast": "\xff\xff\xff\xff", "mapped": strings.Repeat("\x00", 10) + "\xff\xff\xc0\x00\x02\x01", "empty": "",
		"3-octets": "\x01\x02\x03", "5-octets": "\x01\x02\x03\x04\x05",
		"with-mask": "\xc0\x00\x02\x00\xff\xff\xff\x00", "v6-with-mask": strings.Repeat("\x20", 32),
		"as-text": "192.0.2.1",
	} {
		m.csr("ip-"+name, refusal.NameIP, m.named(context(7, []byte(value))))
	}
}

// mailAndURIs are mail addresses and URIs that cannot be read.
func (m *maker) mailAndURIs() {
	m.t.Helper()
	for name, value := range map[string]string{
		"no-at": "web.example", "no-local-part": "@web.example", "display-name": "Root <root@web.example>",
		"line-feed": "root@web.example\nx", "quoted": `"a b"@web.example`,
		"utf8": "röot@web.example", "two": "a@b.example,c@d.example", "bad-domain": "root@web..example",
		"asterisk-domain": "root@*", "wildcard-domain": "root@*.web.example",
	} {
		m.csr("email-"+name, refusal.NameKind, m.named(context(1, []byte(value))))
	}
	for name, value := range map[string]string{
		"empty": "", "relative": "/path", "relative-host": "//web.example/x", "no-host": "https://",
		"user":  "https://root:pw@web.example/",
		"space": "https://web.example/a b", "line-feed": "https://web.example/\n",
		"utf8": "https://wéb.example/", "escape": "https://web.example/\x1b", "bad-escape": "https://web.example/%zz",
		"no-scheme": "web.example/path",
	} {
		m.csr("uri-"+name, refusal.NameKind, m.named(context(6, []byte(value))))
	}
}

// nameKinds are structures of a subjectAltName, and how many names it has.
func (m *maker) nameKinds() {
	m.t.Helper()
	directory := seq(rdn(commonName, "x"))
	for _, c := range []struct {
		name string
		code refusal.Code
		alt  []byte
	}{
		{"other-name", refusal.NameKind, sans(dns("web.example"),
			inside(0, oid("1.3.6.1.4.1.311.20.2.3"), inside(0, text(tagUTF8, "admin@corp"))))},
		{"x400-address", refusal.NameKind, sans(inside(3, seq()))},
		{"directory-name", refusal.NameKind, sans(dns("web.example"), inside(4, directory))},
		{"edi-party-name", refusal.NameKind, sans(inside(5, inside(1, text(tagUTF8, "x"))))},
		{"registered-id", refusal.NameKind, sans(dns("web.example"), context(8, []byte{0x2a, 3}))},
		{"name-tag-9", refusal.NameKind, sans(context(9, []byte("x")))},
		{"name-constructed-dns", refusal.NameKind, sans(inside(2, text(tagIA5, "web.example")))},
		{"name-universal-string", refusal.NameKind, sans(text(tagIA5, "web.example"))},
		{"alt-name-empty", refusal.ExtensionMalformed, sans()},
		{"alt-name-no-sequence", refusal.ExtensionMalformed, extension(altName, dns("web.example"))},
		{"alt-name-trailing-data", refusal.ExtensionMalformed,
			extension(altName, append(seq(dns("web.example")), dns("evil.example")...))},
		{"alt-name-cut", refusal.ExtensionMalformed, sans([]byte{0x82, 0x20, 'w'})},
		{"alt-name-value-empty", refusal.ExtensionMalformed, extension(altName, nil)},
	} {
		m.csr(c.name, c.code, asked(c.alt))
	}
	for _, n := range []int{101, 3000} {
		var many [][]byte
		for i := range n {
			many = append(many, dns(fmt.Sprintf("n%d.example", i)))
		}
		m.csr(fmt.Sprintf("names-%d", n), refusal.NameCount, m.named(many...))
	}
	var bad [][]byte
	for i := range 5000 {
		bad = append(bad, dns(fmt.Sprintf("_%d", i)))
	}
	m.csr("names-5000-bad", refusal.NameDNS, m.named(bad...))
}

// named asks for the names given.
func (m *maker) named(names ...[]byte) func(*template) { return asked(sans(names...)) }

// asked asks for the extensions given.
func asked(extensions ...[]byte) func(*template) {
	return func(t *template) { t.attributes = inside(0, asking(extensions...)) }
}
