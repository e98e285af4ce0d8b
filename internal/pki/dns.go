package pki

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"golang.org/x/net/idna"
)

// CheckDNSName reports why a name cannot be in a certificate: RFC 1034 3.5 (letters, digits, hyphens), RFC 1035 2.3.4
// (63 and 253 octets), RFC 6125 6.4.3 (a wildcard is the whole leftmost label), RFC 5890 (punycode).
func CheckDNSName(name string) error {
	rest, wildcard := strings.CutPrefix(name, "*.")
	labels := strings.Split(rest, ".")
	switch {
	case name == "":
		return errors.New("it is empty")
	case len(name) > 253:
		return fmt.Errorf("it has %d octets, more than 253", len(name))
	case strings.HasSuffix(name, "."):
		return errors.New("it ends in a dot")
	case wildcard && len(labels) < 2:
		return errors.New("a wildcard needs two labels after it")
	}
	for _, label := range labels {
		if err := checkLabel(label); err != nil {
			return err
		}
	}
	if last := labels[len(labels)-1]; strings.Trim(last, "0123456789") == "" {
		return errors.New("the last label is numeric; request an IP address instead")
	}
	return nil
}

// MeantName returns the one name that a malformed DNS name means: the address that was written as text, or the name in
// lower-case ASCII (RFC 5891) without the root's dot. It returns false where there is no such name.
func MeantName(value string) (Names, bool) {
	lower := strings.TrimSuffix(strings.ToLower(value), ".")
	if ip, err := netip.ParseAddr(lower); err == nil {
		return Names{IPs: []netip.Addr{ip}}, CheckIP(ip) == nil
	}
	rest, wildcard := strings.CutPrefix(lower, "*.")
	name, err := idna.Registration.ToASCII(rest)
	if err != nil {
		return Names{}, false
	}
	if wildcard {
		name = "*." + name
	}
	return Names{DNS: []string{name}}, CheckDNSName(name) == nil
}

func checkLabel(label string) error {
	switch {
	case label == "":
		return errors.New("it has an empty label")
	case len(label) > 63:
		return fmt.Errorf("it has a label of %d octets, more than 63", len(label))
	case label[0] == '-' || label[len(label)-1] == '-':
		return errors.New("a label begins or ends with a hyphen")
	}
	for _, c := range []byte(label) {
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-') {
			return fmt.Errorf("the character %+q is not allowed", c)
		}
	}
	if len(label) >= 4 && label[2:4] == "--" {
		lower := strings.ToLower(label)
		unicode, err := idna.Registration.ToUnicode(lower)
		if err != nil || unicode == lower || !strings.HasPrefix(lower, "xn--") {
			return errors.New("a label is bad punycode")
		}
	}
	return nil
}

// CheckIP reports why an address cannot be in a certificate: it reaches no host, or every host.
func CheckIP(ip netip.Addr) error {
	switch {
	case !ip.IsValid():
		return errors.New("it is not an address")
	case ip.Zone() != "":
		return errors.New("it has a zone")
	case ip.Is4In6():
		return errors.New("it is an IPv4 address in IPv6 form")
	case ip.IsUnspecified():
		return errors.New("it is the unspecified address")
	case ip.IsMulticast():
		return errors.New("it is a multicast address")
	case ip == netip.AddrFrom4([4]byte{255, 255, 255, 255}):
		return errors.New("it is the broadcast address")
	}
	return nil
}
