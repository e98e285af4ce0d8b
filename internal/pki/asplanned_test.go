package pki

import (
	"crypto/x509"
	"math/big"
	"strings"
	"testing"
	"time"
)

// A certificate that is not what was planned never leaves, and the error gives what it has and what was expected.
func TestAsPlanned(t *testing.T) {
	issuer, plan := testIssuer(t, ECDSAP256), testPlan(t)
	signed, err := issuer.Sign(plan, noon)
	if err != nil {
		t.Fatal(err)
	}
	other := testIssuer(t, ECDSAP256).Certificate
	other.RawSubject, other.Subject.CommonName = append([]byte{}, 0x30, 0), "elsewhere"
	for want, change := range spoiled(other) {
		leaf, template, changed := *signed.Leaf, *signed.Leaf, plan
		change(&leaf, &template, &changed)
		err := asPlanned(&leaf, &template, issuer.Certificate, changed)
		if err == nil {
			t.Errorf("%s: passed", want)
			continue
		}
		got := err.Error()
		for _, key := range []any{plan.Key, other.PublicKey} {
			fingerprint, err := KeyFingerprint(key)
			if err != nil {
				t.Fatal(err)
			}
			got = strings.ReplaceAll(got, fingerprint, "KEY")
		}
		if got != want {
			t.Errorf("%s, not %s", got, want)
		}
	}
}

// spoiled are certificates that are not as planned, by what is said of them; other is another issuer.
func spoiled(other *x509.Certificate) map[string]func(leaf, template *x509.Certificate, p *Plan) {
	return map[string]func(leaf, template *x509.Certificate, p *Plan){
		"serial 5, expected 7": func(leaf, template *x509.Certificate, _ *Plan) {
			leaf.SerialNumber, template.SerialNumber = big.NewInt(5), big.NewInt(7)
		},
		"serial -5, expected -5": func(leaf, template *x509.Certificate, _ *Plan) {
			leaf.SerialNumber, template.SerialNumber = big.NewInt(-5), big.NewInt(-5)
		},
		"CA:true (basicConstraints present: true), expected CA:FALSE": func(leaf, _ *x509.Certificate, _ *Plan) {
			leaf.IsCA = true
		},
		"CA:false (basicConstraints present: false), expected CA:FALSE": func(leaf, _ *x509.Certificate, _ *Plan) {
			leaf.BasicConstraintsValid = false
		},
		"key usage digitalSignature,keyCertSign, expected digitalSignature": func(leaf, _ *x509.Certificate, _ *Plan) {
			leaf.KeyUsage |= x509.KeyUsageCertSign
		},
		"extended key usage serverAuth, expected clientAuth": func(_, _ *x509.Certificate, p *Plan) {
			p.Usages = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
		},
		"validity 2026-11-24T11:55:00Z to 2026-12-24T12:00:00Z, " +
			"expected 2026-11-24T11:55:00Z to 2026-12-24T12:00:01Z": func(_, template *x509.Certificate, _ *Plan) {
			template.NotAfter = template.NotAfter.Add(time.Second)
		},
		"validity 2026-11-24T11:54:59Z to 2026-12-24T12:00:00Z, " +
			"expected 2026-11-24T11:55:00Z to 2026-12-24T12:00:00Z": func(leaf, _ *x509.Certificate, _ *Plan) {
			leaf.NotBefore = leaf.NotBefore.Add(-time.Second)
		},
		`issuer "CN=elsewhere", expected "CN=kubernetes"`: func(leaf, _ *x509.Certificate, _ *Plan) {
			leaf.RawIssuer, leaf.Issuer = other.RawSubject, other.Subject
		},
		"AuthorityKeyId 0102, expected 0103": func(leaf, template *x509.Certificate, _ *Plan) {
			leaf.AuthorityKeyId, template.AuthorityKeyId = []byte{1, 2}, []byte{1, 3}
		},
		`subject CN="www.example", expected CN="admin"`: func(_, _ *x509.Certificate,
			p *Plan) {
			p.CommonName = "admin"
		},
		`subject CN="www.example", expected CN="www.example", O="a"`: func(_, _ *x509.Certificate, p *Plan) {
			p.Organizations = []string{"a"}
		},
		`names "DNS:www.example", "IP:192.0.2.7", expected "DNS:www.example"`: func(_, _ *x509.Certificate, p *Plan) {
			p.Names.IPs = nil
		},
		`names "DNS:www.example", "IP:192.0.2.7", expected "DNS:www.example", "DNS:b.example", "IP:192.0.2.7"`: func(_,
			_ *x509.Certificate, p *Plan) {
			p.Names.DNS = append(p.Names.DNS[:1:1], "b.example")
		},
		"key KEY, expected KEY": func(_, _ *x509.Certificate, p *Plan) { p.Key = other.PublicKey },
	}
}
