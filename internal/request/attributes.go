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

// attributeNames are attributes that people meet; they say something about the asking side and nothing about the
// certificate.
var attributeNames = map[string]string{
	"1.2.840.113549.1.9.2":   "unstructuredName",  // RFC 2985 5.4.1
	"1.2.840.113549.1.9.7":   "challengePassword", // openssl req asks for it
	"1.2.840.113549.1.9.8":   "unstructuredAddress",
	"1.2.840.113549.1.9.20":  "friendlyName",
	"1.2.840.113549.1.9.21":  "localKeyId",
	"1.3.6.1.4.1.311.13.2.1": "enrolmentNameValuePair", // Microsoft's, as the next three
	"1.3.6.1.4.1.311.13.2.2": "enrolmentCSP",
	"1.3.6.1.4.1.311.13.2.3": "osVersion",
	"1.3.6.1.4.1.311.21.20":  "clientInformation",
}

// readAttributes walks the attributes (RFC 2986 4.1). Extensions may be asked for in one place only; every other
// attribute is ignored, whatever it is and however often it occurs, since none is ever copied.
func (r *csrReader) readAttributes(attributes cryptobyte.String) {
	extensions := map[string]bool{}
	for !attributes.Empty() {
		var attribute, values cryptobyte.String
		var oid asn1.ObjectIdentifier
		if !attributes.ReadASN1(&attribute, der.SEQUENCE) || !attribute.ReadASN1ObjectIdentifier(&oid) ||
			!attribute.ReadASN1(&values, der.SET) || !attribute.Empty() {
			r.Add(refusal.CSRAttribute, "attributes", "", "attributes of a type and a set of values (RFC 2986 4.1)")
			return
		}
		name := oid.String()
		if name != extensionRequest && name != microsoftExtensions {
			r.ignoreAttribute(name, values)
			continue
		}
		if extensions[name] {
			r.Add(refusal.CSRAttribute, "attributes", name, "each attribute once")
		}
		extensions[name] = true
		r.readExtensionRequest(name, values)
	}
	if extensions[extensionRequest] && extensions[microsoftExtensions] {
		r.Add(refusal.CSRAttribute, "attributes", microsoftExtensions, "extensions in one attribute, PKCS#9's")
	}
}

// ignoreAttribute notes an attribute that is not copied. Its values only have to be DER.
func (r *csrReader) ignoreAttribute(oid string, values cryptobyte.String) {
	for !values.Empty() {
		var value cryptobyte.String
		var tag der.Tag
		if !values.ReadAnyASN1Element(&value, &tag) {
			r.Add(refusal.CSRAttribute, "attributes", oid, "values in DER")
			return
		}
	}
	name, known := attributeNames[oid]
	if !known {
		name = oid
	}
	r.ignore(name)
}

func (r *csrReader) readExtensionRequest(oid string, values cryptobyte.String) {
	var value cryptobyte.String
	var tag der.Tag
	switch {
	case !values.ReadAnyASN1Element(&value, &tag) || !values.Empty():
		r.Add(refusal.CSRAttribute, "attributes", oid, "one value")
	case oid == extensionRequest:
		r.readExtensions(value)
	default:
		r.readMicrosoft(value)
	}
}

// readMicrosoft looks into Microsoft's attribute for danger only. To sign without its names would lose them in
// silence, to sign with them would read what no standard says: a person gives them.
func (r *csrReader) readMicrosoft(value cryptobyte.String) {
	names, usages := r.Names, r.Usages
	r.readExtensions(value)
	r.Unread = append(r.Unread, r.Names.Strings()...)
	if r.Names.Len() > names.Len() {
		r.Add(refusal.MicrosoftName, "attributes", listed(r.Names.Strings()),
			"a subjectAltName in PKCS#9's extension request")
	} else {
		r.Add(refusal.ExtensionForeign, "attributes", microsoftExtensions, "extensions in PKCS#9's extension request")
	}
	r.Names, r.Usages = names, usages
}
