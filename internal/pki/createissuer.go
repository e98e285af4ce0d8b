package pki

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"time"
)

// IssuerSpec says what issuer to make.
type IssuerSpec struct {
	Name       string
	CommonName string
	KeyType    KeyType
	Days       int
	PathLen    int // CAs below it; -1: any number

	Key crypto.Signer // that is kept elsewhere; nil for a new one of KeyType
}

func (s IssuerSpec) key() (crypto.Signer, error) {
	switch {
	case s.Key == nil:
		return s.KeyType.Generate()
	case KeyTypeOf(s.Key.Public()) == "":
		return nil, unsupportedKey(s.Key.Public())
	}
	return s.Key, nil
}

// CreateIssuer makes a self-signed issuer in the form of kubeadm's (kubeadm pkiutil NewCertificateAuthority: the common
// name as DNS name, too), with a subject key identifier and the right to sign CRLs beside it.
func CreateIssuer(spec IssuerSpec, now time.Time) (*Issuer, crypto.Signer, error) {
	if spec.Days < 1 {
		return nil, nil, fmt.Errorf("an issuer's validity is %d days, expected at least 1", spec.Days)
	}
	key, err := spec.key()
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
