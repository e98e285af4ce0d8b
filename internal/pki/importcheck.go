package pki

import (
	"crypto/x509"
	"errors"
	"fmt"
	"time"
)

// ErrNotYetValid means that an issuer's own validity has not begun.
var ErrNotYetValid = errors.New("the certificate is not valid yet")

// CheckImport holds an issuer that is to be adopted against what verifiers ask of a CA, beyond what every issuer is
// held against at each start: an end may come while it signs, but nobody begins with an issuer that is over. It returns
// what a person should know. ErrNotYetValid comes with the warnings: the caller may go on.
func (i *Issuer) CheckImport(now time.Time) (warnings []string, err error) {
	c := i.Certificate
	switch {
	case len(c.RawSubject) <= 2: // an empty SEQUENCE
		return nil,
			cannotImport("make the CA certificate again with a subject: openssl req -x509 -new -key KEY -subj /CN=NAME",
				"the certificate has an empty subject, which no CA may have (RFC 5280 4.1.2.6)")
	case now.After(c.NotAfter):
		return nil, cannotImport(renewHelp(i.Path()), "the certificate ended at %s, and it is %s", Stamp(c.NotAfter),
			Stamp(now))
	}
	for n, c := range i.Path() {
		if len(c.UnhandledCriticalExtensions) > 0 {
			return nil, cannotImport("make the CA certificate again without that extension",
				"certificate %d of its chain has a critical extension that is not understood: %v",
				n+1, c.UnhandledCriticalExtensions[0])
		}
	}
	warnings = importWarnings(i.Path(), now)
	if now.Before(c.NotBefore) {
		return warnings, cannotImport("--import-early adopts it all the same: it signs from its beginning on",
			"%w: it begins at %s, and it is %s", ErrNotYetValid, Stamp(c.NotBefore), Stamp(now))
	}
	return warnings, nil
}

// renewHelp is how the certificate of an ended CA is made anew for the same key.
func renewHelp(path []*x509.Certificate) string {
	if len(path) > 1 {
		return "have the parent sign the CA's key again"
	}
	return fmt.Sprintf("renew it for the same key: openssl x509 -in FILE -signkey KEY -days %d -out ca.crt", 3650)
}
