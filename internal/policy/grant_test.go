package policy

import (
	"errors"
	"testing"

	"ca-exchange/internal/pki"
)

func testIssuer(t *testing.T, name string) *pki.Issuer {
	t.Helper()
	issuer, _, err := pki.CreateIssuer(pki.IssuerSpec{Name: name, CommonName: name, KeyType: pki.ECDSAP256, Days: 10,
		PathLen: 0}, noon)
	if err != nil {
		t.Fatal(err)
	}
	return issuer
}

// A grant is signed by the issuer it names; the zero Grant, the only one another package can write, by none.
func TestGrantSign(t *testing.T) {
	key, err := pki.ECDSAP256.Generate()
	if err != nil {
		t.Fatal(err)
	}
	grant := Grant{pki.Plan{Profile: "kube-scheduler", Issuer: "ca", CommonName: "system:kube-scheduler",
		Usages: profiles()[4].Usages, Key: key.Public(), Days: 1}}
	certificate, err := grant.Sign(testIssuer(t, "ca"), noon)
	if err != nil || certificate.Leaf.Subject.CommonName != "system:kube-scheduler" {
		t.Fatalf("signed %v, %v", certificate, err)
	}
	for name, grant := range map[string]Grant{"etcd-ca": grant, "ca": {}, "": {}} {
		if certificate, err := grant.Sign(testIssuer(t, "ca").Under(name), noon); certificate != nil ||
			!errors.Is(err, ErrIssuer) {
			t.Errorf("issuer %q signed %+v: %v", name, grant, err)
		}
	}
}
