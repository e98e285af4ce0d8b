package request

import (
	"encoding/asn1"

	"golang.org/x/crypto/cryptobyte"
	der "golang.org/x/crypto/cryptobyte/asn1"

	"ca-exchange/internal/refusal"
)

const (
	extensionRequest    = "1.2.840.113549.1.9.14"  // PKCS#9, RFC 2985 5.4.2
	microsoftExtensions = "1.3.6.1.4.1.311.2.1.14" // the same in Microsoft's arc, as old certreq writes it
)

// harmlessAttributes say something about the asking side and nothing about the certificate.
var harmlessAttributes = map[string]bool{
	"1.2.840.113549.1.9.2":   true, // unstructuredName, RFC 2985 5.4.1
	"1.2.840.113549.1.9.7":   true, // challengePassword, which openssl req asks for
	"1.2.840.113549.1.9.8":   true, // unstructuredAddress
	"1.2.840.113549.1.9.20":  true, // friendlyName
	"1.2.840.113549.1.9.21":  true, // localKeyId
	"1.3.6.1.4.1.311.13.2.1": true, // Microsoft: enrolment name and value
	"1.3.6.1.4.1.311.13.2.2": true, // Microsoft: key provider (CSP)
	"1.3.6.1.4.1.311.13.2.3": true, // Microsoft: OS version
	"1.3.6.1.4.1.311.21.20":  true, // Microsoft: client information
}

// readAttributes walks the attributes, each of which occurs once and has a value (RFC 2986 4.1).
func (r *csrReader) readAttributes(attributes cryptobyte.String) {
	seen := map[string]bool{}
	for !attributes.Empty() {
		var attribute, values cryptobyte.String
		var oid asn1.ObjectIdentifier
		if !attributes.ReadASN1(&attribute, der.SEQUENCE) || !attribute.ReadASN1ObjectIdentifier(&oid) ||
			!attribute.ReadASN1(&values, der.SET) || values.Empty() || !attribute.Empty() {
			r.Add(refusal.CSRAttribute, "attributes", "", "attributes of a type and a set of values (RFC 2986 4.1)")
			return
		}
		name := oid.String()
		if seen[name] {
			r.Add(refusal.CSRAttribute, "attributes", name, "each attribute once")
		}
		seen[name] = true
		r.readAttribute(name, values)
	}
	if seen[extensionRequest] && seen[microsoftExtensions] {
		r.Add(refusal.CSRAttribute, "attributes", microsoftExtensions, "extensions in one attribute, PKCS#9's")
	}
}

func (r *csrReader) readAttribute(oid string, values cryptobyte.String) {
	var value cryptobyte.String
	var tag der.Tag
	if !values.ReadAnyASN1Element(&value, &tag) || !values.Empty() {
		r.Add(refusal.CSRAttribute, "attributes", oid, "one value")
		return
	}
	switch {
	case oid == extensionRequest:
		r.readExtensions(value)
	case oid == microsoftExtensions:
		r.readMicrosoft(value)
	case !harmlessAttributes[oid]:
		r.Add(refusal.CSRAttribute, "attributes", oid, "attributes of PKCS#9 that are known")
	}
}

// readMicrosoft looks into Microsoft's attribute for danger only. To sign without its names would lose them in
// silence, to sign with them would read what no standard says: a person gives them.
func (r *csrReader) readMicrosoft(value cryptobyte.String) {
	names, usages := r.Names, r.Usages
	r.readExtensions(value)
	if r.Names.Len() > names.Len() {
		r.Add(refusal.MicrosoftName, "attributes", listed(r.Names.Strings()), "a subjectAltName in PKCS#9's extension request")
	} else {
		r.Add(refusal.ExtensionForeign, "attributes", microsoftExtensions, "extensions in PKCS#9's extension request")
	}
	r.Names, r.Usages = names, usages
}
