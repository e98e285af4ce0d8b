package requesttest

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"strconv"
	"strings"
)

// tlv is one DER element of any tag, its length in the shortest form.
func tlv(tag byte, parts ...[]byte) []byte {
	body := bytes.Join(parts, nil)
	n := len(body)
	switch {
	case n < 0x80:
		return append([]byte{tag, byte(n)}, body...)
	case n < 0x100:
		return append([]byte{tag, 0x81, byte(n)}, body...)
	case n < 0x10000:
		return append([]byte{tag, 0x82, byte(n >> 8), byte(n)}, body...)
	}
	return append([]byte{tag, 0x83, byte(n >> 16), byte(n >> 8), byte(n)}, body...)
}

func seq(parts ...[]byte) []byte             { return tlv(0x30, parts...) }
func set(parts ...[]byte) []byte             { return tlv(0x31, parts...) }
func octets(parts ...[]byte) []byte          { return tlv(0x04, parts...) }
func bitString(parts ...[]byte) []byte       { return tlv(0x03, append([][]byte{{0}}, parts...)...) }
func integer(octets ...byte) []byte          { return tlv(0x02, octets) }
func null() []byte                           { return tlv(0x05) }
func yes() []byte                            { return tlv(0x01, []byte{0xff}) }
func text(tag byte, s string) []byte         { return tlv(tag, []byte(s)) }
func context(n byte, parts ...[]byte) []byte { return tlv(0x80|n, parts...) }
func inside(n byte, parts ...[]byte) []byte  { return tlv(0xa0|n, parts...) }

// oid is an OBJECT IDENTIFIER, from its dotted form.
func oid(dotted string) []byte {
	var arcs []int
	for part := range strings.SplitSeq(dotted, ".") {
		n, _ := strconv.Atoi(part)
		arcs = append(arcs, n)
	}
	arcs = append([]int{40*arcs[0] + arcs[1]}, arcs[2:]...)
	var body []byte
	for _, arc := range arcs {
		digits := []byte{byte(arc & 0x7f)}
		for arc >>= 7; arc > 0; arc >>= 7 {
			digits = append([]byte{byte(arc&0x7f) | 0x80}, digits...)
		}
		body = append(body, digits...)
	}
	return tlv(0x06, body)
}

// String tags, and the attributes and extensions that cases are made of.
const (
	tagUTF8, tagNumeric, tagPrintable, tagTeletex    = 12, 18, 19, 20
	tagIA5, tagVisible, tagUniversal, tagBMP         = 22, 26, 28, 30
	commonName, organization, unit, country          = "2.5.4.3", "2.5.4.10", "2.5.4.11", "2.5.4.6"
	extensionRequest, microsoftRequest               = "1.2.840.113549.1.9.14", "1.3.6.1.4.1.311.2.1.14"
	altName, keyUsage, extKeyUsage, constraints      = "2.5.29.17", "2.5.29.15", "2.5.29.37", "2.5.29.19"
	serverAuth, clientAuth                           = "1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"
	sha256RSA, sha256ECDSA, sha384ECDSA, pureEd25519 = "1.2.840.113549.1.1.11", "1.2.840.10045.4.3.2",
		"1.2.840.10045.4.3.3", "1.3.101.112"
)

// rdn is a set of one attribute, in UTF-8.
func rdn(kind, value string) []byte { return set(attribute(kind, text(tagUTF8, value))) }

func attribute(kind string, value []byte) []byte { return seq(oid(kind), value) }

// extension is one that is not critical.
func extension(kind string, content []byte) []byte { return seq(oid(kind), octets(content)) }

func critical(kind string, content []byte) []byte { return seq(oid(kind), yes(), octets(content)) }

// asking is the extensionRequest attribute.
func asking(extensions ...[]byte) []byte { return seq(oid(extensionRequest), set(seq(extensions...))) }

// sans is a subjectAltName extension.
func sans(names ...[]byte) []byte { return extension(altName, seq(names...)) }

func dns(name string) []byte { return context(2, []byte(name)) }

// template is a PKCS#10 request in parts: each a whole DER element, ready to be replaced.
type template struct {
	version    []byte
	subject    []byte
	spki       []byte
	attributes []byte
	more       []byte // behind the attributes
	algorithm  []byte
	signature  []byte // nil: signed with the key
	behind     []byte // behind the signature
}

// der builds a request for key: CN=web, DNS:web.example, but for what edit changes.
func (m *maker) der(key crypto.Signer, edit func(*template)) []byte {
	m.t.Helper()
	t := &template{
		version:    integer(0),
		subject:    seq(rdn(commonName, "web")),
		spki:       must(x509.MarshalPKIXPublicKey(key.Public()))(m.t),
		attributes: inside(0, asking(sans(dns("web.example")))),
		algorithm:  algorithmFor(key),
	}
	if edit != nil {
		edit(t)
	}
	info := seq(t.version, t.subject, t.spki, t.attributes, t.more)
	if t.signature == nil {
		t.signature = bitString(m.sign(key, info))
	}
	return seq(info, t.algorithm, t.signature, t.behind)
}

func algorithmFor(key crypto.Signer) []byte {
	switch key.(type) {
	case *rsa.PrivateKey:
		return seq(oid(sha256RSA), null())
	case ed25519.PrivateKey:
		return seq(oid(pureEd25519))
	}
	return seq(oid(sha256ECDSA))
}

func (m *maker) sign(key crypto.Signer, info []byte) []byte {
	m.t.Helper()
	if _, ok := key.(ed25519.PrivateKey); ok {
		return must(key.Sign(rand.Reader, info, crypto.Hash(0)))(m.t)
	}
	return m.signHash(key, info, crypto.SHA256)
}

func (m *maker) signHash(key crypto.Signer, info []byte, hash crypto.Hash) []byte {
	m.t.Helper()
	h := hash.New()
	h.Write(info)
	return must(key.Sign(rand.Reader, h.Sum(nil), hash))(m.t)
}

// signSalted is a PSS signature of the RSA key.
func (m *maker) signSalted(info []byte, hash crypto.Hash, salt int) []byte {
	m.t.Helper()
	h := hash.New()
	h.Write(info)
	return must(m.rsa.Sign(rand.Reader, h.Sum(nil), &rsa.PSSOptions{SaltLength: salt, Hash: hash}))(m.t)
}

// info is the CertificationRequestInfo of a finished request.
func info(der []byte) []byte {
	outer := der[headerLen(der):]
	return outer[:headerLen(outer)+bodyLen(outer)]
}

func headerLen(element []byte) int {
	if element[1] < 0x80 {
		return 2
	}
	return 2 + int(element[1]&0x7f)
}

func bodyLen(element []byte) int {
	if element[1] < 0x80 {
		return int(element[1])
	}
	n := 0
	for _, b := range element[2:headerLen(element)] {
		n = n<<8 | int(b)
	}
	return n
}
