package pki

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"fmt"
)

// FindCertificates gives the certificates of a file of any kind: DER, or all in PEM among whatever else is there, in
// the order of the file. problems are the certificates that cannot be read; a file without any has neither.
func FindCertificates(text []byte) (found []*x509.Certificate, problems []error) {
	if c, err := x509.ParseCertificate(text); err == nil {
		return []*x509.Certificate{c}, nil
	}
	begun := 0
	for _, label := range []string{"CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE"} {
		begun += bytes.Count(text, []byte("-----BEGIN "+label+"-----"))
	}
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		switch block.Type {
		case "CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE":
		default:
			continue
		}
		begun--
		c, err := parseCertificateBlock(block)
		if err != nil {
			problems = append(problems, fmt.Errorf("certificate %d: %w", len(found)+len(problems)+1, err))
			continue
		}
		found = append(found, c)
	}
	if begun > 0 { // pem.Decode passes over a damaged block in silence
		problems = append(problems, fmt.Errorf("%d damaged PEM blocks", begun))
	}
	return found, problems
}
