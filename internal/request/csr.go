package request

import (
	"strconv"

	"golang.org/x/crypto/cryptobyte"
	der "golang.org/x/crypto/cryptobyte/asn1"

	"ca-exchange/internal/refusal"
)

// maxNames is how many names a request may ask for without a person.
const maxNames = 100

// parseCSR reads a CSR and checks its key and its own signature. It returns all refusals at once, and the CSR
// unless one of them denies it.
func parseCSR(raw []byte, blocked Blocklist, tested *Tested) (*CSR, []refusal.Refusal) {
	r := &csrReader{CSR: &CSR{Raw: raw}}
	verify, signature, ok := r.readOuter()
	if !ok {
		return nil, r.List()
	}
	r.readInfo(blocked)
	if r.Subject == nil && !r.askedNames && !r.Denied() {
		r.Add(refusal.SubjectMalformed, "subject", "", "a common name or a subjectAltName")
	}
	if n := r.Names.Len() + len(r.Unread); n > maxNames {
		r.Add(refusal.NameCount, "names", strconv.Itoa(n), strconv.Itoa(maxNames))
	}
	// The expensive arithmetic comes last, and on keys that passed every cheap test only.
	if r.Key != nil && verify != nil {
		r.checkSelfSignature(verify, signature)
	}
	if !r.Denied() {
		r.checkPrimality(tested)
	}
	if r.Denied() {
		return nil, r.List()
	}
	return r.CSR, r.List()
}

// readOuter takes CertificationRequest apart (RFC 2986 4.2).
func (r *csrReader) readOuter() (verify verifier, signature []byte, ok bool) {
	var request, info, identifier cryptobyte.String
	in := cryptobyte.String(r.Raw)
	if !in.ReadASN1(&request, der.SEQUENCE) || !in.Empty() ||
		!request.ReadASN1Element(&info, der.SEQUENCE) ||
		!request.ReadASN1(&identifier, der.SEQUENCE) ||
		!request.ReadASN1BitStringAsBytes(&signature) || !request.Empty() {
		r.Add(refusal.CSRMalformed, "csr", "", "a CertificationRequest in DER and nothing behind it (RFC 2986 4.2)")
		return nil, nil, false
	}
	r.Info = info
	verify, ok = r.readAlgorithm(identifier)
	return verify, signature, ok
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
	r.checkAuthority()
}
