package pki

import (
	"bytes"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"
)

// chainOf makes a root and an issuer below it, whose certificates change may alter; both end in ten years.
func chainOf(t *testing.T, change func(root, issuer *x509.Certificate)) (issuer, root *x509.Certificate, key []byte) {
	t.Helper()
	rootKey, issuerKey := generated(t), generated(t)
	template := func(name string) *x509.Certificate {
		return &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name},
			NotBefore: noon.AddDate(-1, 0, 0), NotAfter: noon.AddDate(10, 0, 0),
			KeyUsage: x509.KeyUsageCertSign, BasicConstraintsValid: true, IsCA: true}
	}
	r, i := template("root"), template("issuer")
	change(r, i)
	sign := func(c, parent *x509.Certificate, public, signer any) *x509.Certificate {
		der, err := x509.CreateCertificate(rand.Reader, c, parent, public, signer)
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		return parsed
	}
	root = sign(r, r, rootKey.Public(), rootKey)
	text, err := EncodePrivateKey(issuerKey)
	if err != nil {
		t.Fatal(err)
	}
	return sign(i, root, issuerKey.Public(), rootKey), root, text
}

// imported reads a file with everything in it, as `ca-admin init` does.
func imported(t *testing.T, file []byte) (issuer *Issuer, warnings []string, err error) {
	t.Helper()
	certificates, err := ParseIssuerCertificates(file)
	if err != nil {
		return nil, nil, err
	}
	key, kept, err := ParseIssuerKey(file, nil)
	if err != nil {
		return nil, nil, err
	}
	if again, _, err := ParseIssuerKey(kept, nil); err != nil || compareKeys(again.Public(), key.Public()) != nil ||
		bytes.Count(kept, []byte("BEGIN")) != 1 {
		t.Errorf("the key is kept as %q, %v", kept, err)
	}
	path, left, err := ImportPath(certificates, key.Public())
	if err != nil {
		return nil, nil, err
	}
	for _, c := range left {
		warnings = append(warnings, LeftOut(c))
	}
	if issuer, err = NewIssuer("ca", path, key); err != nil {
		return nil, warnings, err
	}
	more, err := issuer.CheckImport(noon)
	return issuer, append(warnings, more...), err
}

func TestImportInAnyOrder(t *testing.T) {
	issuer, root, key := chainOf(t, func(_, _ *x509.Certificate) {})
	stranger := testIssuer(t, ECDSAP256).Certificate
	one := func(c *x509.Certificate) string { return string(EncodeCertificates(c)) }
	for name, file := range map[string]string{
		"issuer first": one(issuer) + one(root) + string(key), "root first": one(root) + one(issuer) + string(key),
		"key first":    string(key) + one(root) + one(issuer),
		"text":         "# ours\n" + one(root) + "and\n" + one(issuer) + string(key),
		"other labels": strings.ReplaceAll(one(root), "CERT", "X509 CERT") + one(issuer) + string(key),
	} {
		got, warnings, err := imported(t, []byte(file))
		if err != nil || len(warnings) > 0 || !got.Certificate.Equal(issuer) || len(got.Chain) != 1 ||
			!got.Chain[0].Equal(root) {
			t.Errorf("%s: %v, %v", name, warnings, err)
		}
	}
	_, warnings, err := imported(t, []byte(one(stranger)+one(root)+one(issuer)+string(key)))
	want := `the certificate of "CN=kubernetes" that ends at 2027-03-04T12:00:00Z is not part of the issuer's chain: ` +
		"it was left out"
	if err != nil || !slices.Equal(warnings, []string{want}) {
		t.Errorf("a stranger: %q, %v", warnings, err)
	}
}

