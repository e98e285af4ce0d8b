package request

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"slices"
	"strings"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
	"golang.org/x/crypto/ssh"

	"ca-exchange/internal/pki"
)

// What PrivateKeyFingerprints spends on one entry: enough for any real key beside its request.
const (
	maxPrivateKeys    = 8
	maxPrivateKeySize = 4 << 10
)

// maxLabel is how far behind BEGIN a PEM label is looked for, in bytes. Without a bound, a file of BEGINs on one line
// would be looked through once for each of them.
const maxLabel = 128

// HoldsPrivateKey finds every form that tools write: PEM of any label, in UTF-16 too (a PowerShell redirect), PuTTY's,
// and DER that is PKCS#1, PKCS#8, SEC1 or PKCS#12. A key inside an archive stays unseen. It takes the beginning of a
// file of any size in linear time; the caller bounds it.
func HoldsPrivateKey(entry []byte) bool {
	text := entry
	if bytes.IndexByte(text, 0) >= 0 {
		text = bytes.ReplaceAll(text, []byte{0}, nil)
	}
	if bytes.HasPrefix(text, []byte("PuTTY-User-Key-File-")) || startsPrivateDER(entry) {
		return true
	}
	for rest := text; ; {
		_, after, ok := bytes.Cut(rest, []byte("-BEGIN "))
		if !ok {
			return false
		}
		line, _, _ := bytes.Cut(after[:min(len(after), maxLabel)], []byte("\n"))
		if bytes.Contains(line, []byte("PRIVATE KEY")) {
			return true
		}
		rest = after
	}
}

// startsPrivateDER looks at the first fields only: SEQUENCE { INTEGER version, … } is a private key or a
// PKCS#12 unless the version is followed by what a CertificationRequestInfo has; that stands one level deeper.
func startsPrivateDER(entry []byte) bool {
	der := cryptobyte.String(entry)
	var outer cryptobyte.String
	var version int
	return der.ReadASN1(&outer, asn1.SEQUENCE) && outer.ReadASN1Integer(&version) && version >= 0 && version <= 3
}

// PrivateKeyFingerprints returns the fingerprint (hex SHA-256 of the SubjectPublicKeyInfo) of every private key
// in the entry that can be opened without a passphrase: proof enough that the key is known to others. A key's
// public half alone proves nothing, so none is believed here that was not computed from the private one.
func PrivateKeyFingerprints(entry []byte) []string {
	var fingerprints []string
	for rest := entry; len(fingerprints) < maxPrivateKeys; {
		b, after := pem.Decode(rest)
		if b == nil {
			break
		}
		rest = after
		if !strings.Contains(b.Type, "PRIVATE KEY") || len(b.Bytes) > maxPrivateKeySize {
			continue
		}
		if f, ok := privateKeyFingerprint(b); ok && !slices.Contains(fingerprints, f) {
			fingerprints = append(fingerprints, f)
		}
	}
	return fingerprints
}

func privateKeyFingerprint(b *pem.Block) (string, bool) {
	key, err := ssh.ParseRawPrivateKey(pem.EncodeToMemory(b))
	if err != nil {
		return "", false
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return "", false
	}
	der, err := x509.MarshalPKIXPublicKey(signer.Public())
	return pki.SPKIFingerprint(der), err == nil
}
