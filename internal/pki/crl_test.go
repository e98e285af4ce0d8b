package pki

import (
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func testRevocations() []Revocation {
	return []Revocation{
		{Serial: big.NewInt(0x0a01), Time: noon.Add(-time.Hour), Reason: KeyCompromise, Since: noon.AddDate(0, 0, -3)},
		{Serial: big.NewInt(0x0a02), Time: noon, Reason: Unspecified},
		{Serial: new(big.Int).Lsh(big.NewInt(0x7f), 128), Time: noon, Reason: PrivilegeWithdrawn},
	}
}

func testCRLPlan(entries ...Revocation) CRLPlan {
	return CRLPlan{Number: NextCRLNumber(0, noon), ThisUpdate: noon.Add(-Backdate), NextUpdate: noon.AddDate(0, 0, 30),
		Entries: entries}
}

// TestSignCRL: every key type; the entries come back as they were given, and as Entry encodes them.
func TestSignCRL(t *testing.T) {
	for _, kind := range []KeyType{RSA2048, ECDSAP256, ECDSAP384} {
		issuer := testIssuer(t, kind)
		crl, err := issuer.SignCRL(testCRLPlan(testRevocations()...), noon)
		if err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
		list, err := x509.ParseRevocationList(crl.Raw)
		if err != nil {
			t.Fatal(err)
		}
		if list.Number.Int64() != noon.Unix() || len(list.Extensions) != 2 ||
			string(list.AuthorityKeyId) != string(issuer.Certificate.SubjectKeyId) ||
			!list.ThisUpdate.Equal(noon.Add(-Backdate)) {
			t.Errorf("%s: number %v, extensions %v, from %s", kind, list.Number, list.Extensions, list.ThisUpdate)
		}
		got := slices.Collect(crl.All())
		for i, want := range testRevocations() {
			der, err := want.Entry()
			if err != nil || string(der) != string(list.RevokedCertificateEntries[i].Raw) || !got[i].equal(want) {
				t.Errorf("%s: entry %v, not %v: %v", kind, got[i], want, err)
			}
			if read, err := ParseRevocation(der); err != nil || !read.equal(want) {
				t.Errorf("%s: read back as %v, not %v: %v", kind, read, want, err)
			}
		}
		if r, ok := crl.Revokes(big.NewInt(0x0a02)); !ok || r.Reason != Unspecified {
			t.Errorf("%s: found %v, %t", kind, r, ok)
		}
		if _, ok := crl.Revokes(big.NewInt(0x0a03)); ok {
			t.Errorf("%s: a certificate counts as revoked that is not", kind)
		}
	}
}

// TestSignCRLRefuses: no list leaves that others would refuse.
func TestSignCRLRefuses(t *testing.T) {
	issuer := testIssuer(t, ECDSAP256)
	unable := issuer.Under("ca")
	certificate := *issuer.Certificate
	certificate.KeyUsage = x509.KeyUsageCertSign
	unable.Certificate = &certificate
	plan := testCRLPlan()
	for name, test := range map[string]struct {
		issuer *Issuer
		spoil  func(*CRLPlan)
		want   string
	}{
		"key usage": {unable, func(*CRLPlan) {}, "lacks the key usage cRLSign"},
		"number":    {issuer, func(p *CRLPlan) { p.Number = 0 }, "number 0"},
		"no end":    {issuer, func(p *CRLPlan) { p.NextUpdate = p.ThisUpdate }, "to 2026-11-24T11:55:00Z"},
		"in future": {issuer, func(p *CRLPlan) { p.ThisUpdate = noon.Add(time.Hour) }, "the CRL begins at"},
		"serial": {issuer, func(p *CRLPlan) { p.Entries = []Revocation{{Serial: new(big.Int), Time: noon}} },
			"expected a positive one"},
	} {
		spoiled := plan
		test.spoil(&spoiled)
		if crl, err := test.issuer.SignCRL(spoiled, noon); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, %v", name, crl, err)
		}
	}
}

