package request

import (
	"crypto"
	"crypto/x509"
	"strconv"
	"strings"

	"ca-exchange/internal/pki"
	"ca-exchange/internal/refusal"
)

// CSR is a PKCS#10 request (RFC 2986) every field of which was walked and understood.
type CSR struct {
	Raw         []byte // the whole of it, DER
	Info        []byte // CertificationRequestInfo, DER: what the request id is made of
	Key         crypto.PublicKey
	KeyType     pki.KeyType
	Fingerprint string // of the key: hex SHA-256 of the SubjectPublicKeyInfo
	Subject     pki.Subject
	Names       pki.Names // as asked, DNS in lower case, each once
	Usages      []x509.ExtKeyUsage
}

// csrReader walks one CSR. The standard library's parser hides what it does not know: kinds of names, string
// types, all but the last CN, second values, trailing bytes. Here what is not understood is refused.
type csrReader struct {
	*CSR
	refusal.Findings
	askedNames bool // a subjectAltName was there, whatever became of it
}

// listed puts a few items on one line and counts the rest.
func listed(items []string) string {
	const shown = 5
	if len(items) <= shown {
		return strings.Join(items, ", ")
	}
	return strings.Join(items[:shown], ", ") + " and " + strconv.Itoa(len(items)-shown) + " more"
}