func TestImportWarns(t *testing.T) {
	for want, change := range map[string]func(root, issuer *x509.Certificate){
		"the certificate has no keyUsage: strict verifiers, such as Python 3.13, refuse it (RFC 5280 4.2.1.3)": func(
			_, issuer *x509.Certificate) {
			issuer.KeyUsage = 0
		},
		"the certificate ends at 2027-11-24T11:59:59Z: nothing that it signs lasts longer": func(_,
			issuer *x509.Certificate) {
			issuer.NotAfter = noon.AddDate(1, 0, 0).Add(-time.Second)
		},
		`"CN=root" above it ended at 2026-11-24T11:59:59Z: verifiers that start at it refuse what is signed now`: func(
			root, _ *x509.Certificate) {
			root.NotAfter = noon.Add(-time.Second)
		},
	} {
		issuer, root, key := chainOf(t, change)
		_, warnings, err := imported(t, append(EncodeCertificates(issuer, root), key...))
		if err != nil || !slices.Equal(warnings, []string{want}) {
			t.Errorf("%q, %v, not %q", warnings, err, want)
		}
	}
}

func TestImportRefuses(t *testing.T) {
	issuer, root, key := chainOf(t, func(_, _ *x509.Certificate) {})
	good := string(EncodeCertificates(issuer, root)) + string(key)
	damaged := strings.Replace(good, "-----BEGIN CERTIFICATE-----\nMII", "-----BEGIN CERTIFICATE-----\n!II", 1)
	two, err := EncodePrivateKey(generated(t))
	if err != nil {
		t.Fatal(err)
	}
	block := func(label string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: label, Bytes: der}))
	}
	for want, file := range map[string]string{
		"the file contains no certificate in PEM form":                 string(key),
		"the file contains no private key in PEM form":                 string(EncodeCertificates(issuer, root)),
		"the file contains more than one private key":                  good + string(two),
		"1 damaged PEM blocks among 1 certificates":                    damaged,
		`certificate 1: the PEM block "X509 CRL" is not a certificate`: block("X509 CRL", nil) + good,
		"certificate 1: a TRUSTED CERTIFICATE that is not DER":         block("TRUSTED CERTIFICATE", []byte{5}),
		"the file is text in UTF-16":                                   "\xff\xfe-\x00",
	} {
		if _, _, err := imported(t, []byte(file)); err == nil || err.Error() != want {
			t.Errorf("%v, not %s", err, want)
		}
	}
}

// TestImportRefusesCertificates: what no verifier would accept of a CA is refused with the way to another one.
func TestImportRefusesCertificates(t *testing.T) {
	unknown := pkix.Extension{Id: []int{1, 2, 3, 4}, Critical: true, Value: []byte{5, 0}}
	for _, test := range []struct {
		change     func(root, issuer *x509.Certificate)
		says, help string
	}{
		{func(_, issuer *x509.Certificate) { issuer.NotAfter = noon.Add(-time.Second) }, "the certificate ended at",
			"have the parent sign the CA's key again"},
		{func(_, issuer *x509.Certificate) { issuer.ExtraExtensions = []pkix.Extension{unknown} },
			"certificate 1 of its chain has a critical extension that is not understood: 1.2.3.4",
			"make the CA certificate again without that extension"},
		{func(root, _ *x509.Certificate) { root.ExtraExtensions = []pkix.Extension{unknown} },
			"certificate 2 of its chain has a critical extension that is not understood: 1.2.3.4",
			"make the CA certificate again without that extension"},
		{func(_, issuer *x509.Certificate) { issuer.Subject = pkix.Name{} }, "the certificate has an empty subject",
			"make the CA certificate again with a subject"},
		{func(_, issuer *x509.Certificate) { issuer.NotBefore = noon.Add(time.Second) }, "not valid yet: it begins at",
			"--import-early "},
	} {
		issuer, root, key := chainOf(t, test.change)
		_, _, err := imported(t, append(EncodeCertificates(issuer, root), key...))
		e, ok := errors.AsType[*ImportError](err)
		if !ok || !strings.Contains(err.Error(), test.says) || !strings.HasPrefix(e.Help, test.help) {
			t.Errorf("%v, not %q with the help %q", err, test.says, test.help)
		}
	}
	const alone = "renew it for the same key: openssl x509 "
	if help := renewHelp([]*x509.Certificate{{}}); !strings.HasPrefix(help, alone) {
		t.Errorf("the help for a root that ended is %q", help)
	}
}