// TestNextCRLNumber: it rises with the clock, and also where the clock does not.
func TestNextCRLNumber(t *testing.T) {
	for _, test := range []struct{ last, want int64 }{{0, 1000}, {999, 1000}, {1000, 1001}, {5000, 5001}} {
		if got := NextCRLNumber(test.last, time.Unix(1000, 0)); got != test.want {
			t.Errorf("after %d comes %d, not %d", test.last, got, test.want)
		}
	}
}

// TestVerifyCRL: a host takes a list of the pinned issuer that has begun and is newer than its own, and nothing else.
func TestVerifyCRL(t *testing.T) {
	issuer, other := testIssuer(t, ECDSAP256), testIssuer(t, ECDSAP256)
	plan := testCRLPlan(testRevocations()...)
	sign := func(i *Issuer, number int64) *CRL {
		t.Helper()
		plan.Number = number
		crl, err := i.SignCRL(plan, noon)
		if err != nil {
			t.Fatal(err)
		}
		return crl
	}
	first, second := sign(issuer, 7), sign(issuer, 8)
	renamed := issuer.Authority
	certificate := *issuer.Certificate
	certificate.RawSubject = other.Certificate.RawIssuer[:len(other.Certificate.RawIssuer)-1]
	renamed.Certificate = &certificate
	broken := slices.Clone(second.Raw)
	broken[len(broken)-1] ^= 1
	changed := slices.Clone(second.Raw)
	changed[strings.Index(string(changed), "\x0a\x02")] ^= 1
	for name, test := range map[string]struct {
		authority Authority
		raw       []byte
		installed *CRL
		now       time.Time
		want      string
	}{
		"first":           {issuer.Authority, first.Raw, nil, noon, ""},
		"newer":           {issuer.Authority, second.Raw, first, noon, ""},
		"the same":        {issuer.Authority, second.Raw, second, noon, ""},
		"ended":           {issuer.Authority, second.Raw, nil, noon.AddDate(1, 0, 0), ""},
		"clock behind":    {issuer.Authority, second.Raw, nil, noon.Add(-15 * time.Minute), ""},
		"in the future":   {issuer.Authority, second.Raw, nil, noon.Add(-16 * time.Minute), "the CRL begins at"},
		"older":           {issuer.Authority, first.Raw, second, noon, "number 7, installed is 8"},
		"same number":     {issuer.Authority, sign(issuer, 8).Raw, second, noon, "number 8, installed is 8"},
		"another key":     {other.Authority, second.Raw, nil, noon, "the CRL is of the key"},
		"another name":    {renamed, second.Raw, nil, noon, `the CRL is of "CN=kubernetes"`},
		"broken":          {issuer.Authority, broken, nil, noon, "did not sign the CRL"},
		"another serial":  {issuer.Authority, changed, nil, noon, "did not sign the CRL"},
		"trailing":        {issuer.Authority, append(slices.Clone(second.Raw), 0), nil, noon, "not the DER of a CRL"},
		"cut off":         {issuer.Authority, second.Raw[:len(second.Raw)-1], nil, noon, "not the DER of a CRL"},
		"PEM":             {issuer.Authority, EncodeCRL(second.Raw), nil, noon, "not the DER of a CRL"},
		"a certificate":   {issuer.Authority, issuer.Certificate.Raw, nil, noon, "not the DER of a CRL"},
		"too large":       {issuer.Authority, make([]byte, MaxCRLSize+1), nil, noon, "more than 67108864"},
		"nothing":         {issuer.Authority, nil, nil, noon, "not the DER of a CRL"},
		"partial":         {issuer.Authority, extended(t, issuer, "2.5.29.28"), nil, noon, "it is not complete"},
		"delta":           {issuer.Authority, extended(t, issuer, "2.5.29.27"), nil, noon, "it is not complete"},
		"other extension": {issuer.Authority, extended(t, issuer, "1.2.3"), nil, noon, ""},
	} {
		crl, err := test.authority.VerifyCRL(test.raw, test.installed, test.now)
		if said := fmt.Sprint(err); test.want == "" && err != nil || !strings.Contains(said, test.want) ||
			(crl == nil) != (err != nil) {
			t.Errorf("%s: %v, expected %q", name, err, test.want)
		}
		if older := name == "older" || name == "same number"; older != errors.Is(err, ErrOlderCRL) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// openssl runs it and expects words in its output.
func openssl(t *testing.T, want string, arguments ...string) {
	t.Helper()
	out, _ := exec.Command("openssl", arguments...).CombinedOutput()
	for word := range strings.SplitSeq(want, "|") {
		if !strings.Contains(string(out), word) {
			t.Errorf("openssl %v: no %q in\n%s", arguments, word, out)
		}
	}
}

// TestCRLBeforeOpenSSL: openssl takes the good certificate (0), refuses the revoked one (23), and the good one where
// the CRL has ended (12); it reads what a person wants to see.
func TestCRLBeforeOpenSSL(t *testing.T) {
	if _, err := exec.LookPath("openssl"); err != nil && os.Getenv("CI") == "" {
		t.Skip("openssl is not installed")
	}
	now := time.Now().UTC().Truncate(time.Second)
	issuer, _, err := CreateIssuer(IssuerSpec{Name: "etcd-ca", CommonName: "etcd-ca", KeyType: ECDSAP256, Days: 100},
		now.AddDate(0, 0, -50))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name string, content []byte) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	plan := testPlan(t)
	good, err1 := issuer.Sign(plan, now)
	bad, err2 := issuer.Sign(plan, now)
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	sign := func(age int) string {
		t.Helper()
		at := now.AddDate(0, 0, -age)
		crl, err := issuer.SignCRL(CRLPlan{Number: NextCRLNumber(0, at), ThisUpdate: at.Add(-Backdate),
			NextUpdate: at.AddDate(0, 0, 30), Entries: []Revocation{{Serial: bad.Leaf.SerialNumber, Time: at,
				Reason: KeyCompromise, Since: at.AddDate(0, 0, -1)}}}, now)
		if err != nil {
			t.Fatal(err)
		}
		return write("crl.pem", EncodeCRL(crl.Raw))
	}
	ca := write("ca.crt", issuer.Anchor())
	goodFile := write("good.crt", EncodeCertificates(good.Leaf))
	badFile := write("bad.crt", EncodeCertificates(bad.Leaf))
	crl := sign(0)
	openssl(t, "good.crt: OK", "verify", "-crl_check", "-CAfile", ca, "-CRLfile", crl, goodFile)
	openssl(t, "error 23 at 0 depth", "verify", "-crl_check", "-CAfile", ca, "-CRLfile", crl, badFile)
	openssl(t, "verify OK|Version 2|X509v3 CRL Number|Key Compromise|Invalidity Date", "crl", "-in", crl, "-noout",
		"-text", "-CAfile", ca)
	openssl(t, "error 12 at 0 depth", "verify", "-crl_check", "-CAfile", ca, "-CRLfile", sign(40), goodFile)
}

// TestCRLAsPlanned: what was signed is compared with what was to be signed, before anybody gets it.
func TestCRLAsPlanned(t *testing.T) {
	issuer := testIssuer(t, ECDSAP256)
	plan := testCRLPlan(testRevocations()...)
	crl, err := issuer.SignCRL(plan, noon)
	if err != nil || crl.asPlanned(plan) != nil {
		t.Fatal(err, crl.asPlanned(plan))
	}
	for want, change := range map[string]func(*CRLPlan){
		"number ":         func(p *CRLPlan) { p.Number++ },
		"3 entries":       func(p *CRLPlan) { p.Entries = p.Entries[:2] },
		"good from ":      func(p *CRLPlan) { p.NextUpdate = p.NextUpdate.Add(time.Second) },
		"entry 2 is 0a02": func(p *CRLPlan) { p.Entries[1].Reason = KeyCompromise },
		"entry 1 is 0a01": func(p *CRLPlan) { p.Entries[0].Since = noon },
	} {
		changed := plan
		changed.Entries = testRevocations()
		change(&changed)
		if err := crl.asPlanned(changed); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v, expected %q", err, want)
		}
	}
}
