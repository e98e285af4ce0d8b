package pki

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"time"
	"unicode/utf8"

	"ca-exchange/internal/refusal"
)

// Backdate is how far before now a certificate begins: clocks of the hosts that read it may be behind.
const Backdate = 5 * time.Minute

// Issuer is an authority that can sign.
type Issuer struct {
	Authority
	key   crypto.Signer
	keyID []byte // the authority key identifier of what it signs
}

// NewIssuer joins a CA certificate, the chain above it and its key. It refuses what could not issue a certificate that
// others accept.
func NewIssuer(name string, path []*x509.Certificate, key crypto.Signer) (*Issuer, error) {
	if len(path) == 0 || key == nil {
		return nil, fmt.Errorf("issuer %q: a certificate and a key are needed", name)
	}
	certificate := path[0]
	switch {
	case !certificate.BasicConstraintsValid || !certificate.IsCA:
		return nil, fmt.Errorf("issuer %q: the certificate is not a CA's (basicConstraints CA:TRUE, RFC 5280 4.2.1.9)", name)
	case certificate.KeyUsage != 0 && certificate.KeyUsage&x509.KeyUsageCertSign == 0:
		return nil, fmt.Errorf("issuer %q: the certificate may not sign others (keyCertSign, RFC 5280 4.2.1.3)", name)
	case !sameKey(certificate.PublicKey, key.Public()):
		return nil, fmt.Errorf("issuer %q: certificate and key do not belong together", name)
	}
	if err := checkPath(path); err != nil {
		return nil, fmt.Errorf("issuer %q: %w", name, err)
	}
	if rsaKey, ok := key.(*rsa.PrivateKey); ok {
		rsaKey.Precompute() // two thirds of a signature's time otherwise
	}
	keyID := certificate.SubjectKeyId
	if len(keyID) == 0 {
		var err error
		if keyID, err = subjectKeyID(certificate.PublicKey); err != nil {
			return nil, err
		}
	}
	return &Issuer{Authority{name, certificate, path[1:]}, key, keyID}, nil
}

// checkPath follows an issuer's chain up to its root, as a verifier would (RFC 5280 6.1): signatures, CA bits and path
// lengths. A chain that ends before the root leaves openssl without an anchor.
func checkPath(path []*x509.Certificate) error {
	for i, c := range path {
		if i > 0 {
			if err := path[i-1].CheckSignatureFrom(c); err != nil {
				return fmt.Errorf("certificate %d of its chain did not sign the one before: %w", i+1, err)
			}
		}
		if (c.MaxPathLen > 0 || c.MaxPathLenZero) && c.MaxPathLen < i {
			return fmt.Errorf("certificate %d of its chain allows %d CAs below it, and there are %d (RFC 5280 4.2.1.9)", i+1, c.MaxPathLen, i)
		}
	}
	if !selfSigned(path[len(path)-1]) {
		return errors.New("its chain ends before the root: put the root's certificate below the others")
	}
	return nil
}

// IssuerSpec says what issuer to make.
type IssuerSpec struct {
	Name       string
	CommonName string
	KeyType    KeyType
	Days       int
	PathLen    int // CAs below it; -1: any number
}

// CreateIssuer makes a self-signed issuer in the form of kubeadm's (kubeadm pkiutil NewCertificateAuthority: the common
// name as DNS name, too), with a subject key identifier and the right to sign CRLs beside it.
func CreateIssuer(spec IssuerSpec, now time.Time) (*Issuer, crypto.Signer, error) {
	if spec.Days < 1 {
		return nil, nil, fmt.Errorf("an issuer for %d days", spec.Days)
	}
	key, err := spec.KeyType.Generate()
	if err != nil {
		return nil, nil, err
	}
	serial, err := newSerial()
	if err != nil {
		return nil, nil, err
	}
	keyID, err := subjectKeyID(key.Public())
	if err != nil {
		return nil, nil, err
	}
	now = now.UTC().Truncate(time.Second)
	template := &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: spec.CommonName},
		NotBefore:             now.Add(-Backdate),
		NotAfter:              now.AddDate(0, 0, spec.Days),
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
		MaxPathLen:            spec.PathLen,
		MaxPathLenZero:        spec.PathLen == 0,
		SubjectKeyId:          keyID,
		AuthorityKeyId:        keyID,
	}
	if CheckDNSName(spec.CommonName) == nil {
		template.DNSNames = []string{spec.CommonName}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, nil, err
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, nil, err
	}
	issuer, err := NewIssuer(spec.Name, []*x509.Certificate{certificate}, key)
	return issuer, key, err
}

// Certificate is what Sign makes.
type Certificate struct {
	Leaf      *x509.Certificate
	Chain     []*x509.Certificate // intermediates, never the root
	Shortened bool                // the issuer's end cut the validity
}

