package requesttest

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/binary"
	"encoding/pem"
	"io"
	"strings"

	"ca-exchange/internal/refusal"
	"ca-exchange/internal/request"

	"github.com/hiddeco/sshsig"
	"golang.org/x/crypto/ssh"
)

const requestNamespace = "ca-exchange-request"

// cutSignature separates an entry from the signature below it. Two entries of one key may differ in length.
func cutSignature(entry []byte) (covered, block []byte) {
	start := bytes.Index(entry, []byte("-----BEGIN SSH SIGNATURE-----"))
	return entry[:start:start], entry[start:]
}

// signatures are broken, borrowed, or of a kind that proves nothing.
func (m *maker) signatures() {
	m.t.Helper()
	signed := m.signed()
	covered, block := cutSignature(signed)
	blob, _ := pem.Decode(block)
	with := func(blob []byte) []byte {
		return append(bytes.Clone(covered), pem.EncodeToMemory(&pem.Block{Type: "SSH SIGNATURE", Bytes: blob})...)
	}
	flipped := bytes.Clone(blob.Bytes)
	flipped[len(flipped)-1] ^= 1
	elsewhere := m.cover()
	elsewhere.Nonce = strings.Repeat("1e", 16)
	_, borrowed := cutSignature(must(request.Sign(request.Encode(elsewhere, m.der(m.key, nil)), m.identity))(m.t))
	foreign := request.Encode(m.cover(), m.der(m.other, nil))
	for _, c := range []struct {
		name  string
		code  refusal.Code
		entry []byte
	}{
		{"bit-flipped", refusal.SignatureBroken, with(flipped)},
		{"empty", refusal.SignatureBroken, with(nil)},
		{"random", refusal.SignatureBroken, with([]byte("no signature at all"))},
		{"trailing-data", refusal.SignatureBroken, with(append(bytes.Clone(blob.Bytes), 0))},
		{"cut", refusal.SignatureBroken, with(blob.Bytes[:len(blob.Bytes)-1])},
		{"version-2", refusal.SignatureBroken, with(bytes.Replace(blob.Bytes, []byte("SSHSIG\x00\x00\x00\x01"),
			[]byte("SSHSIG\x00\x00\x00\x02"), 1))},
		{"reserved-field", refusal.SignatureBroken, with(bytes.Replace(blob.Bytes,
			[]byte(requestNamespace+"\x00\x00\x00\x00"), []byte(requestNamespace+"\x00\x00\x00\x01x"), 1))},
		{"magic", refusal.SignatureBroken, with(bytes.Replace(blob.Bytes, []byte("SSHSIG"), []byte("SSHGIS"), 1))},
		{"hash-renamed", refusal.SignatureBroken, with(bytes.Replace(blob.Bytes, []byte("sha512"), []byte("sha256"),
			1))},
		{"hash-unknown", refusal.SignatureBroken, with(bytes.Replace(blob.Bytes, []byte("sha512"), []byte("sha384"),
			1))},
		{"namespace-renamed", refusal.SignatureBroken,
			with(bytes.Replace(blob.Bytes, []byte(requestNamespace), []byte("ca-exchange-renewal"), 1))},
		{"of-other-cover", refusal.SignatureBroken, append(bytes.Clone(covered), borrowed...)},
		{"of-other-csr", refusal.SignatureBroken, append(bytes.Clone(foreign), block...)},
		{"cover-edited", refusal.SignatureBroken, m.swap(signed, "Profile: server\n", "Profile: client\n")},
		{"nonce-edited", refusal.SignatureBroken, m.swap(signed, "Nonce: 0f", "Nonce: 1f")},
		{"line-removed", refusal.CoverMalformed, m.swap(signed, "Profile: server\n", "")},
		{"without-cover", refusal.SignatureUncovered, append(m.plain(), block...)},
		{"three", refusal.EntryBlocks, bytes.Join([][]byte{covered, block, block, block}, nil)},
		{"text-behind", refusal.EntryBlocks, append(bytes.Clone(signed), "thanks\n"...)},
		{"text-between", refusal.EntryBlocks, bytes.Join([][]byte{covered, []byte("signed:\n"), block}, nil)},
		{"pgp", refusal.EntryBlocks, append(bytes.Clone(covered),
			pem.EncodeToMemory(&pem.Block{Type: "PGP SIGNATURE", Bytes: blob.Bytes})...)},
		{"above", refusal.EntryBlocks, append(bytes.Clone(block), covered...)},
		{"pem-header", refusal.EntryPEM, m.swap(signed, "-----BEGIN SSH SIGNATURE-----\n",
			"-----BEGIN SSH SIGNATURE-----\nComment: x\n")},
		{"repeated", refusal.EntryBlocks, append(bytes.Clone(signed), block...)},
		{"renewal-second", refusal.EntryBlocks, append(bytes.Clone(signed), m.reserved(signed)...)},
	} {
		m.add("signature-ssh-"+c.name, c.code, c.entry)
	}
	m.namespaces(covered, with)
	m.signingKeys(covered, with)
}

