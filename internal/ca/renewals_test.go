package ca

import (
	"crypto/x509"
	"net/netip"
	"testing"

	"ca-exchange/internal/ledger"
	"ca-exchange/internal/pki"
)

func TestDifference(t *testing.T) {
	t.Parallel()
	server := []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	both := append([]x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}, server...)
	for _, c := range []struct {
		name   string
		change func(p *pki.Plan, old *ledger.Certificate, leaf *x509.Certificate)
		want   string
	}{
		{"the same", func(*pki.Plan, *ledger.Certificate, *x509.Certificate) {}, ""},
		{"names in another order", func(p *pki.Plan, _ *ledger.Certificate, _ *x509.Certificate) {
			p.Names.DNS = []string{"b.example", "a.example"}
		}, ""},
		{"a profile of its own", func(p *pki.Plan, _ *ledger.Certificate, _ *x509.Certificate) { p.Profile = "web" },
			"its profile is web, the replaced certificate's is server"},
		{"another issuer", func(_ *pki.Plan, old *ledger.Certificate, _ *x509.Certificate) { old.Issuer = "etcd-ca" },
			"its issuer is ca, the replaced certificate's is etcd-ca"},
		{"another group",
			func(p *pki.Plan, _ *ledger.Certificate, _ *x509.Certificate) { p.Organizations = []string{"dev"} },
			`its subject is CN="a.example", O="dev", the replaced certificate's is CN="a.example"`},
		{"a name more and one less", func(p *pki.Plan, _ *ledger.Certificate, _ *x509.Certificate) {
			p.Names = pki.Names{DNS: []string{"a.example"}, IPs: []netip.Addr{netip.MustParseAddr("192.0.2.7")}}
		}, `its names differ: + "IP:192.0.2.7" - "DNS:b.example"`},
		{"a usage more", func(p *pki.Plan, _ *ledger.Certificate, _ *x509.Certificate) { p.Usages = both },
			"its usages are clientAuth,serverAuth, the replaced certificate's are serverAuth"},
		{"a usage less", func(_ *pki.Plan, _ *ledger.Certificate, leaf *x509.Certificate) { leaf.ExtKeyUsage = both },
			"its usages are serverAuth, the replaced certificate's are clientAuth,serverAuth"},
	} {
		plan := pki.Plan{Profile: "server", Issuer: "ca", CommonName: "a.example", Usages: server,
			Names: pki.Names{DNS: []string{"a.example", "b.example"}}}
		old := ledger.Certificate{Profile: "server", Issuer: "ca", Subject: `CN="a.example"`}
		leaf := &x509.Certificate{DNSNames: []string{"a.example", "b.example"}, ExtKeyUsage: server}
		c.change(&plan, &old, leaf)
		if got := difference(plan, old, leaf); got != c.want {
			t.Errorf("%s: %q, not %q", c.name, got, c.want)
		}
	}
}
