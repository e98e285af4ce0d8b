package pki

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"time"

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

// Under is the same issuer under another name.
func (i *Issuer) Under(name string) *Issuer {
	other := *i
	other.Name = name
	return &other
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
		return nil, cannotImport("openssl x509 -in FILE -noout -issuer names the CA that signed it: adopt that one",
			"issuer %q: the certificate is not a CA's (basicConstraints CA:TRUE, RFC 5280 4.2.1.9)", name)
	case certificate.KeyUsage != 0 && certificate.KeyUsage&x509.KeyUsageCertSign == 0:
		return nil, cannotImport("make the CA certificate again with keyUsage keyCertSign",
			"issuer %q: the key usage is %s, without keyCertSign: it cannot sign (RFC 5280 4.2.1.3)",
			name, keyUsageList(certificate.KeyUsage))
	}
	if err := compareKeys(key.Public(), certificate.PublicKey); err != nil {
		return nil, fmt.Errorf("issuer %q: the key does not belong to the certificate: %w", name, err)
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
			if weakSignature(path[i-1]) {
				return cannotImport("have the parent sign the CA's key again, with SHA-256 or better",
					"certificate %d of its chain is signed with %s, which verifiers refuse", i,
					path[i-1].SignatureAlgorithm)
			}
			if err := path[i-1].CheckSignatureFrom(c); err != nil {
				return fmt.Errorf("certificate %d of its chain did not sign the one before: %w", i+1, err)
			}
		}
		if (c.MaxPathLen > 0 || c.MaxPathLenZero) && c.MaxPathLen < i {
			return cannotImport("have that CA's certificate made again with a longer path length",
				"certificate %d of its chain allows %d CAs below it, and there are %d (RFC 5280 4.2.1.9)", i+1,
				c.MaxPathLen, i)
		}
	}
	if !selfSigned(path[len(path)-1]) {
		return cannotImport("append the certificates above it: cat FILE PARENT… ROOT > chain.pem",
			"its chain ends before the root, at %s", refusal.Quote(path[len(path)-1].Subject.String()))
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
