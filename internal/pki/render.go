package pki

import (
	"crypto/x509"
	"fmt"
	"strings"
)

// Render writes a certificate for people, every value that came from outside quoted to ASCII. Its form is stable.
func Render(c *x509.Certificate) string {
	var b strings.Builder
	line := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "  %-12s %s\n", name, fmt.Sprintf(format, args...))
	}
	line("subject", "%s", subjectOf(c))
	line("names", "%s", orNone(quoteNames(NamesOf(c).Strings())))
	line("issuer", "CN=%s", quoteASCII(c.Issuer.CommonName))
	line("serial", "%s", SerialHex(c.SerialNumber))
	line("validity", "%s to %s", Stamp(c.NotBefore), Stamp(c.NotAfter))
	line("key", "%s", KeyTypeOf(c.PublicKey))
	line("usages", "%s; %s", orNone(keyUsageNames(c.KeyUsage)), usagesOf(c))
	line("CA", "%t", c.IsCA)
	line("fingerprint", "%s", Fingerprint(c))
	return b.String()
}

// quoteNames quotes only what needs it: "DNS:cp1" stays readable.
func quoteNames(names []string) []string {
	for i, n := range names {
		if q := quoteASCII(n); q != `"`+n+`"` || strings.Contains(n, " ") {
			names[i] = q
		}
	}
	return names
}

func quoteASCII(s string) string { return fmt.Sprintf("%+q", s) }
