package request

import (
	"errors"
	"net/mail"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/crypto/cryptobyte"
	der "golang.org/x/crypto/cryptobyte/asn1"

	"ca-exchange/internal/pki"
	"ca-exchange/internal/refusal"
)

// The kinds of GeneralName (RFC 5280 4.2.1.6); openssl's words for them.
const (
	nameOther = iota
	nameEmail
	nameDNS
	nameX400
	nameDirectory
	nameEDIParty
	nameURI
	nameIP
	nameRegistered
)

// readNames walks a subjectAltName; false when it is none.
func (r *csrReader) readNames(content cryptobyte.String) bool {
	r.askedNames = true
	var names cryptobyte.String
	if !content.ReadASN1(&names, der.SEQUENCE) || !content.Empty() || names.Empty() {
		return false
	}
	seen := map[string]bool{}
	for !names.Empty() {
		var value cryptobyte.String
		var tag der.Tag
		if !names.ReadAnyASN1(&value, &tag) {
			return false
		}
		key := string(rune(tag)) + strings.ToLower(string(value))
		if tag == der.Tag(nameIP).ContextSpecific() {
			key = string(rune(tag)) + string(value)
		}
		if !seen[key] {
			seen[key] = true
			r.readName(tag, string(value))
		}
	}
	return true
}

func (r *csrReader) readName(tag der.Tag, value string) {
	switch tag {
	case der.Tag(nameDNS).ContextSpecific():
		r.readDNS(value)
	case der.Tag(nameIP).ContextSpecific():
		r.readIP(value)
	case der.Tag(nameEmail).ContextSpecific():
		if err := checkEmail(value); err != nil {
			r.Add(refusal.NameKind, "names", "email:"+value, "a mailbox (RFC 5280 4.2.1.6): "+err.Error())
			return
		}
		r.Names.Emails = append(r.Names.Emails, value)
	case der.Tag(nameURI).ContextSpecific():
		if err := checkURI(value); err != nil {
			r.Add(refusal.NameKind, "names", "URI:"+value, "an absolute URI (RFC 5280 4.2.1.6): "+err.Error())
			return
		}
		r.Names.URIs = append(r.Names.URIs, value)
	default:
		r.Add(refusal.NameKind, "names", nameKind(tag), "DNS names and IP addresses")
	}
}

// readDNS takes a DNS name as certificates have it: ASCII in lower case. A name that is meant in another form is held,
// with the flag that asks for the right one. Capitals alone leave no doubt about the name (RFC 4343): it is taken in
// lower case.
func (r *csrReader) readDNS(value string) {
	err := pki.CheckDNSName(value)
	if err == nil {
		r.Names.DNS = append(r.Names.DNS, strings.ToLower(value))
		return
	}
	meant, ok := pki.MeantName(value)
	switch {
	case !ok:
		r.Add(refusal.NameDNS, "names", value, "a DNS name: "+err.Error())
		return
	case len(meant.IPs) > 0:
		r.Add(refusal.NameForm, "names", value, "--ip "+meant.IPs[0].String())
	default:
		r.Add(refusal.NameForm, "names", value, "--dns "+meant.DNS[0])
	}
	r.Unread = append(r.Unread, "DNS:"+value)
}

func (r *csrReader) readIP(value string) {
	ip, ok := netip.AddrFromSlice([]byte(value))
	if !ok {
		r.Add(refusal.NameIP, "names", strconv.Itoa(len(value))+" octets", "4 or 16 octets (RFC 5280 4.2.1.6)")
		return
	}
	if err := pki.CheckIP(ip); err != nil {
		r.Add(refusal.NameIP, "names", ip.String(), "an address of one host: "+err.Error())
		return
	}
	r.Names.IPs = append(r.Names.IPs, ip)
}

// nameKind names a kind of name that no certificate here has.
func nameKind(tag der.Tag) string {
	switch tag {
	case der.Tag(nameOther).ContextSpecific().Constructed():
		return "otherName"
	case der.Tag(nameX400).ContextSpecific().Constructed():
		return "x400Address"
	case der.Tag(nameDirectory).ContextSpecific().Constructed():
		return "directoryName"
	case der.Tag(nameEDIParty).ContextSpecific().Constructed():
		return "ediPartyName"
	case der.Tag(nameRegistered).ContextSpecific():
		return "registeredID"
	}
	return "tag " + strconv.Itoa(int(tag))
}

// checkEmail takes local@domain in ASCII, without the quoting that RFC 5321 allows and readers differ about.
func checkEmail(value string) error {
	if strings.ContainsAny(value, "\"\\ ()<>[],;:*") || !isASCII(value) {
		return errors.New("not of the form local@domain")
	}
	if _, err := mail.ParseAddress(value); err != nil { // also a control character, or no @
		return errors.New("not of the form local@domain")
	}
	_, domain, _ := strings.Cut(value, "@")
	return pki.CheckDNSName(domain)
}

// checkURI takes absolute URIs in printable ASCII, without a password in them.
func checkURI(value string) error {
	u, err := url.Parse(value)
	switch {
	case err != nil || !u.IsAbs():
		return errors.New("not absolute")
	case !isASCII(value) || strings.ContainsAny(value, " \"<>\\^`{|}"):
		return errors.New("characters that RFC 3986 does not allow")
	case u.User != nil:
		return errors.New("user information")
	case u.Host == "" && u.Opaque == "":
		return errors.New("no host")
	}
	return nil
}
