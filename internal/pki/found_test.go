package pki

import (
	"bytes"
	"encoding/pem"
	"strings"
	"testing"
)

// TestFindCertificates: certificates among whatever else a file holds; what is damaged is said, not passed over.
func TestFindCertificates(t *testing.T) {
	issuer, _, err := CreateIssuer(IssuerSpec{Name: "ca", CommonName: "ca", KeyType: ECDSAP256, Days: 1}, noon)
	if err != nil {
		t.Fatal(err)
	}
	raw := issuer.Certificate.Raw
	one := EncodeCertificates(issuer.Certificate)
	trusted := pem.EncodeToMemory(&pem.Block{Type: "TRUSTED CERTIFICATE", Bytes: append(bytes.Clone(raw), 0x30, 0)})
	empty := []byte("-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n")
	key := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("x")})
	for name, test := range map[string]struct {
		text     []byte
		found    int
		problems string
	}{
		"DER": {raw, 1, ""}, "PEM": {one, 1, ""}, "text": {[]byte("text"), 0, ""}, "a key": {key, 0, ""},
		"nothing": {nil, 0, ""},
		"several": {bytes.Join([][]byte{[]byte("text\n"), one, key, trusted, one}, nil), 3, ""},
		"damaged": {append(bytes.Clone(one), "-----BEGIN CERTIFICATE-----\n!\n"...), 1, "1 damaged PEM"},
		"empty":   {empty, 0, "certificate 1: x509: "},
	} {
		found, problems := FindCertificates(test.text)
		if len(found) != test.found || len(problems) != min(1, len(test.problems)) {
			t.Errorf("%s: %d found, %v", name, len(found), problems)
			continue
		}
		for _, c := range found {
			if !bytes.Equal(c.Raw, raw) {
				t.Errorf("%s: another certificate", name)
			}
		}
		if len(problems) > 0 && !strings.Contains(problems[0].Error(), test.problems) {
			t.Errorf("%s: %v", name, problems[0])
		}
	}
}
