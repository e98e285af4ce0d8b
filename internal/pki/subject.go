package pki

import (
	"strconv"
	"strings"
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

// String returns CN="…", O="…", each value quoted to ASCII: none can pose as another attribute or move a cursor.
func (s Subject) String() string {
	parts := make([]string, len(s))
	for i, a := range s {
		parts[i] = a.Type + "=" + strconv.QuoteToASCII(a.Value)
	}
	return strings.Join(parts, ", ")
}

// AttributeName returns the short name of an attribute type as openssl prints it, or the OID itself.
func AttributeName(oid string) string {
	if name, ok := attributeNames[oid]; ok {
		return name
	}
	return oid
}

// attributeNames are the attribute types with a short name (RFC 5280 appendix A.1, RFC 4519).
var attributeNames = map[string]string{
	"2.5.4.3":                    "CN",
	"2.5.4.4":                    "SN",
	"2.5.4.5":                    "serialNumber",
	"2.5.4.6":                    "C",
	"2.5.4.7":                    "L",
	"2.5.4.8":                    "ST",
	"2.5.4.9":                    "street",
	"2.5.4.10":                   "O",
	"2.5.4.11":                   "OU",
	"2.5.4.12":                   "title",
	"2.5.4.17":                   "postalCode",
	"2.5.4.42":                   "GN",
	"2.5.4.46":                   "dnQualifier",
	"2.5.4.97":                   "organizationIdentifier",
	"1.2.840.113549.1.9.1":       "emailAddress",
	"0.9.2342.19200300.100.1.1":  "UID",
	"0.9.2342.19200300.100.1.25": "DC",
}
