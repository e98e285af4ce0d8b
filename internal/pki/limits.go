package pki

import (
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
)

// Limits make a plan that of an authority below an issuer, and bound what it may sign (RFC 5280 4.2.1.9, 4.2.1.10).
type Limits struct {
	PathLength int            // authorities below it
	DNS        []string       // ".prod.example": names below it alone; none: every name
	IPs        []netip.Prefix // addresses, where DNS bounds names; none: no address
}

// String is the limits for people.
func (l Limits) String() string {
	names := "any name and address"
	if len(l.DNS) > 0 {
		names = "DNS names " + quoteAll(l.DNS) + ", no address"
		if len(l.IPs) > 0 {
			names = fmt.Sprintf("DNS names %s, addresses %v", quoteAll(l.DNS), l.IPs)
		}
	}
	return fmt.Sprintf("%d authorities below it, %s", l.PathLength, names)
}

// Check says what cannot be a limit.
func (l Limits) Check() error {
	if l.PathLength < 0 {
		return fmt.Errorf("path length %d: at least 0", l.PathLength)
	}
	for _, name := range l.DNS {
		if err := CheckDNSName(strings.TrimPrefix(name, ".")); err != nil || strings.Contains(name, "*") {
			return fmt.Errorf("%q is not a domain such as .prod.example", name)
		}
	}
	if len(l.IPs) > 0 && len(l.DNS) == 0 {
		return errors.New("addresses are permitted beside DNS names alone")
	}
	return nil
}

// MayCertify says why no authority with so many others below it can stand below this one.
func (a Authority) MayCertify(pathLength int) error {
	for above, c := range a.Path() {
		bounded := c.MaxPathLen > 0 || c.MaxPathLenZero
		if needed := above + pathLength + 1; bounded && c.MaxPathLen < needed {
			return fmt.Errorf("%s allows %d authorities below it, and %d are needed (RFC 5280 4.2.1.9)",
				subjectOf(c), c.MaxPathLen, needed)
		}
	}
	return nil
}

// bound makes a template an authority's. Names that are not permitted are excluded: DNS constraints alone would leave
// every address free.
func (l Limits) bound(t *x509.Certificate) {
	t.IsCA, t.MaxPathLen, t.MaxPathLenZero = true, l.PathLength, l.PathLength == 0
	t.KeyUsage = x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	if len(l.DNS) == 0 {
		return
	}
	t.PermittedDNSDomainsCritical, t.PermittedDNSDomains = true, l.DNS
	for _, p := range l.IPs {
		t.PermittedIPRanges = append(t.PermittedIPRanges, network(p))
	}
	if len(l.IPs) == 0 {
		for _, all := range []string{"0.0.0.0/0", "::/0"} {
			t.ExcludedIPRanges = append(t.ExcludedIPRanges, network(netip.MustParsePrefix(all)))
		}
	}
}

func network(p netip.Prefix) *net.IPNet {
	p = p.Masked()
	return &net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}
}

// boundedAlike compares the limits of a certificate with its template's: whoever gets an authority's certificate must
// not get more than was shown.
func boundedAlike(c, template *x509.Certificate) error {
	equal := func(a, b *net.IPNet) bool { return a.IP.Equal(b.IP) && bytes.Equal(a.Mask, b.Mask) }
	switch {
	case c.IsCA != template.IsCA || !c.BasicConstraintsValid:
		return fmt.Errorf("CA:%t (basicConstraints present: %t), expected CA:%s", c.IsCA, c.BasicConstraintsValid,
			strings.ToUpper(fmt.Sprint(template.IsCA)))
	case !c.IsCA:
		return nil
	case c.MaxPathLen != template.MaxPathLen || c.MaxPathLenZero != template.MaxPathLenZero:
		return fmt.Errorf("path length %d, expected %d", c.MaxPathLen, template.MaxPathLen)
	case !slices.Equal(c.PermittedDNSDomains, template.PermittedDNSDomains),
		c.PermittedDNSDomainsCritical != template.PermittedDNSDomainsCritical:
		return fmt.Errorf("permitted DNS names %s, expected %s", quoteAll(c.PermittedDNSDomains),
			quoteAll(template.PermittedDNSDomains))
	case !slices.EqualFunc(c.PermittedIPRanges, template.PermittedIPRanges, equal),
		!slices.EqualFunc(c.ExcludedIPRanges, template.ExcludedIPRanges, equal):
		return fmt.Errorf("permitted addresses %v, excluded %v, expected %v, %v", c.PermittedIPRanges,
			c.ExcludedIPRanges, template.PermittedIPRanges, template.ExcludedIPRanges)
	}
	return nil
}
