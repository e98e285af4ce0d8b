package pki

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"net/netip"
	"strings"
	"testing"
	"time"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func testIssuer(t testing.TB, kind KeyType) *Issuer {
	t.Helper()
	issuer, _, err := CreateIssuer(IssuerSpec{Name: "ca", CommonName: "kubernetes", KeyType: kind, Days: 100}, noon)
	if err != nil {
		t.Fatal(err)
	}
	return issuer
}

func testPlan(t testing.TB) Plan {
	t.Helper()
	key, err := ECDSAP256.Generate()
	if err != nil {
		t.Fatal(err)
	}
	return Plan{Profile: "server", Issuer: "ca", CommonName: "www.example",
		Names:  Names{DNS: []string{"www.example"}, IPs: []netip.Addr{netip.MustParseAddr("192.0.2.7")}},
		Usages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, Key: key.Public(), Days: 30, Backdate: Backdate}
}

func TestSignedAsPlanned(t *testing.T) {
	issuer, plan := testIssuer(t, ECDSAP256), testPlan(t)
	plan.Days = 365
	c, err := issuer.Sign(plan, noon)
	if err != nil {
		t.Fatal(err)
	}
	leaf := c.Leaf
	switch {
	case !c.Shortened || !leaf.NotAfter.Equal(issuer.Certificate.NotAfter):
		t.Errorf("outlives its issuer: %s", leaf.NotAfter)
	case !leaf.NotBefore.Equal(noon.Add(-5 * time.Minute)):
		t.Errorf("begins %s", leaf.NotBefore)
	case len(leaf.SubjectKeyId) == 0 || string(leaf.AuthorityKeyId) != string(issuer.Certificate.SubjectKeyId):
		t.Error("key identifiers are missing")
	case leaf.SerialNumber.BitLen() < 96 || leaf.SerialNumber.BitLen() > 135:
		t.Errorf("serial of %d bits", leaf.SerialNumber.BitLen())
	}
	// Golden: everything but serial, dates of the key and fingerprints is fixed.
	var stable []string
	for line := range strings.Lines(Render(leaf)) {
		if !strings.HasPrefix(line, "  serial") && !strings.HasPrefix(line, "  fingerprint") {
			stable = append(stable, line)
		}
	}
	want := `  subject      CN="www.example"
  names        DNS:www.example IP:192.0.2.7
  issuer       CN="kubernetes"
  validity     2026-11-24T11:55:00Z to 2027-03-04T12:00:00Z
  key          ECDSA-P256
  usages       digitalSignature; serverAuth
  CA           false
`
	if got := strings.Join(stable, ""); got != want {
		t.Errorf("rendered\n%s\nnot\n%s", got, want)
	}
}

// TestSignRefuses: no plan leads to a certificate that it should not.
func TestSignRefuses(t *testing.T) {
	issuer := testIssuer(t, ECDSAP256)
	for name, spoil := range map[string]func(*Plan){
		"no usage":  func(p *Plan) { p.Usages = nil },
		"any usage": func(p *Plan) { p.Usages = []x509.ExtKeyUsage{x509.ExtKeyUsageAny} },
		"no days":   func(p *Plan) { p.Days = 0 }, "long name": func(p *Plan) {
			p.CommonName = strings.Repeat("x",
				65)
		},
		"URI": func(p *Plan) { p.Names.URIs = []string{"https://x.example"} },
	} {
		plan := testPlan(t)
		spoil(&plan)
		if _, err := issuer.Sign(plan, noon); err == nil {
			t.Errorf("%s: signed", name)
		}
	}
	for name, when := range map[string]time.Time{"before the issuer": noon.AddDate(-1, 0, 0),
		"after it": noon.AddDate(1, 0, 0)} {
		if _, err := issuer.Sign(testPlan(t), when); err == nil {
			t.Errorf("%s: signed", name)
		}
	}
}

func generated(t *testing.T) crypto.Signer {
	t.Helper()
	key, err := ECDSAP256.Generate()
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// adopted makes an issuer of a template of the test's own, signed by itself.
func adopted(t *testing.T, change func(*x509.Certificate)) (*Issuer, error) {
	t.Helper()
	key, err := ECDSAP256.Generate()
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "corporate"},
		NotBefore: noon.Add(-time.Hour), NotAfter: noon.AddDate(1, 0, 0),
		KeyUsage: x509.KeyUsageCertSign, BasicConstraintsValid: true, IsCA: true}
	change(template)
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return NewIssuer("ca", []*x509.Certificate{c}, key)
}

func TestAdoptedIssuerKeepsItsLimits(t *testing.T) {
	server, client := []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	for name, test := range map[string]struct {
		change func(*x509.Certificate)
		signs  bool
	}{
		"none":         {func(c *x509.Certificate) {}, true},
		"names inside": {func(c *x509.Certificate) { c.PermittedDNSDomains = []string{"example"} }, true},
		"names outside": {func(c *x509.Certificate) {
			c.PermittedDNSDomains = []string{"elsewhere"}
			c.PermittedDNSDomainsCritical = true
		}, false},
		"usage inside":     {func(c *x509.Certificate) { c.ExtKeyUsage = server }, true},
		"usage outside":    {func(c *x509.Certificate) { c.ExtKeyUsage = client }, false},
		"no key id at all": {func(c *x509.Certificate) { c.SubjectKeyId = nil }, true},
	} {
		issuer, err := adopted(t, test.change)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		c, err := issuer.Sign(testPlan(t), noon)
		if (err == nil) != test.signs {
			t.Errorf("%s: %v", name, err)
		}
		if err == nil && len(c.Leaf.AuthorityKeyId) == 0 {
			t.Errorf("%s: no authority key identifier", name)
		}
	}
	for name, change := range map[string]func(*x509.Certificate){
		"no CA":          func(c *x509.Certificate) { c.IsCA = false },
		"no keyCertSign": func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageDigitalSignature },
	} {
		if _, err := adopted(t, change); err == nil {
			t.Errorf("%s: adopted", name)
		}
	}
	if _, err := NewIssuer("ca", nil, nil); err == nil {
		t.Error("nothing was adopted")
	}
}

