package pki

import (
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"time"
)

// Expected is what an answer must be to be installed.
type Expected struct {
	Key           crypto.PublicKey
	Profile       Profile
	Node          string
	CommonName    string   // for a profile that leaves it to the request
	Organizations []string // the same: a user's groups
	Names         Names
	Authority     Authority
	AcceptNames   bool      // more names than asked are fine
	NotAfter      time.Time // of the certificate it would replace; zero where there is none
}

// VerifyAnswer checks an answer against all that was asked and pinned, and returns the leaf. It believes nothing of the
// answer but its first certificate, and that only when the pinned authority signed it. Warnings are for people.
func VerifyAnswer(answer []byte, e Expected, now time.Time) (leaf *x509.Certificate, warnings []string, err error) {
	certificates, err := ParseCertificates(answer)
	if err != nil {
		return nil, nil, err
	}
	leaf = certificates[0]
	for _, check := range []func(*x509.Certificate, Expected, time.Time) error{checkKey, checkChain, checkSubject,
		checkUsages, checkValidity} {
		if err := check(leaf, e, now); err != nil {
			return nil, nil, err
		}
	}
	warnings, err = checkNames(leaf, e)
	if err != nil {
		return nil, nil, err
	}
	return leaf, warnings, nil
}

// CheckInstalled holds a certificate that is in place against what it should be, as at its own beginning: whether it is
// valid now is the caller's question. It says what names it lacks.
func CheckInstalled(leaf *x509.Certificate, e Expected) (lacking []string, err error) {
	begin := leaf.NotBefore
	if issuer := e.Authority.Certificate.NotBefore; issuer.After(begin) {
		begin = issuer
	}
	for _, check := range []func(*x509.Certificate, Expected, time.Time) error{checkKey, checkChain, checkSubject,
		checkUsages} {
		if err := check(leaf, e, begin); err != nil {
			return nil, err
		}
	}
	return checkNames(leaf, e)
}

func checkKey(leaf *x509.Certificate, e Expected, _ time.Time) error {
	if err := compareKeys(leaf.PublicKey, e.Key); err != nil {
		return fmt.Errorf("the certificate is for another key: %w", err)
	}
	return nil
}

func checkChain(leaf *x509.Certificate, e Expected, now time.Time) error {
	roots := x509.NewCertPool()
	roots.AddCert(e.Authority.Certificate) // exactly the issuer of this profile: no other way up counts
	_, err := leaf.Verify(x509.VerifyOptions{Roots: roots, CurrentTime: now,
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}})
	if invalid, ok := errors.AsType[x509.CertificateInvalidError](err); ok && invalid.Reason == x509.Expired {
		return fmt.Errorf("the certificate is not valid now: %w", err)
	}
	if err != nil {
		return fmt.Errorf("the certificate was not signed by the pinned issuer %q: %w", e.Authority.Name, err)
	}
	return nil
}

func checkSubject(leaf *x509.Certificate, e Expected, _ time.Time) error {
	commonName, organizations := e.Profile.Subject(e.Node)
	if e.Profile.CommonName == "" {
		commonName, organizations = e.CommonName, e.Organizations
	}
	attributes := len(organizations)
	if commonName != "" {
		attributes++
	}
	if leaf.Subject.CommonName != commonName || !EqualSets(leaf.Subject.Organization, organizations) ||
		len(leaf.Subject.Names) != attributes {
		return fmt.Errorf("the subject is %s, expected CN=%q O=%q", subjectOf(leaf), commonName, organizations)
	}
	return nil
}

func checkUsages(leaf *x509.Certificate, e Expected, _ time.Time) error {
	switch {
	case leaf.IsCA || !leaf.BasicConstraintsValid:
		return fmt.Errorf("the certificate has CA:%t (basicConstraints present: %t), expected CA:FALSE",
			leaf.IsCA, leaf.BasicConstraintsValid)
	case !EqualSets(leaf.ExtKeyUsage, e.Profile.Usages) || len(leaf.UnknownExtKeyUsage) > 0:
		return fmt.Errorf("the certificate is for %s, not for %s", usagesOf(leaf), UsageNames(e.Profile.Usages))
	case leaf.KeyUsage&x509.KeyUsageDigitalSignature == 0 ||
		leaf.KeyUsage&(x509.KeyUsageCertSign|x509.KeyUsageCRLSign) != 0:
		return fmt.Errorf("the certificate's key usage is %s, expected digitalSignature, not keyCertSign or cRLSign",
			keyUsageList(leaf.KeyUsage))
	case len(leaf.UnhandledCriticalExtensions) > 0:
		return fmt.Errorf("the certificate has a critical extension %v that is not understood",
			leaf.UnhandledCriticalExtensions[0])
	}
	return nil
}

func checkValidity(leaf *x509.Certificate, e Expected, now time.Time) error {
	switch {
	case now.Before(leaf.NotBefore), now.After(leaf.NotAfter):
		return fmt.Errorf("the certificate is valid from %s to %s, and it is %s",
			Stamp(leaf.NotBefore), Stamp(leaf.NotAfter), Stamp(now))
	case leaf.NotAfter.Before(e.NotAfter): // the same end is no step back: near its own, an issuer gives all alike
		return fmt.Errorf("the certificate ends at %s, before the installed one (%s)", Stamp(leaf.NotAfter),
			Stamp(e.NotAfter))
	}
	return nil
}

func checkNames(leaf *x509.Certificate, e Expected) (warnings []string, err error) {
	names := NamesOf(leaf)
	if all, err := countNames(leaf); err != nil {
		return nil, err
	} else if all != names.Len() {
		return nil, fmt.Errorf("the certificate has %d names, of which %d are of a kind that is understood", all,
			names.Len())
	}
	if e.Profile.Names == NoNames && names.Len() > 0 {
		return nil, fmt.Errorf("the certificate has names, and a %s certificate has none: %s", e.Profile.Name,
			quoteAll(names.Strings()))
	}
	if more := names.Without(e.Names); len(more) > 0 && !e.AcceptNames {
		return nil, fmt.Errorf("the certificate has names that were not asked for: %s", quoteAll(more))
	}
	if fewer := e.Names.Without(names); len(fewer) > 0 {
		warnings = append(warnings, "the certificate lacks names that were asked for: "+quoteAll(fewer))
	}
	return warnings, nil
}
