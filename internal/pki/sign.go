package pki

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"time"
	"unicode/utf8"
)

// Certificate is what Sign makes.
type Certificate struct {
	Leaf      *x509.Certificate
	Chain     []*x509.Certificate // intermediates, never the root
	Shortened bool                // the issuer's end cut the validity
	Issuer    *x509.Certificate   // whose key signed it
}

// Answer is the file for the outbox: leaf first, then the intermediates.
func (c *Certificate) Answer() []byte {
	return EncodeCertificates(append([]*x509.Certificate{c.Leaf}, c.Chain...)...)
}

// Sign turns a plan into a certificate. It checks what x509.CreateCertificate does not: validity, nesting, usages; and
// that the result, parsed back, is what was planned.
func (i *Issuer) Sign(p Plan, now time.Time) (*Certificate, error) {
	template, shortened, err := i.template(p, now)
	if err != nil {
		return nil, fmt.Errorf("signing a certificate of profile %q: %w", p.Profile, err)
	}
	// CreateCertificate verifies its own signature before it returns.
	der, err := x509.CreateCertificate(rand.Reader, template, i.Certificate, p.Key, i.key)
	if err != nil {
		return nil, fmt.Errorf("signing a certificate of profile %q: %w", p.Profile, err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("reading back a certificate of profile %q: %w", p.Profile, err)
	}
	if err := asPlanned(leaf, template, i.Certificate, p); err != nil {
		return nil, fmt.Errorf("reading back a certificate of profile %q: %w", p.Profile, err)
	}
	if err := i.accepted(leaf, p, now); err != nil {
		return nil, fmt.Errorf("signing a certificate of profile %q: %w", p.Profile, err)
	}
	return &Certificate{leaf, i.intermediates(), shortened, i.Certificate}, nil
}

// accepted asks as a verifier whether an adopted issuer's own limits let it issue this. Issuers made here have none,
// and are not asked: it costs as much as the signature.
func (i *Issuer) accepted(leaf *x509.Certificate, p Plan, now time.Time) error {
	c := i.Certificate
	limits := len(c.ExtKeyUsage) + len(c.UnknownExtKeyUsage) + len(c.PermittedDNSDomains) + len(c.ExcludedDNSDomains) +
		len(c.PermittedIPRanges) + len(c.ExcludedIPRanges)
	if limits == 0 && !c.PermittedDNSDomainsCritical {
		return nil
	}
	return i.verify(leaf, p.Usages, now)
}

// verify is a component's look at the leaf with this issuer as its anchor: name constraints (RFC 5280 4.2.1.10),
// extended key usage, critical extensions.
func (i *Issuer) verify(leaf *x509.Certificate, usages []x509.ExtKeyUsage, now time.Time) error {
	roots := x509.NewCertPool()
	roots.AddCert(i.Certificate)
	for _, usage := range usages {
		options := x509.VerifyOptions{Roots: roots, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{usage}}
		if _, err := leaf.Verify(options); err != nil {
			return fmt.Errorf("issuer %q may not issue it: %w", i.Name, err)
		}
	}
	return nil
}

func (i *Issuer) template(p Plan, now time.Time) (*x509.Certificate, bool, error) {
	notBefore, notAfter, shortened := p.Validity(i.Certificate, now)
	switch {
	case now.Before(i.Certificate.NotBefore):
		return nil, false, fmt.Errorf("issuer %q is valid only from %s, and it is %s",
			i.Name, Stamp(i.Certificate.NotBefore), Stamp(now))
	case p.Days < 1:
		return nil, false, fmt.Errorf("the plan has a validity of %d days, expected at least 1", p.Days)
	case !notAfter.After(now):
		return nil, false, fmt.Errorf("issuer %q ended at %s, and it is %s",
			i.Name, Stamp(i.Certificate.NotAfter), Stamp(now))
	case len(p.Usages) == 0 || slices.Contains(p.Usages, x509.ExtKeyUsageAny):
		return nil, false, errors.New("the plan has no extended key usage, or anyExtendedKeyUsage")
	case utf8.RuneCountInString(p.CommonName) > 64:
		return nil, false, fmt.Errorf("the plan's common name has %d characters, more than 64 (X.520)",
			utf8.RuneCountInString(p.CommonName))
	case len(p.Names.URIs) > 0:
		return nil, false, fmt.Errorf("the plan has URIs, which no certificate here has: %s", quoteAll(p.Names.URIs))
	}
	serial, err := newSerial()
	if err != nil {
		return nil, false, err
	}
	keyID, err := subjectKeyID(p.Key)
	if err != nil {
		return nil, false, err
	}
	t := &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: p.CommonName, Organization: p.Organizations},
		NotBefore:             notBefore,
		NotAfter:              notAfter,
		KeyUsage:              keyUsage(p),
		ExtKeyUsage:           p.Usages,
		BasicConstraintsValid: true,
		SubjectKeyId:          keyID,
		AuthorityKeyId:        i.keyID,
		DNSNames:              p.Names.DNS,
		EmailAddresses:        p.Names.Emails,
	}
	for _, ip := range p.Names.IPs {
		t.IPAddresses = append(t.IPAddresses, ip.AsSlice())
	}
	if p.Limits != nil {
		if err := i.MayCertify(p.Limits.PathLength); err != nil {
			return nil, false, err
		}
		p.Limits.bound(t)
	}
	return t, shortened, nil
}

// serialOctets: 135 random bits in a fixed length, positive, within RFC 5280's 20 octets (4.1.2.2).
const serialOctets = 17

func newSerial() (*big.Int, error) {
	b := make([]byte, serialOctets)
	if _, err := rand.Read(b); err != nil {
		return nil, err
	}
	b[0] &= 0x7f
	serial := new(big.Int).SetBytes(b)
	if serial.Sign() == 0 {
		return nil, errors.New("the random source returns only zeros")
	}
	return serial, nil
}

// keyUsage: a key signs; only a server's RSA key also enciphers the keys of TLS 1.2 clients (RFC 5280 4.2.1.12 for what
// fits clientAuth, RFC 5480 3: not for ECDSA).
func keyUsage(p Plan) x509.KeyUsage {
	if _, ok := p.Key.(*rsa.PublicKey); ok && slices.Contains(p.Usages, x509.ExtKeyUsageServerAuth) {
		return x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment
	}
	return x509.KeyUsageDigitalSignature
}
