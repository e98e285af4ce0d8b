package pki

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"ca-exchange/internal/refusal"
)

// An ImportError is why a file cannot be adopted, with the command that helps; FILE in it is the file.
type ImportError struct {
	Err  error
	Help string
}

func (e *ImportError) Error() string { return e.Err.Error() }
func (e *ImportError) Unwrap() error { return e.Err }

func cannotImport(help, format string, args ...any) error {
	return &ImportError{fmt.Errorf(format, args...), help}
}

// ParseIssuerCertificates reads the certificates of an issuer that a team brings along, in the order of the file: PEM
// of openssl's three labels, with text between them and private keys beside them. Other forms are named with the
// command that converts them.
func ParseIssuerCertificates(text []byte) ([]*x509.Certificate, error) {
	if err := checkImportForm(text, "-nokeys -out ca.crt", "x509 -inform DER -in FILE -out ca.crt"); err != nil {
		return nil, err
	}
	var all []*x509.Certificate
	begun := bytes.Count(text, []byte("-----BEGIN "))
	for rest := text; ; begun-- {
		block, after := pem.Decode(rest)
		if block == nil {
			break
		}
		rest = after
		if isKeyLabel(block.Type) {
			continue
		}
		c, err := parseCertificateBlock(block)
		if err != nil {
			return nil, fmt.Errorf("certificate %d: %w", len(all)+1, err)
		}
		all = append(all, c)
	}
	switch {
	case begun > 0: // pem.Decode passes over a damaged block in silence
		return nil, fmt.Errorf("%d damaged PEM blocks among %d certificates", begun, len(all))
	case len(all) == 0:
		return nil, errors.New("the file contains no certificate in PEM form")
	}
	return all, nil
}

// isKeyLabel reports whether a PEM block belongs to a private key.
func isKeyLabel(label string) bool {
	return strings.HasSuffix(label, "PRIVATE KEY") || label == "EC PARAMETERS"
}

// parseCertificateBlock reads a certificate of any of openssl's labels (PEM_read_bio_X509_AUX). What follows it in a
// TRUSTED CERTIFICATE is openssl's own and no part of it.
func parseCertificateBlock(block *pem.Block) (*x509.Certificate, error) {
	der := cryptobyte.String(block.Bytes)
	switch block.Type {
	case "CERTIFICATE", "X509 CERTIFICATE":
	case "TRUSTED CERTIFICATE":
		var certificate cryptobyte.String
		if !der.ReadASN1Element(&certificate, asn1.SEQUENCE) {
			return nil, errors.New("a TRUSTED CERTIFICATE that is not DER")
		}
		der = certificate
	case "PKCS7":
		return nil, cannotImport("openssl pkcs7 -in FILE -print_certs -out ca.crt", "the file is PKCS#7")
	case "CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST":
		return nil, errors.New("a certificate request, not a certificate")
	default:
		return nil, fmt.Errorf("the PEM block %s is not a certificate", refusal.Quote(block.Type))
	}
	return x509.ParseCertificate(der)
}

// checkImportForm names the forms that are not PEM. pkcs12 and der are what openssl needs to convert them.
func checkImportForm(text []byte, pkcs12, der string) error {
	var outer cryptobyte.String
	var version int
	in := cryptobyte.String(text)
	switch {
	case bytes.HasPrefix(text, []byte("\xef\xbb\xbf")):
		return cannotImport(`sed -i '1s/^\xEF\xBB\xBF//' FILE`, "the file begins with a byte order mark")
	case bytes.HasPrefix(text, []byte("\xff\xfe")), bytes.HasPrefix(text, []byte("\xfe\xff")):
		return cannotImport("iconv -f UTF-16 -t UTF-8 FILE > ca.pem", "the file is text in UTF-16")
	case !in.ReadASN1(&outer, asn1.SEQUENCE) || bytes.HasPrefix(text, []byte("0 ")):
		return nil
	case outer.ReadASN1Integer(&version) && version == 3: // RFC 7292 4: PFX version 3
		return cannotImport("openssl pkcs12 -in FILE "+pkcs12, "the file is PKCS#12, not PEM")
	}
	return cannotImport("openssl "+der, "the file is DER, not PEM")
}