// namespaces are those of other purposes.
func (m *maker) namespaces(covered []byte, with func([]byte) []byte) {
	m.t.Helper()
	for name, namespace := range map[string]string{
		"file": "file", "git": "git", "short": "ca-exchange", "renewal": "ca-exchange-renewal",
		"blank": "ca-exchange-request ", "upper-case": "CA-EXCHANGE-REQUEST",
	} {
		s := must(sshsig.Sign(bytes.NewReader(covered), m.identity, sshsig.HashSHA512, namespace))(m.t)
		m.add("signature-ssh-namespace-"+name, refusal.SignatureBroken, with(s.Marshal()))
	}
}

// reserved is a signature of the namespace that renewals were meant to have.
func (m *maker) reserved(signed []byte) []byte {
	m.t.Helper()
	s := must(sshsig.Sign(bytes.NewReader(signed), m.identity, sshsig.HashSHA512, "ca-exchange-renewal"))(m.t)
	return pem.EncodeToMemory(&pem.Block{Type: "SSH SIGNATURE", Bytes: s.Marshal()})
}

// signingKeys are too weak, or no requester's kind of key.
func (m *maker) signingKeys(covered []byte, with func([]byte) []byte) {
	m.t.Helper()
	for name, signer := range map[string]ssh.Signer{
		"rsa-1024":    must(ssh.NewSignerFromSigner(must(rsa.GenerateKey(rand.Reader, 1024))(m.t)))(m.t),
		"certificate": m.certified(),
		"sk-absent":   m.securityKey(0),
	} {
		s := must(sshsig.Sign(bytes.NewReader(covered), signer, sshsig.HashSHA512, requestNamespace))(m.t)
		m.add("signature-ssh-"+name, refusal.SignatureBroken, with(s.Marshal()))
	}
	signer := must(ssh.NewSignerFromSigner(m.rsa))(m.t)
	s := must(sshsig.Sign(bytes.NewReader(covered), signer, sshsig.HashSHA512, requestNamespace))(m.t)
	m.add("signature-ssh-key-padded", refusal.SignatureBroken, with(padded(s.Marshal())))
	s.Signature.Format = ssh.KeyAlgoRSA
	m.add("signature-ssh-rsa-sha1", refusal.SignatureBroken, with(s.Marshal()))
}

// padded writes the exponent of a signature's RSA key with a zero in front: the same key in another encoding, which
// verifies.
func padded(blob []byte) []byte {
	const at = len("SSHSIG") + 4 // of the key's length
	length := binary.BigEndian.Uint32(blob[at:])
	longer := binary.BigEndian.AppendUint32(bytes.Clone(blob[:at]), length+1)
	rest := bytes.Replace(blob[at+4:], []byte("\x00\x00\x00\x03\x01\x00\x01"),
		[]byte("\x00\x00\x00\x04\x00\x01\x00\x01"), 1)
	return append(longer, rest...)
}

// certified is an identity with an OpenSSH certificate: a statement by a CA that nobody here knows.
func (m *maker) certified() ssh.Signer {
	m.t.Helper()
	certificate := &ssh.Certificate{Key: m.identity.PublicKey(), CertType: ssh.UserCert,
		ValidBefore: ssh.CertTimeInfinity}
	if err := certificate.SignCert(rand.Reader, m.identity); err != nil {
		m.t.Fatal(err)
	}
	return must(ssh.NewCertSigner(certificate, m.identity))(m.t)
}

// securityKey is a FIDO token made in software: an ecdsa-sk key that signs with the flags given (bit 0: a person
// touched it).
func (m *maker) securityKey(flags byte) ssh.Signer {
	m.t.Helper()
	key := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))(m.t)
	public := must(ssh.ParsePublicKey(ssh.Marshal(struct {
		Name, Curve string
		Point       []byte
		Application string
	}{ssh.KeyAlgoSKECDSA256, "nistp256", must(key.PublicKey.Bytes())(m.t), "ssh:"})))(m.t)
	return &token{key, public, flags}
}

// token signs as PROTOCOL.u2f says.
type token struct {
	key    *ecdsa.PrivateKey
	public ssh.PublicKey
	flags  byte
}

func (t *token) PublicKey() ssh.PublicKey { return t.public }

func (t *token) Sign(random io.Reader, data []byte) (*ssh.Signature, error) {
	counter := []byte{0, 0, 0, 1}
	application, message := sum([]byte("ssh:")), sum(data)
	r, s, err := ecdsa.Sign(random, t.key, sum(bytes.Join([][]byte{application, {t.flags}, counter, message}, nil)))
	if err != nil {
		return nil, err
	}
	return &ssh.Signature{Format: ssh.KeyAlgoSKECDSA256,
		Blob: ssh.Marshal(struct{ R, S []byte }{mpint(r.Bytes()), mpint(s.Bytes())}),
		Rest: append([]byte{t.flags}, counter...)}, nil
}

// mpint is a positive number as RFC 4251 5 writes it.
func mpint(b []byte) []byte {
	if len(b) > 0 && b[0] >= 0x80 {
		return append([]byte{0}, b...)
	}
	return b
}
