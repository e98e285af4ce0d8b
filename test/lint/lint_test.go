// Package lint lets zlint judge what is signed: every profile of the oldest and the newest Kubernetes release, under
// every form of issuer, against the lints of RFC 5280.
package lint

import (
	"crypto"
	"net/netip"
	"testing"
	"time"

	"github.com/zmap/zcrypto/x509"
	"github.com/zmap/zlint/v3"
	"github.com/zmap/zlint/v3/lint"

	"ca-exchange/internal/kube"
	"ca-exchange/internal/pki"
)

func TestProfiles(t *testing.T) {
	registry, err := lint.GlobalRegistry().Filter(lint.FilterOptions{IncludeSources: lint.SourceList{lint.RFC5280,
		lint.RFC5480, lint.RFC5891}})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	count := 0
	keys := map[pki.KeyType]crypto.PublicKey{}
	for _, keyType := range pki.GenericKeyTypes() {
		key, err := keyType.Generate()
		if err != nil {
			t.Fatal(err)
		}
		keys[keyType] = key.Public()
	}
	for _, kind := range []pki.KeyType{pki.RSA2048, pki.ECDSAP256, pki.ECDSAP384} {
		issuer, _,
			err := pki.CreateIssuer(pki.IssuerSpec{Name: "ca", CommonName: "kubernetes", KeyType: kind, Days: 3650},
			now)
		if err != nil {
			t.Fatal(err)
		}
		judge(t, registry, "issuer "+string(kind), issuer.Certificate.Raw)
		for _, release := range []string{"1.25", "1.37"} {
			r, err := kube.ParseRelease(release)
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range kube.Profiles(r) {
				for _, keyType := range p.KeyTypes {
					count++
					judge(t, registry, release+" "+p.Name+" "+string(keyType), sign(t, issuer, p, keys[keyType], now))
				}
			}
		}
	}
	t.Logf("%d certificates", count)
}

func sign(t *testing.T, issuer *pki.Issuer, p kube.Profile, key crypto.PublicKey, now time.Time) []byte {
	t.Helper()
	plan := pki.Plan{Profile: p.Name, Issuer: p.Issuer, Usages: p.Usages, Key: key, Days: 365, Backdate: pki.Backdate}
	plan.CommonName, plan.Organizations = p.Subject("cp1")
	if p.Names == pki.RequiredNames {
		plan.Names = kube.AskFor(p, kube.DefaultConfig().Values("cp1"), "cp1",
			pki.Names{DNS: []string{"www.example"}, IPs: []netip.Addr{netip.MustParseAddr("192.0.2.10"),
				netip.MustParseAddr("2001:db8::1")}}).Names
	}
	if plan.CommonName == "" {
		plan.CommonName = "www.example"
	}
	certificate, err := issuer.Sign(plan, now)
	if err != nil {
		t.Fatal(err)
	}
	return certificate.Leaf.Raw
}

func judge(t *testing.T, registry lint.Registry, what string, der []byte) {
	t.Helper()
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Errorf("%s: %v", what, err)
		return
	}
	for name, result := range zlint.LintCertificateEx(c, registry).Results {
		if result.Status >= lint.Error {
			t.Errorf("%s: %s: %s %s", what, name, result.Status, result.Details)
		}
	}
}
