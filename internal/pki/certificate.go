package pki

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/netip"

	"golang.org/x/crypto/cryptobyte"
	der "golang.org/x/crypto/cryptobyte/asn1"
)

// SerialHex writes a serial as every place here does: lower-case hex, whole octets.
func SerialHex(serial *big.Int) string { return fmt.Sprintf("%x", serial.Bytes()) }

// Fingerprint is SHA-256 of the certificate's DER, hex.
func Fingerprint(c *x509.Certificate) string { return sumHex(c.Raw) }

// EncodeCertificates writes certificates one after the other.
func EncodeCertificates(certificates ...*x509.Certificate) []byte {
	var b bytes.Buffer
	for _, c := range certificates {
		pem.Encode(&b, &pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}) // a Buffer takes everything
	}
	return b.Bytes()
}

// ParseCertificates reads at least one certificate and nothing but certificates; text between them is allowed, as
// openssl writes it.
func ParseCertificates(text []byte) ([]*x509.Certificate, error) {
	var all []*x509.Certificate
	// pem.Decode passes over a damaged block without a word: the fingerprint would cover fewer than are there.
	begun := bytes.Count(text, []byte("-----BEGIN "))
	for {
		block, rest := pem.Decode(text)
		if block == nil {
			break
		}
		if block.Type != "CERTIFICATE" || len(block.Headers) > 0 {
			return nil, fmt.Errorf("a PEM block %q among the certificates, or one with headers", block.Type)
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("certificate %d: %w", len(all)+1, err)
		}
		all, text = append(all, c), rest
	}
	switch {
	case begun == 0:
		return nil, errors.New("no certificate in PEM form")
	case len(all) != begun:
		return nil, fmt.Errorf("%d PEM blocks, of which %d can be read", begun, len(all))
	}
	return all, nil
}

func subjectOf(c *x509.Certificate) string {
	var s Subject
	for _, a := range c.Subject.Names {
		s = append(s, Attribute{AttributeName(a.Type.String()), fmt.Sprint(a.Value)})
	}
	return s.String()
}

// NamesOf are a certificate's alternative names, of the kinds that are understood.
func NamesOf(c *x509.Certificate) Names {
	names := Names{DNS: c.DNSNames, Emails: c.EmailAddresses, IPs: addresses(c.IPAddresses)}
	for _, u := range c.URIs {
		names.URIs = append(names.URIs, u.String())
	}
	return names
}

// countNames counts a certificate's alternative names of every kind: the standard library drops those it does not know.
func countNames(c *x509.Certificate) (n int, err error) {
	for _, extension := range c.Extensions {
		if extension.Id.String() != "2.5.29.17" {
			continue
		}
		value := cryptobyte.String(extension.Value)
		var names, name cryptobyte.String
		if !value.ReadASN1(&names, der.SEQUENCE) || !value.Empty() {
			return 0, errors.New("the certificate's alternative names are malformed")
		}
		for ; !names.Empty(); n++ {
			if !names.ReadAnyASN1(&name, nil) {
				return 0, errors.New("the certificate's alternative names are malformed")
			}
		}
	}
	return n, nil
}

// addresses reads IP addresses as the standard library gives them.
func addresses(ips []net.IP) []netip.Addr {
	var all []netip.Addr
	for _, ip := range ips {
		if a, ok := netip.AddrFromSlice(ip); ok {
			all = append(all, a.Unmap())
		}
	}
	return all
}

// selfSigned reports whether c is a root: issued by its own name and key. Nobody verifies a root's signature, so one
// with a weak hash counts, too.
func selfSigned(c *x509.Certificate) bool {
	if !bytes.Equal(c.RawSubject, c.RawIssuer) {
		return false
	}
	if len(c.AuthorityKeyId) > 0 && len(c.SubjectKeyId) > 0 && !bytes.Equal(c.AuthorityKeyId, c.SubjectKeyId) {
		return false
	}
	return weakSignature(c) || c.CheckSignature(c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature) == nil
}

// weakSignature reports whether a certificate's signature has a hash that verifiers refuse.
func weakSignature(c *x509.Certificate) bool { return weakAlgorithm(c.SignatureAlgorithm) }

func weakAlgorithm(a x509.SignatureAlgorithm) bool {
	switch a {
	case x509.MD2WithRSA, x509.MD5WithRSA, x509.SHA1WithRSA, x509.DSAWithSHA1, x509.ECDSAWithSHA1:
		return true
	}
	return false
}
