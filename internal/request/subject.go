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

// kubernetesArc has the attributes that Kubernetes reads from client certificates: .2 is the user's UID.
const kubernetesArc = "1.3.6.1.4.1.57683."

// Bounds of an attribute's value, in characters. X.520's are kept for what a certificate may have (RFC 5280 appendix
// A.1: ub-common-name, ub-organization-name); the rest is never copied and only has to fit a screen.
const (
	maxCopied  = 64
	maxIgnored = 256
)

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
	if !rdn.ReadASN1(&pair, der.SEQUENCE) || !pair.ReadASN1ObjectIdentifier(&oid) ||
		!pair.ReadAnyASN1(&value, &tag) || !pair.Empty() {
		r.Add(refusal.SubjectMalformed, "subject", "", "attributes of a type and one value")
		return false
	}
	a := pki.Attribute{Type: pki.AttributeName(oid.String())}
	field := "subject." + a.Type
	if strings.HasPrefix(a.Type, kubernetesArc) {
		r.Add(refusal.SubjectReserved, field, string(value), "attributes that Kubernetes does not read identities from")
	}
	switch a.Type {
	case "CN":
		r.readCommonName(a, tag, value)
	case "O":
		r.readOrganization(a, tag, value)
	default:
		r.readIgnored(a, tag, value)
	}
	return true
}

// readCommonName takes the one attribute that a certificate may have as it is asked for: without the blanks around it,
// and strictly.
func (r *csrReader) readCommonName(a pki.Attribute, tag der.Tag, value []byte) {
	const field = "subject.CN"
	text, ok := decodeString(tag, value)
	if !ok {
		r.Add(refusal.SubjectMalformed, field, string(value),
			"a string of a known type, with characters that its type allows")
		return
	}
	a.Value = strings.Trim(text, " \u00a0")
	switch {
	case a.Value == "":
		r.Add(refusal.SubjectMalformed, field, text, "at least one character")
	case !isPrintable(a.Value):
		r.Add(refusal.SubjectMalformed, field, text, "printable characters, without bidirectional controls")
	case r.Subject.CommonName() != "":
		r.Add(refusal.SubjectMalformed, field, text, "one common name")
	case strings.HasPrefix(a.Value, "*") && pki.CheckDNSName(a.Value) != nil:
		r.Add(refusal.SubjectMalformed, field, text, "a name, or a wildcard below a domain of two labels")
	}
	if a.Value != text && isKubernetes(a.Value) {
		r.Add(refusal.ProfileSubject, field, text, "the name without blanks around it")
	}
	r.addAttribute(a, maxCopied)
}

// isKubernetes reports whether Kubernetes reads an identity from a name. Such a name counts only as it is written.
func isKubernetes(name string) bool {
	name = strings.ToLower(name)
	return strings.HasPrefix(name, "system:") || strings.HasPrefix(name, "kubeadm:")
}

// readOrganization takes what may be a group. Tools write company names into it in every spelling, and a person or the
// policy decides whether it is one.
func (r *csrReader) readOrganization(a pki.Attribute, tag der.Tag, value []byte) {
	const field = "subject.O"
	text, ok := decodeLoosely(tag, value)
	switch {
	case !ok:
		r.Add(refusal.SubjectMalformed, field, string(value),
			"a string of a known type, with characters that its type allows")
		return
	case text == "":
		return // no group
	case !isPrintableOrBlank(text):
		r.Add(refusal.SubjectMalformed, field, text, "printable characters, without bidirectional controls")
	}
	a.Value = text
	r.addAttribute(a, maxCopied)
}

// readIgnored takes an attribute that no certificate has: its DER was well-formed, and what is shown of it must be safe
// to show. A value that is not a string is shown in hex, as RFC 4514 2.4 does.
func (r *csrReader) readIgnored(a pki.Attribute, tag der.Tag, value []byte) {
	text, ok := decodeLoosely(tag, value)
	if !ok {
		text = hexValue(value)
	}
	if !isPrintableOrBlank(text) {
		r.Add(refusal.SubjectMalformed, "subject."+a.Type, text, "printable characters, without bidirectional controls")
	}
	a.Value = text
	r.addAttribute(a, maxIgnored)
}

func (r *csrReader) addAttribute(a pki.Attribute, bound int) {
	if utf8.RuneCountInString(a.Value) > bound {
		r.Add(refusal.SubjectLength, "subject."+a.Type, a.Value, "at most "+strconv.Itoa(bound)+" characters")
	}
	r.Subject = append(r.Subject, a)
}
