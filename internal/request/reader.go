package request

import (
	"crypto"
	"crypto/x509"
	"slices"
	"strconv"
	"strings"

	"ca-exchange/internal/pki"
	"ca-exchange/internal/refusal"
)

// CSR is a PKCS#10 request (RFC 2986) every field of which was walked and understood. What a certificate will not have
// is kept, so that its loss can be shown.
type CSR struct {
	Raw         []byte // the whole of it, DER
	Info        []byte // CertificationRequestInfo, DER: what the request id is made of
	Key         crypto.PublicKey
	KeyType     pki.KeyType
	Fingerprint string // of the key: hex SHA-256 of the SubjectPublicKeyInfo
	Subject     pki.Subject
	Names       pki.Names // as asked, DNS in lower case, each once
	Unread      []string  // names that are not in Names, in a form that is held: "DNS:192.0.2.1"; see refusal.NameForm
	Usages      []x509.ExtKeyUsage
	OtherUsages []string // extended key usages without a name in the standard library, as OIDs
	Ignored     []string // attributes and extensions that are never copied, by name or OID
	Authority   bool     // it asks for CA:TRUE and keyCertSign; see refusal.Authority
}

// verifier checks a signature over a CertificationRequestInfo.
type verifier func(key crypto.PublicKey, info, signature []byte) error

// csrReader walks one CSR. The standard library's parser hides what it does not know: kinds of names, string
// types, all but the last CN, second values, trailing bytes. Here what is not understood is refused.
type csrReader struct {
	*CSR
	refusal.Findings
	askedNames bool     // a subjectAltName was there, whatever became of it
	authority  bool     // basicConstraints has CA:TRUE
	caUsages   []string // key usages that only an authority has
}

// ignore notes an attribute or extension that is never copied, once.
func (r *csrReader) ignore(name string) {
	if !slices.Contains(r.Ignored, name) {
		r.Ignored = append(r.Ignored, name)
	}
}

// listed puts a few items on one line and counts the rest.
func listed(items []string) string {
	const shown = 5
	if len(items) <= shown {
		return strings.Join(items, ", ")
	}
	return strings.Join(items[:shown], ", ") + " and " + strconv.Itoa(len(items)-shown) + " more"
}
