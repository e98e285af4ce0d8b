package request

import (
	"crypto"
	"crypto/x509"
	"encoding/asn1"
	"strconv"

	"golang.org/x/crypto/cryptobyte"
	der "golang.org/x/crypto/cryptobyte/asn1"

	"ca-exchange/internal/pki"
	"ca-exchange/internal/refusal"
)

// maxNames is how many names a request may ask for without a person.
const maxNames = 100

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

// ParseCSR reads a CSR and checks its key and its own signature. It gives all refusals at once, and the CSR
// unless one of them denies it.
func ParseCSR(raw []byte, blocked Blocklist) (*CSR, []refusal.Refusal) {
	r := &csrReader{CSR: &CSR{Raw: raw}}
	algorithm, signature, ok := r.readOuter()
	if !ok {
		return nil, r.List()
	}
	r.readInfo(blocked)
	if r.Subject == nil && !r.askedNames && !r.Denied() {
		r.Add(refusal.SubjectMalformed, "subject", "", "a common name or a subjectAltName")
	}
	if n := r.Names.Len(); n > maxNames {
		r.Add(refusal.NameCount, "names", strconv.Itoa(n), strconv.Itoa(maxNames))
	}
	// The expensive arithmetic comes last, and on keys that passed every cheap test only.
	if r.Key != nil {
		r.checkSelfSignature(algorithm, signature)
	}
	if !r.Denied() {
		r.checkPrimality()
	}
	if r.Denied() {
		return nil, r.List()
	}
	return r.CSR, r.List()
}

// readOuter takes CertificationRequest apart (RFC 2986 4.2).
func (r *csrReader) readOuter() (algorithm x509.SignatureAlgorithm, signature []byte, ok bool) {
	var request, info, identifier cryptobyte.String
	in := cryptobyte.String(r.Raw)
	if !in.ReadASN1(&request, der.SEQUENCE) || !in.Empty() ||
		!request.ReadASN1Element(&info, der.SEQUENCE) ||
		!request.ReadASN1(&identifier, der.SEQUENCE) ||
		!request.ReadASN1BitStringAsBytes(&signature) || !request.Empty() {
		r.Add(refusal.CSRMalformed, "csr", "", "a CertificationRequest in DER and nothing behind it (RFC 2986 4.2)")
		return 0, nil, false
	}
	r.Info = info
	var oid asn1.ObjectIdentifier
	if !identifier.ReadASN1ObjectIdentifier(&oid) {
		r.Add(refusal.CSRMalformed, "csr", "signatureAlgorithm", "an AlgorithmIdentifier (RFC 5280 4.1.1.2)")
		return 0, nil, false
	}
	known, ok := signatureAlgorithms[oid.String()]
	if !ok || string(identifier) != known.parameters {
		r.Add(refusal.CSRAlgorithm, "signatureAlgorithm", algorithmName(oid.String()), "SHA-256, SHA-384 or SHA-512 with RSA (PKCS#1 v1.5) or ECDSA, or Ed25519")
	}
	return known.algorithm, signature, true
}

// readInfo takes CertificationRequestInfo apart (RFC 2986 4.1).
func (r *csrReader) readInfo(blocked Blocklist) {
	var info, subject, spki, attributes cryptobyte.String
	var version int64
	in := cryptobyte.String(r.Info)
	ok := in.ReadASN1(&info, der.SEQUENCE) && info.ReadASN1Integer(&version) &&
		info.ReadASN1(&subject, der.SEQUENCE) && info.ReadASN1Element(&spki, der.SEQUENCE) &&
		// Some tools leave the attributes out where there are none.
		info.ReadOptionalASN1(&attributes, nil, der.Tag(0).ContextSpecific().Constructed()) && info.Empty()
	if !ok {
		r.Add(refusal.CSRMalformed, "csr", "", "a CertificationRequestInfo in DER (RFC 2986 4.1)")
		return
	}
	if version != 0 {
		r.Add(refusal.CSRVersion, "version", strconv.FormatInt(version, 10), "0")
	}
	r.readSubject(subject)
	r.readKey(spki, blocked)
	r.readAttributes(attributes)
}

// signatureAlgorithms are those a CSR may be signed with, and the DER of their parameters (RFC 4055 5, RFC 5758
// 3.2, RFC 8410 3).
var signatureAlgorithms = map[string]struct {
	algorithm  x509.SignatureAlgorithm
	parameters string
}{
	"1.2.840.113549.1.1.11": {x509.SHA256WithRSA, "\x05\x00"},
	"1.2.840.113549.1.1.12": {x509.SHA384WithRSA, "\x05\x00"},
	"1.2.840.113549.1.1.13": {x509.SHA512WithRSA, "\x05\x00"},
	"1.2.840.10045.4.3.2":   {x509.ECDSAWithSHA256, ""},
	"1.2.840.10045.4.3.3":   {x509.ECDSAWithSHA384, ""},
	"1.2.840.10045.4.3.4":   {x509.ECDSAWithSHA512, ""},
	"1.3.101.112":           {x509.PureEd25519, ""},
}

// algorithmName puts a name to the refused algorithms that people meet.
func algorithmName(oid string) string {
	switch oid {
	case "1.2.840.113549.1.1.4":
		return "MD5 with RSA"
	case "1.2.840.113549.1.1.5", "1.3.14.3.2.29":
		return "SHA-1 with RSA"
	case "1.2.840.113549.1.1.14":
		return "SHA-224 with RSA"
	case "1.2.840.113549.1.1.10":
		return "RSASSA-PSS"
	case "1.2.840.10045.4.1":
		return "SHA-1 with ECDSA"
	case "1.2.840.10045.4.3.1":
		return "SHA-224 with ECDSA"
	case "1.2.840.10040.4.3", "2.16.840.1.101.3.4.3.2":
		return "DSA"
	case "1.3.101.113":
		return "Ed448"
	}
	return oid
}

// checkSelfSignature proves that whoever made the request holds its key.
func (r *csrReader) checkSelfSignature(algorithm x509.SignatureAlgorithm, signature []byte) {
	if algorithm == x509.UnknownSignatureAlgorithm {
		return // refused already
	}
	request := x509.CertificateRequest{
		RawTBSCertificateRequest: r.Info,
		SignatureAlgorithm:       algorithm,
		Signature:                signature,
		PublicKey:                r.Key,
	}
	if request.CheckSignature() != nil {
		r.Add(refusal.CSRSignature, "signature", "", "a signature made with the request's own key")
	}
}
