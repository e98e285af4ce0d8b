package pki

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"strings"
	"testing"
)

// A trial signature finds the limits of an adopted issuer before anybody relies on it.
func TestProve(t *testing.T) {
	server := Profile{Name: "server", Usages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	client := Profile{Name: "client", Usages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
	critical := pkix.Extension{Id: asn1.ObjectIdentifier{1, 2, 3, 4}, Critical: true, Value: []byte{5, 0}}
	for name, test := range map[string]struct {
		change func(*x509.Certificate)
		want   []string // one a line, in order
	}{
		"no limits":                 {func(*x509.Certificate) {}, nil},
		"no subject key identifier": {func(c *x509.Certificate) { c.SubjectKeyId = nil }, nil},
		// Names that nobody asked for yet say nothing about the issuer.
		"name constraints": {func(c *x509.Certificate) { c.PermittedDNSDomains = []string{"prod.example"} }, nil},
		"server only": {func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} },
			[]string{`profile "client": signing a certificate of profile "client": issuer "ca" may not issue it: `}},
		"critical extension": {func(c *x509.Certificate) { c.ExtraExtensions = []pkix.Extension{critical} },
			[]string{`profile "server": issuer "ca" may not issue it: `,
				`profile "client": issuer "ca" may not issue it: `}},
		"ended": {func(c *x509.Certificate) { c.NotAfter = noon.Add(-1) },
			[]string{`profile "server": signing a certificate of profile "server": issuer "ca" ended at `,
				`profile "client": signing a certificate of profile "client": issuer "ca" ended at `}},
	} {
		issuer, err := adopted(t, test.change)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var got []string
		if err := issuer.Prove(noon, server, client); err != nil {
			got = strings.Split(err.Error(), "\n")
		}
		if len(got) != len(test.want) {
			t.Errorf("%s: %q", name, got)
			continue
		}
		for i, want := range test.want {
			if !strings.HasPrefix(got[i], want) {
				t.Errorf("%s: %q, not %q…", name, got[i], want)
			}
		}
	}
}
