package requesttest

import (
	"crypto/sha256"
	"strings"

	"ca-exchange/internal/request"

	"golang.org/x/crypto/ssh"
)

func sum(b []byte) []byte { s := sha256.Sum256(b); return s[:] }

// good are the forms that real tools write.
func (m *maker) good() []Case {
	m.t.Helper()
	for name, key := range m.signers() {
		m.add("key-"+name, "", armor(m.der(key, nil)))
	}
	der, plain := m.der(m.key, nil), string(m.plain())
	for name, entry := range map[string]string{
		"text-above": "Certificate Request:\n    Data:\n        Version: 1 (0x0)\n        Subject: CN = web\n" +
			plain, // openssl req -text
		"utf8-text":    "Anfrage für web.example\n\n" + plain,
		"crlf":         strings.ReplaceAll(plain, "\n", "\r\n"),
		"new-label":    string(wrap("NEW CERTIFICATE REQUEST", der, 64)), // keytool, certreq
		"76-columns":   string(wrap("CERTIFICATE REQUEST", der, 76)),
		"one-line":     string(wrap("CERTIFICATE REQUEST", der, 1<<20)),
		"blank-lines":  "\n\n" + plain + "\n\n",
		"no-line-feed": strings.TrimSuffix(plain, "\n"),
		"blanks":       strings.ReplaceAll(plain, "\n", "  \n"),
		"der":          string(der),
		"mark":         "\ufeff" + plain,
		"mark-text":    "\ufeffAnfrage\r\n" + strings.ReplaceAll(plain, "\n", "\r\n"),
		"covered":      string(m.covered()),
		"signed":       string(m.signed()),
	} {
		m.add("form-"+name, "", []byte(entry))
	}
	m.goodRequests()
	m.goodAttributes()
	m.goodSubjects()
	m.goodPSS()
	m.goodSignatures()
	return m.cases
}

// goodRequests differ in what the CSR says.
func (m *maker) goodRequests() {
	m.t.Helper()
	server := extension(extKeyUsage, seq(oid(serverAuth), oid(clientAuth)))
	usage := critical(keyUsage, tlv(0x03, []byte{5, 0xa0}))
	names := sans(dns("web.example"), dns("*.web.example"), dns("xn--bcher-kva.example"),
		context(7, []byte{192, 0, 2, 1}), context(7, append(make([]byte, 15), 1)),
		context(1, []byte("root@web.example")), context(6, []byte("spiffe://web.example/x")))
	client := seq(oid("1.3.6.1.4.1.311.21.20"), set(seq(integer(9), text(tagUTF8, "HOST"), text(tagUTF8, `CORP\me`),
		text(tagUTF8, "certreq"))))
	system := seq(oid("1.3.6.1.4.1.311.13.2.3"), set(text(tagIA5, "10.0.20348.2")))
	provider := seq(oid("1.3.6.1.4.1.311.13.2.2"), set(seq(integer(1), text(tagBMP, "\x00M"), bitString())))
	password := seq(oid("1.2.840.113549.1.9.7"), set(text(tagUTF8, "secret")))
	company := seq(oid("1.2.840.113549.1.9.2"), set(text(tagUTF8, "Example")))
	for name, edit := range map[string]func(*template){
		"attributes-empty":  func(t *template) { t.attributes = inside(0) },
		"attributes-absent": func(t *template) { t.attributes = nil },
		"extensions-empty":  asked(),
		"alt-name-critical": asked(critical(altName, seq(dns("web.example")))),
		// Octets that are the same letter, in two cases: 10.0.0.65 and 10.0.0.97.
		"addresses-alike":      m.named(context(7, []byte{10, 0, 0, 'A'}), context(7, []byte{10, 0, 0, 'a'})),
		"all-names":            asked(names),
		"same-name-twice":      m.named(dns("web.example"), dns("WEB.example")),
		"usages":               asked(server, usage, names),
		"ca-false":             asked(extension(constraints, seq()), names),
		"ca-false-critical":    asked(critical(constraints, seq()), names),
		"password-and-company": func(t *template) { t.attributes = inside(0, password, company, asking(names)) },
		"microsoft": func(t *template) {
			t.attributes = inside(0, system, client, provider, asking(names, server))
		},
	} {
		m.add("csr-"+name, "", armor(m.der(m.key, edit)))
	}
	m.goodNames()
}

// goodNames are subjects in every string type, at their bounds.
func (m *maker) goodNames() {
	m.t.Helper()
	for name, subject := range map[string][]byte{
		"empty":     seq(),
		"long":      longSubject(),
		"printable": seq(set(attribute(commonName, text(tagPrintable, "system:node:cp1")))),
		"bmp":       seq(set(attribute(commonName, text(tagBMP, "\x00w\x00e\x00b")))),
		"universal": seq(set(attribute(commonName, text(tagUniversal, "\x00\x00\x00w")))),
		"teletex":   seq(set(attribute(commonName, text(tagTeletex, "web")))),
		"multi-valued": seq(set(attribute(commonName, text(tagUTF8, "web")),
			attribute(organization, text(tagUTF8, "a")), attribute(organization, text(tagUTF8, "b")))),
	} {
		m.csr("csr-subject-"+name, "", func(t *template) { t.subject = subject })
	}
}

// longSubject has what openssl req asks for, at the bounds of X.520.
func longSubject() []byte {
	return seq(rdn(country, "DE"), rdn("2.5.4.8", strings.Repeat("s", 128)), rdn("2.5.4.7", "Köln"),
		rdn(organization, strings.Repeat("ö", 64)),
		rdn(unit, "x"), rdn(commonName, strings.Repeat("c", 64)),
		set(attribute("1.2.840.113549.1.9.1", text(tagIA5, "root@web.example"))), rdn("1.2.3.4", "y"))
}

// goodSignatures are by every kind of identity, and below a cover with every line.
func (m *maker) goodSignatures() {
	m.t.Helper()
	for name, signer := range map[string]ssh.Signer{
		"rsa": must(ssh.NewSignerFromSigner(m.rsa))(m.t), "p256": must(ssh.NewSignerFromSigner(m.key))(m.t),
		"sk": m.securityKey(1),
	} {
		m.add("signed-"+name, "", must(request.Sign(m.covered(), signer))(m.t))
	}
	c := m.cover()
	c.Cluster, c.Node, c.Days, c.Replaces = "prod", "cp1", 180, strings.Repeat("cd", 32)
	signed := must(request.Sign(request.Encode(c, m.der(m.key, nil)), m.identity))(m.t)
	m.add("signed-full-cover", "", signed)
}