func TestDamagedTrustIsRefused(t *testing.T) {
	text := EncodeTrust([]Authority{testIssuer(t, ECDSAP256).Authority, testIssuer(t, ECDSAP256).Authority})
	second := strings.LastIndex(string(text), "-----BEGIN")
	damaged := string(text[:second+40]) + "!" + string(text[second+40:])
	if trust, err := ParseTrust([]byte(damaged)); err == nil {
		t.Errorf("a damaged block was passed over: %d issuers", len(trust.Authorities))
	}
}

// TestVerifyAnswerRefuses: each way a certificate can be another than was asked for is told.
func TestVerifyAnswerRefuses(t *testing.T) {
	issuer, other := testIssuer(t, ECDSAP256), testIssuer(t, ECDSAP256)
	server := Profile{Name: "server", Usages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, Names: RequiredNames}
	plan := testPlan(t)
	expected := Expected{Key: plan.Key, Profile: server, CommonName: "www.example", Names: plan.Names,
		Authority: issuer.Authority}
	sign := func(i *Issuer, change func(*Plan)) []byte { return signChanged(t, i, plan, change) }
	good := sign(issuer, func(*Plan) {})
	leaf, warnings, err := VerifyAnswer(good, expected, noon)
	if err != nil || len(warnings) > 0 {
		t.Fatalf("the right one: %v, %v", warnings, err)
	}
	asLong := expected
	asLong.NotAfter = leaf.NotAfter
	if _, _, err := VerifyAnswer(good, asLong, noon); err != nil {
		t.Errorf("one that ends with the installed one: %v", err)
	}
	for name, test := range map[string]struct {
		answer []byte
		change func(*Expected)
		when   time.Time
		want   string
	}{
		"key":     {good, func(e *Expected) { e.Key = testPlan(t).Key }, noon, "another key"},
		"issuer":  {sign(other, func(*Plan) {}), nil, noon, "not signed by the pinned issuer"},
		"subject": {sign(issuer, func(p *Plan) { p.CommonName = "admin" }), nil, noon, "the subject is"},
		"group": {sign(issuer, func(p *Plan) { p.Organizations = []string{"system:masters"} }), nil, noon,
			"the subject is"},
		"usage": {sign(issuer, func(p *Plan) { p.Usages = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }), nil,
			noon, "the certificate is for clientAuth"},
		"more names": {sign(issuer, func(p *Plan) { p.Names.DNS = []string{"www.example", "evil.example"} }), nil, noon,
			`not asked for: "DNS:evil.example"`},
		"expired": {good, nil, noon.AddDate(0, 2, 0), "not valid now"},
		"shorter": {good, func(e *Expected) { e.NotAfter = leaf.NotAfter.Add(time.Second) }, noon,
			"before the installed one"},
		"no names": {good, func(e *Expected) { e.Profile.Names, e.AcceptNames = NoNames, true }, noon, "has none"},
		"CA": {EncodeCertificates(issuer.Certificate),
			func(e *Expected) { e.Key = issuer.Certificate.PublicKey }, noon, ""},
		"hidden": {hidden(t, issuer, plan), nil, noon, "has 3 names, of which 2 are of a kind that is understood"},
		"junk":   {[]byte("junk"), nil, noon, "no certificate"},
	} {
		e := expected
		if test.change != nil {
			test.change(&e)
		}
		if _, _, err := VerifyAnswer(test.answer, e, test.when); err == nil ||
			!strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	fewer := sign(issuer, func(p *Plan) { p.Names.IPs = nil })
	if _, warnings, err := VerifyAnswer(fewer, expected, noon); err != nil || len(warnings) != 1 {
		t.Errorf("fewer names: %v, %v", warnings, err)
	}
}

// signChanged signs a plan that was changed.
func signChanged(t *testing.T, i *Issuer, p Plan, change func(*Plan)) []byte {
	t.Helper()
	change(&p)
	c, err := i.Sign(p, noon)
	if err != nil {
		t.Fatal(err)
	}
	return c.Answer()
}

// hidden is a certificate with a registeredID among its names, which the standard library does not show.
func hidden(t *testing.T, issuer *Issuer, plan Plan) []byte {
	t.Helper()
	template, _, err := issuer.template(plan, noon)
	if err != nil {
		t.Fatal(err)
	}
	value, err := asn1.Marshal([]asn1.RawValue{
		{Class: asn1.ClassContextSpecific, Tag: 2, Bytes: []byte("www.example")},
		{Class: asn1.ClassContextSpecific, Tag: 7, Bytes: []byte{192, 0, 2, 7}},
		{Class: asn1.ClassContextSpecific, Tag: 8, Bytes: []byte{0x2a, 3, 4}},
	})
	if err != nil {
		t.Fatal(err)
	}
	template.DNSNames, template.IPAddresses = nil, nil
	template.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 17}, Value: value}}
	der, err := x509.CreateCertificate(rand.Reader, template, issuer.Certificate, plan.Key, issuer.key)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return EncodeCertificates(c)
}

func BenchmarkSign(b *testing.B) {
	for _, kind := range []KeyType{RSA2048, ECDSAP256} {
		issuer, plan := testIssuer(b, kind), testPlan(b)
		b.Run(string(kind), func(b *testing.B) {
			for b.Loop() {
				if _, err := issuer.Sign(plan, noon); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
