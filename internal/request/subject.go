package request

import (
	"encoding/asn1"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/cryptobyte"
	der "golang.org/x/crypto/cryptobyte/asn1"

	"ca-exchange/internal/pki"
	"ca-exchange/internal/refusal"
)

// kubernetesArc holds the attributes that Kubernetes reads from client certificates: .2 is the user's UID.
const kubernetesArc = "1.3.6.1.4.1.57683."

// readSubject flattens the RDNSequence (RFC 5280 4.1.2.4): an O counts as much in a multi-valued RDN as alone.
func (r *csrReader) readSubject(rdns cryptobyte.String) {
	for !rdns.Empty() {
		var rdn cryptobyte.String
		if !rdns.ReadASN1(&rdn, der.SET) || rdn.Empty() {
			r.Add(refusal.SubjectMalformed, "subject", "", "a sequence of non-empty sets of attributes")
			return
		}
		for !rdn.Empty() {
			if !r.readAttributeValue(&rdn) {
				return
			}
		}
	}
}

// readAttributeValue reads one AttributeTypeAndValue; false where what follows cannot be read either.
func (r *csrReader) readAttributeValue(rdn *cryptobyte.String) bool {
	var pair, value cryptobyte.String
	var oid asn1.ObjectIdentifier
	var tag der.Tag
	if !rdn.ReadASN1(&pair, der.SEQUENCE) || !pair.ReadASN1ObjectIdentifier(&oid) || !pair.ReadAnyASN1(&value, &tag) || !pair.Empty() {
		r.Add(refusal.SubjectMalformed, "subject", "", "attributes of a type and one value")
		return false
	}
	kind, bound := pki.AttributeType(oid.String())
	a := pki.Attribute{Type: kind}
	field := "subject." + a.Type
	if strings.HasPrefix(a.Type, kubernetesArc) {
		r.Add(refusal.SubjectReserved, field, string(value), "attributes that Kubernetes does not read identities from")
	}
	var ok bool
	if a.Value, ok = decodeString(tag, value); !ok {
		r.Add(refusal.SubjectMalformed, field, string(value), "a string of a known type, with characters that its type allows")
		return true
	}
	r.checkAttribute(a, field, bound)
	r.Subject = append(r.Subject, a)
	return true
}

func (r *csrReader) checkAttribute(a pki.Attribute, field string, bound int) {
	n := utf8.RuneCountInString(a.Value)
	switch {
	case n == 0:
		r.Add(refusal.SubjectMalformed, field, "", "at least one character")
	case !isPrintable(a.Value):
		r.Add(refusal.SubjectMalformed, field, a.Value, "printable characters, without bidirectional controls")
	case n > bound:
		r.Add(refusal.SubjectLength, field, a.Value, "at most "+strconv.Itoa(bound)+" characters")
	}
	if a.Type == "CN" {
		if before := r.Subject.CommonName(); before != "" {
			r.Add(refusal.SubjectMalformed, field, a.Value, "one common name")
		}
		if strings.HasPrefix(a.Value, "*") && pki.CheckDNSName(a.Value) != nil {
			r.Add(refusal.SubjectMalformed, field, a.Value, "a name, or a wildcard below a domain of two labels")
		}
	}
}