// Answer is the file for the outbox: leaf first, then the intermediates.
func (c *Certificate) Answer() []byte {
	return EncodeCertificates(append([]*x509.Certificate{c.Leaf}, c.Chain...)...)
}

// SerialHex writes a serial as every place here does: lower-case hex, whole octets.
func SerialHex(serial *big.Int) string { return fmt.Sprintf("%x", serial.Bytes()) }

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
	return &Certificate{leaf, i.intermediates(), shortened}, nil
}

// accepted asks as a verifier whether an adopted issuer's own limits let it issue this: name constraints (RFC 5280
// 4.2.1.10) and extended key usage. Issuers made here have neither.
func (i *Issuer) accepted(leaf *x509.Certificate, p Plan, now time.Time) error {
	c := i.Certificate
	if !c.PermittedDNSDomainsCritical && len(c.ExtKeyUsage)+len(c.UnknownExtKeyUsage)+len(c.PermittedDNSDomains)+len(c.ExcludedDNSDomains)+len(c.PermittedIPRanges)+len(c.ExcludedIPRanges) == 0 {
		return nil
	}
	roots := x509.NewCertPool()
	roots.AddCert(c)
	for _, usage := range p.Usages {
		if _, err := leaf.Verify(x509.VerifyOptions{Roots: roots, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{usage}}); err != nil {
			return fmt.Errorf("issuer %q may not issue it: %w", i.Name, err)
		}
	}
	return nil
}

// intermediates are the issuer and its chain without the self-signed root.
func (i *Issuer) intermediates() []*x509.Certificate {
	var all []*x509.Certificate
	for _, c := range i.Path() {
		if !bytes.Equal(c.RawSubject, c.RawIssuer) {
			all = append(all, c)
		}
	}
	return all
}

func (i *Issuer) template(p Plan, now time.Time) (*x509.Certificate, bool, error) {
	notBefore, notAfter, shortened := p.Validity(i.Certificate, now)
	switch {
	case now.Before(i.Certificate.NotBefore):
		return nil, false, fmt.Errorf("issuer %q is valid only from %s", i.Name, i.Certificate.NotBefore.UTC().Format(time.RFC3339))
	case !notAfter.After(now):
		return nil, false, fmt.Errorf("issuer %q has ended at %s, or %d days were asked", i.Name, i.Certificate.NotAfter.UTC().Format(time.RFC3339), p.Days)
	case len(p.Usages) == 0 || slices.Contains(p.Usages, x509.ExtKeyUsageAny):
		return nil, false, errors.New("no usage, or any: the certificate would be good for everything")
	case utf8.RuneCountInString(p.CommonName) > 64:
		return nil, false, fmt.Errorf("a common name of %d characters (X.520: at most 64)", utf8.RuneCountInString(p.CommonName))
	case len(p.Names.URIs) > 0:
		return nil, false, errors.New("URIs: no certificate here has any")
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
	return t, shortened, nil
}

// asPlanned is the last look before a certificate leaves: every part of it against the plan.
func asPlanned(leaf, template, issuer *x509.Certificate, p Plan) error {
	names := NamesOf(leaf)
	switch {
	case leaf.SerialNumber.Sign() <= 0 || leaf.SerialNumber.Cmp(template.SerialNumber) != 0:
		return errors.New("another serial")
	case leaf.IsCA || !leaf.BasicConstraintsValid:
		return errors.New("not marked as an end entity")
	case leaf.Subject.CommonName != p.CommonName || !equalSets(leaf.Subject.Organization, p.Organizations):
		return fmt.Errorf("another subject: %s", refusal.Quote(leaf.Subject.String()))
	case len(names.Without(p.Names)) > 0 || len(p.Names.Without(names)) > 0:
		return errors.New("other names")
	case !leaf.NotBefore.Equal(template.NotBefore) || !leaf.NotAfter.Equal(template.NotAfter):
		return errors.New("another validity")
	case !sameKey(leaf.PublicKey, p.Key):
		return errors.New("another key")
	case !equalSets(leaf.ExtKeyUsage, p.Usages) || len(leaf.UnknownExtKeyUsage) > 0:
		return errors.New("other usages")
	case leaf.KeyUsage != template.KeyUsage:
		return errors.New("another key usage")
	case !bytes.Equal(leaf.RawIssuer, issuer.RawSubject) || !bytes.Equal(leaf.AuthorityKeyId, issuer.SubjectKeyId):
		return errors.New("another issuer")
	}
	return nil
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
		return nil, errors.New("the random source gives only zeros")
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

// subjectKeyID is method 1 of RFC 5280 4.2.1.2: SHA-1 of the key's bits. It names a key, it protects nothing.
func subjectKeyID(key crypto.PublicKey) ([]byte, error) {
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return nil, err
	}
	var info struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}
	if _, err := asn1.Unmarshal(der, &info); err != nil {
		return nil, err
	}
	sum := sha1.Sum(info.Key.Bytes)
	return sum[:], nil
}
