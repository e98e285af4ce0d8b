package pki

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
	"time"

	"ca-exchange/internal/refusal"
)

// ImportPath orders certificates that came in any order: first the one that the key belongs to, then what signed it, up
// to the root. Where several belong to the key (a CA certificate that was renewed) the one that ends last is taken.
// left are the others, which take no part.
func ImportPath(certificates []*x509.Certificate, key crypto.PublicKey) (path, left []*x509.Certificate, err error) {
	left = append(left, certificates...)
	take := func(i int) { path, left = append(path, left[i]), append(left[:i:i], left[i+1:]...) }
	own := -1
	for i, c := range left {
		if sameKey(c.PublicKey, key) && (own < 0 || c.NotAfter.After(left[own].NotAfter)) {
			own = i
		}
	}
	if own < 0 {
		return nil, nil, foreignKey(certificates, key)
	}
	for next := own; next >= 0; next = issuerOf(path[len(path)-1], left) {
		take(next)
	}
	return path, left, nil
}

// issuerOf finds the certificate that signed c; -1 where c is a root, or its issuer is missing.
func issuerOf(c *x509.Certificate, among []*x509.Certificate) int {
	if selfSigned(c) {
		return -1
	}
	best := -1
	for i, issuer := range among {
		if !bytes.Equal(issuer.RawSubject, c.RawIssuer) || !signed(issuer, c) {
			continue
		}
		if best < 0 || issuer.NotAfter.After(among[best].NotAfter) {
			best = i
		}
	}
	return best
}

// signed reports whether the issuer's key made the signature. A weak hash is not judged here: a path with such a
// signature is refused with its reason, not as one that ends too early.
func signed(issuer, c *x509.Certificate) bool {
	err := c.CheckSignatureFrom(issuer)
	_, weak := errors.AsType[x509.InsecureAlgorithmError](err)
	return err == nil || weak
}

// foreignKey compares a key with the certificates that it belongs to none of.
func foreignKey(certificates []*x509.Certificate, key crypto.PublicKey) error {
	fingerprint, err := KeyFingerprint(key)
	if err != nil {
		return err
	}
	keys := make([]string, len(certificates))
	for i, c := range certificates {
		keys[i] = fmt.Sprintf("%s has %s", refusal.Quote(c.Subject.String()),
			SPKIFingerprint(c.RawSubjectPublicKeyInfo))
	}
	return cannotImport("compare the public keys: openssl x509 -in FILE -noout -pubkey, openssl pkey -in KEY -pubout",
		"the key %s does not belong to any of the certificates: %s", fingerprint, strings.Join(keys, ", "))
}

// LeftOut describes a certificate that ImportPath left out.
func LeftOut(c *x509.Certificate) string {
	return fmt.Sprintf("the certificate of %s that ends at %s is not part of the issuer's chain: it was left out",
		refusal.Quote(c.Subject.String()), Stamp(c.NotAfter))
}

// importWarnings are what an issuer is adopted with, although some reader may object.
func importWarnings(path []*x509.Certificate, now time.Time) []string {
	var warnings []string
	warn := func(format string, args ...any) { warnings = append(warnings, fmt.Sprintf(format, args...)) }
	own := path[0]
	if own.KeyUsage == 0 {
		warn("the certificate has no keyUsage: strict verifiers, such as Python 3.13, refuse it (RFC 5280 4.2.1.3)")
	}
	if now.AddDate(1, 0, 0).After(own.NotAfter) {
		warn("the certificate ends at %s: nothing that it signs lasts longer", Stamp(own.NotAfter))
	}
	for _, c := range path[1:] {
		if now.After(c.NotAfter) {
			warn("%s above it ended at %s: verifiers that start at it refuse what is signed now",
				refusal.Quote(c.Subject.String()), Stamp(c.NotAfter))
		}
	}
	if root := path[len(path)-1]; weakSignature(root) {
		warn("the root %s is signed with %s, which nobody verifies on a root",
			refusal.Quote(root.Subject.String()), root.SignatureAlgorithm)
	}
	return warnings
}
