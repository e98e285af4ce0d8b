package pki

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"strings"
	"time"
)

// IndexLine is a certificate's line in the index.txt of `openssl ca` (OpenSSL apps/ca.c): status, end, time and reason
// of the revocation, serial, file, subject, a TAB between them and a LF at the end. The revocation's time is zero where
// it is not revoked.
func IndexLine(c *x509.Certificate, revoked Revocation, now time.Time) (string, error) {
	subject, err := oneline(c.RawSubject)
	if err != nil {
		return "", fmt.Errorf("subject of certificate %x: %w", c.SerialNumber, err)
	}
	status, when := "V", ""
	switch {
	case !revoked.Time.IsZero():
		status, when = "R", indexRevoked(revoked)
	case now.After(c.NotAfter):
		status = "E"
	}
	fields := []string{status, indexTime(c.NotAfter), when, IndexSerial(c), "unknown", subject}
	return strings.Join(fields, "\t") + "\n", nil
}

// indexRevoked is the time of a revocation, and its reason where openssl has a word for it: privilegeWithdrawn it does
// not know, and unspecified it leaves out of a CRL, as RFC 5280 5.3.1 wants it. A known time of the loss is keyTime.
func indexRevoked(r Revocation) string {
	reason := r.Reason.String()
	_, known := indexReasons[strings.ToLower(reason)]
	switch {
	case r.Reason == KeyCompromise && !r.Since.IsZero():
		return indexTime(r.Time) + ",keyTime," + r.Since.UTC().Format("20060102150405Z")
	case r.Reason == Unspecified || !known:
		return indexTime(r.Time)
	}
	return indexTime(r.Time) + "," + reason
}

// IndexSerial is a serial as openssl ca names files by it: upper-case hex, an even number of digits.
func IndexSerial(c *x509.Certificate) string { return fmt.Sprintf("%X", c.SerialNumber.Bytes()) }

// indexTime is UTCTime until 2049 and GeneralizedTime from then on (RFC 5280 4.1.2.5).
func indexTime(t time.Time) string {
	if t = t.UTC(); t.Year() >= 2050 {
		return t.Format("20060102150405Z")
	}
	return t.Format("060102150405Z")
}

// shortNames are OpenSSL's for the attributes that subjects have; another one is written as its number.
var shortNames = map[string]string{
	"2.5.4.3": "CN", "2.5.4.4": "SN", "2.5.4.5": "serialNumber", "2.5.4.6": "C", "2.5.4.7": "L", "2.5.4.8": "ST",
	"2.5.4.9": "street", "2.5.4.10": "O", "2.5.4.11": "OU", "2.5.4.12": "title", "2.5.4.42": "GN",
	"2.5.4.43": "initials", "0.9.2342.19200300.100.1.1": "UID", "0.9.2342.19200300.100.1.25": "DC",
	"1.2.840.113549.1.9.1": "emailAddress",
}

// oneline is a name as X509_NAME_oneline writes it: /TYPE=value, bytes that are not printable ASCII as \xHH. So neither
// a TAB nor a LF of a subject can make another field or line.
func oneline(raw []byte) (string, error) {
	var name pkix.RDNSequence
	if _, err := asn1.Unmarshal(raw, &name); err != nil {
		return "", err
	}
	var out strings.Builder
	for _, set := range name {
		for _, a := range set {
			kind := a.Type.String()
			if short, ok := shortNames[kind]; ok {
				kind = short
			}
			value, ok := a.Value.(string)
			if !ok {
				return "", fmt.Errorf("the value of %s is not a string", kind)
			}
			out.WriteString("/" + kind + "=")
			for _, b := range []byte(value) {
				if b < ' ' || b > '~' {
					fmt.Fprintf(&out, `\x%02X`, b)
				} else {
					out.WriteByte(b)
				}
			}
		}
	}
	return out.String(), nil
}
