package pki

import (
	"encoding/asn1"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/cryptobyte"
	der "golang.org/x/crypto/cryptobyte/asn1"
)

// Subject is a distinguished name: every attribute in order, whatever RDN and string type it came in.
type Subject []Attribute

// Attribute is one value of a subject. Type is its short name as openssl prints it ("CN", "O", "OU") or its
// OID ("1.2.3").
type Attribute struct{ Type, Value string }

// CommonName is the CN, "" without one. No parsed subject has two.
func (s Subject) CommonName() string {
	for _, a := range s {
		if a.Type == "CN" {
			return a.Value
		}
	}
	return ""
}

// Organizations are the O values in order.
func (s Subject) Organizations() []string {
	var o []string
	for _, a := range s {
		if a.Type == "O" {
			o = append(o, a.Value)
		}
	}
	return o
}

// String gives CN="…", O="…", each value quoted to ASCII: none can pose as another attribute or move a cursor.
func (s Subject) String() string {
	parts := make([]string, len(s))
	for i, a := range s {
		parts[i] = a.Type + "=" + strconv.QuoteToASCII(a.Value)
	}
	return strings.Join(parts, ", ")
}

// attributeTypes are the attributes with a short name, and the most characters X.520 (RFC 5280 appendix A.1,
// RFC 4519) lets them have.
var attributeTypes = map[string]struct {
	name  string
	bound int
}{
	"2.5.4.3":                    {"CN", 64},
	"2.5.4.4":                    {"SN", 64},
	"2.5.4.5":                    {"serialNumber", 64},
	"2.5.4.6":                    {"C", 2},
	"2.5.4.7":                    {"L", 128},
	"2.5.4.8":                    {"ST", 128},
	"2.5.4.9":                    {"street", 128},
	"2.5.4.10":                   {"O", 64},
	"2.5.4.11":                   {"OU", 64},
	"2.5.4.12":                   {"title", 64},
	"2.5.4.17":                   {"postalCode", 40},
	"2.5.4.42":                   {"GN", 64},
	"2.5.4.46":                   {"dnQualifier", 64},
	"2.5.4.97":                   {"organizationIdentifier", 256},
	"1.2.840.113549.1.9.1":       {"emailAddress", 255},
	"0.9.2342.19200300.100.1.1":  {"UID", 256},
	"0.9.2342.19200300.100.1.25": {"DC", 63},
}

const (
	// otherBound limits attributes that no table here names.
	otherBound = 256
	// kubernetesArc holds the attributes that Kubernetes reads from client certificates: .2 is the user's UID.
	kubernetesArc = "1.3.6.1.4.1.57683."
)

// readSubject flattens the RDNSequence (RFC 5280 4.1.2.4): an O counts as much in a multi-valued RDN as alone.
func (r *csrReader) readSubject(rdns cryptobyte.String) {
	for !rdns.Empty() {
		var rdn cryptobyte.String
		if !rdns.ReadASN1(&rdn, der.SET) || rdn.Empty() {
			r.add(SubjectMalformed, "subject", "", "a sequence of non-empty sets of attributes")
			return
		}
		for !rdn.Empty() {
			if !r.readAttributeValue(&rdn) {
				return
			}
		}
	}
}

// readAttributeValue reads one AttributeTypeAndValue; false where what follows can't be read either.
func (r *csrReader) readAttributeValue(rdn *cryptobyte.String) bool {
	var pair, value cryptobyte.String
	var oid asn1.ObjectIdentifier
	var tag der.Tag
	if !rdn.ReadASN1(&pair, der.SEQUENCE) || !pair.ReadASN1ObjectIdentifier(&oid) || !pair.ReadAnyASN1(&value, &tag) || !pair.Empty() {
		r.add(SubjectMalformed, "subject", "", "attributes of a type and one value")
		return false
	}
	a := Attribute{Type: oid.String()}
	known, ok := attributeTypes[a.Type]
	if ok {
		a.Type = known.name
	} else {
		known.bound = otherBound
	}
	field := "subject." + a.Type
	if strings.HasPrefix(a.Type, kubernetesArc) {
		r.add(SubjectReserved, field, string(value), "no attribute that Kubernetes reads identities from")
	}
	if a.Value, ok = decodeString(tag, value); !ok {
		r.add(SubjectMalformed, field, string(value), "a string of a known type that holds what its type allows")
		return true
	}
	r.checkAttribute(a, field, known.bound)
	r.Subject = append(r.Subject, a)
	return true
}

func (r *csrReader) checkAttribute(a Attribute, field string, bound int) {
	n := utf8.RuneCountInString(a.Value)
	switch {
	case n == 0:
		r.add(SubjectMalformed, field, "", "at least one character")
	case !isPrintable(a.Value):
		r.add(SubjectMalformed, field, a.Value, "printable characters, without bidirectional controls")
	case n > bound:
		r.add(SubjectLength, field, a.Value, "at most "+strconv.Itoa(bound)+" characters")
	}
	if a.Type == "CN" {
		if before := r.Subject.CommonName(); before != "" {
			r.add(SubjectMalformed, field, a.Value, "one common name")
		}
		if strings.HasPrefix(a.Value, "*") && CheckDNSName(a.Value) != nil {
			r.add(SubjectMalformed, field, a.Value, "no wildcard for everything or a top-level domain")
		}
	}
}
