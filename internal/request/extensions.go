package request

import (
	"crypto/x509"
	"encoding/asn1"
	"slices"

	"golang.org/x/crypto/cryptobyte"
	der "golang.org/x/crypto/cryptobyte/asn1"

	"ca-exchange/internal/refusal"
)

// readExtensions walks an Extensions value (RFC 5280 4.1), each extension of which occurs once (4.2).
func (r *csrReader) readExtensions(value cryptobyte.String) {
	var extensions cryptobyte.String
	if !value.ReadASN1(&extensions, der.SEQUENCE) { // value is one element: nothing follows
		r.Add(refusal.ExtensionMalformed, "extensions", "", "a sequence of extensions (RFC 5280 4.1)")
		return
	}
	seen := map[string]bool{}
	for !extensions.Empty() {
		var extension, content cryptobyte.String
		var oid asn1.ObjectIdentifier
		critical := false
		// DER leaves a default out: an explicit critical FALSE is BER.
		if !extensions.ReadASN1(&extension, der.SEQUENCE) || !extension.ReadASN1ObjectIdentifier(&oid) ||
			extension.PeekASN1Tag(der.BOOLEAN) && (!extension.ReadASN1Boolean(&critical) || !critical) ||
			!extension.ReadASN1(&content, der.OCTET_STRING) || !extension.Empty() {
			r.Add(refusal.ExtensionMalformed, "extensions", "", "type, criticality and value of each (RFC 5280 4.1)")
			return
		}
		name := oid.String()
		if seen[name] {
			r.Add(refusal.ExtensionMalformed, "extensions", name, "each extension once (RFC 5280 4.2)")
			continue
		}
		seen[name] = true
		r.readExtension(csrExtension{name, critical, content})
	}
}

// csrExtension is one extension that a CSR asks for.
type csrExtension struct {
	oid      string
	critical bool
	content  cryptobyte.String
}

// readExtension reads the four that say something about an end entity. Everything else is never copied, and
// denied where it may not be overlooked.
func (r *csrReader) readExtension(e csrExtension) {
	ok, field := true, "extensions"
	switch e.oid {
	case "2.5.29.17":
		field += ".subjectAltName"
		ok = r.readNames(e.content)
	case "2.5.29.15":
		field += ".keyUsage"
		ok = r.readKeyUsage(e.content)
	case "2.5.29.37":
		field += ".extendedKeyUsage"
		ok = r.readUsages(e.content)
	case "2.5.29.19":
		field += ".basicConstraints"
		ok = r.readBasicConstraints(e.content)
	case "2.5.29.30":
		r.Add(refusal.ExtensionDangerous, field, "nameConstraints", "extensions of an end entity")
	default:
		if e.critical {
			r.Add(refusal.ExtensionDangerous, field, e.oid+", critical", "critical extensions that are understood")
		} else {
			r.Add(refusal.ExtensionForeign, field, extensionName(e.oid), "")
			r.ignore(extensionName(e.oid))
		}
	}
	if !ok {
		r.Add(refusal.ExtensionMalformed, field, "", "the form of RFC 5280 4.2.1, in DER")
	}
}

// extensionName puts a name to the extensions that tools add on their own (RFC 5280 4.2.1, RFC 7633).
func extensionName(oid string) string {
	switch oid {
	case "2.5.29.14":
		return "subjectKeyIdentifier"
	case "2.5.29.31":
		return "cRLDistributionPoints"
	case "2.5.29.32":
		return "certificatePolicies"
	case "2.5.29.35":
		return "authorityKeyIdentifier"
	case "1.3.6.1.5.5.7.1.1":
		return "authorityInfoAccess"
	case "1.3.6.1.5.5.7.1.24":
		return "tlsFeature"
	}
	return oid
}

// readKeyUsage reads the bits for an authority's only: the profile decides the others (RFC 5280 4.2.1.3).
func (r *csrReader) readKeyUsage(content cryptobyte.String) bool {
	var bits asn1.BitString
	if !content.ReadASN1BitString(&bits) || !content.Empty() {
		return false
	}
	for i, name := range [...]string{keyCertSign, "cRLSign"} {
		if bits.At(5+i) != 0 {
			r.caUsages = append(r.caUsages, name)
		}
	}
	return true
}

const keyCertSign = "keyCertSign"

// checkAuthority holds a request that is a sub-CA's as tools make one: CA:TRUE and keyCertSign together. Half of that
// is not understood, and denied: some reader might take the certificate for an authority's.
func (r *csrReader) checkAuthority() {
	switch {
	case r.authority && slices.Contains(r.caUsages, keyCertSign):
		r.Authority = true
		r.Add(refusal.Authority, "extensions.basicConstraints", "CA:TRUE", "CA:FALSE")
	case r.authority:
		r.Add(refusal.ExtensionDangerous, "extensions.basicConstraints", "CA:TRUE without keyCertSign", "CA:FALSE")
	case len(r.caUsages) > 0:
		r.Add(refusal.ExtensionDangerous, "extensions.keyUsage", listed(r.caUsages), "usages of an end entity")
	}
}

// extKeyUsages are the usages the standard library has a name for (RFC 5280 4.2.1.12).
var extKeyUsages = map[string]x509.ExtKeyUsage{
	"1.3.6.1.5.5.7.3.1": x509.ExtKeyUsageServerAuth,
	"1.3.6.1.5.5.7.3.2": x509.ExtKeyUsageClientAuth,
	"1.3.6.1.5.5.7.3.3": x509.ExtKeyUsageCodeSigning,
	"1.3.6.1.5.5.7.3.4": x509.ExtKeyUsageEmailProtection,
	"1.3.6.1.5.5.7.3.8": x509.ExtKeyUsageTimeStamping,
}

func (r *csrReader) readUsages(content cryptobyte.String) bool {
	const field = "extensions.extendedKeyUsage"
	var usages cryptobyte.String
	if !content.ReadASN1(&usages, der.SEQUENCE) || !content.Empty() || usages.Empty() {
		return false
	}
	for !usages.Empty() {
		var oid asn1.ObjectIdentifier
		if !usages.ReadASN1ObjectIdentifier(&oid) {
			return false
		}
		usage, known := extKeyUsages[oid.String()]
		switch {
		case known:
			r.Usages = append(r.Usages, usage)
		case oid.String() == "2.5.29.37.0":
			r.Add(refusal.ExtensionDangerous, field, "anyExtendedKeyUsage", "usages of an end entity")
		case oid.String() == "1.3.6.1.5.5.7.3.9":
			r.Add(refusal.ExtensionDangerous, field, "OCSPSigning", "usages of an end entity")
		default:
			r.Add(refusal.ProfileUsage, field, oid.String(), "usages that a profile has")
			r.OtherUsages = append(r.OtherUsages, oid.String())
		}
	}
	return true
}

// readBasicConstraints reads whether the request asks to be an authority (RFC 5280 4.2.1.9).
func (r *csrReader) readBasicConstraints(content cryptobyte.String) bool {
	var constraints cryptobyte.String
	if !content.ReadASN1(&constraints, der.SEQUENCE) || !content.Empty() {
		return false
	}
	if !constraints.PeekASN1Tag(der.BOOLEAN) {
		return constraints.Empty() // a path length without CA:TRUE has no meaning
	}
	if !constraints.ReadASN1Boolean(&r.authority) || !r.authority {
		return false // DER leaves a default out
	}
	var pathLength uint
	return constraints.Empty() || constraints.ReadASN1Integer(&pathLength) && constraints.Empty()
}
