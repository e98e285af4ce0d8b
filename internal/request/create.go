package request

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"net"
	"net/url"
	"strings"

	"ca-exchange/internal/pki"
	"ca-exchange/internal/refusal"
)

// Create makes a CSR in DER: subject, names, nothing else. What Parse would deny is an error.
func Create(key crypto.Signer, cn string, orgs []string, names pki.Names) ([]byte, error) {
	template := x509.CertificateRequest{
		Subject:        pkix.Name{CommonName: cn, Organization: orgs},
		DNSNames:       lowerCase(names.DNS),
		EmailAddresses: names.Emails,
	}
	for _, ip := range names.IPs {
		template.IPAddresses = append(template.IPAddresses, net.IP(ip.AsSlice()))
	}
	for _, s := range names.URIs {
		u, err := url.Parse(s)
		if err != nil {
			return nil, fmt.Errorf("making a request: %w", err)
		}
		template.URIs = append(template.URIs, u)
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &template, key)
	if err != nil {
		return nil, fmt.Errorf("making a request: %w", err)
	}
	if _, found := parseCSR(der, nil, nil); refusal.Worst(found) == refusal.Deny {
		r := found[0]
		return nil, fmt.Errorf("making a request: %s: %s %s (allowed: %s)", r.Code.Meaning(), r.Field, r.Asked,
			r.Allowed)
	}
	return der, nil
}

// lowerCase writes DNS names as certificates have them: a name with capitals would be held.
func lowerCase(names []string) []string {
	lower := make([]string, len(names))
	for i, name := range names {
		lower[i] = strings.ToLower(name)
	}
	return lower
}
