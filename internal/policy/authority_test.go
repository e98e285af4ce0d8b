package policy

import (
	"crypto/x509"
	"testing"

	"ca-exchange/internal/pki"
)

// TestAuthorityIsAPersonsWord: no profile of a cover, of a person or of the policy makes an authority.
func TestAuthorityIsAPersonsWord(t *testing.T) {
	const text = head + "profiles:\n  authority: {like: server}\n"
	c, err := Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	const want = `policy.yaml:4:14: "authority" is what authorities are listed as, which no profile makes`
	if _, err := New(c, profiles(), Requesters{}); err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

// TestAuthorityIsHeld: whatever the requester's scope, the outcome is hold, and only a person's approval of the plan
// with its limits makes a grant.
func TestAuthorityIsHeld(t *testing.T) {
	p := testPolicy(t, "", Scope{Profiles: []string{"server"}, DNS: []string{"**"}})
	asked := ask{subject: "CN=k3s O=Example", profile: "server", names: []string{"a.example"}, signed: 1}
	in := Input{Request: asked.read(t), Trusts: []string{trust}, Now: noon}
	in.Override = Override{Days: 9999, Authority: &Authority{
		Issuer: "ca", Usages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		Limits: pki.Limits{DNS: []string{".prod.example"}},
	}}
	d := p.Decide(in)
	if got := judged(d); got != `hold; guarded profile "authority"` {
		t.Errorf("judged %s", got)
	}
	if _, issued := d.Issued(); issued {
		t.Error("an authority is granted without a person")
	}
	plan, ok := d.Plan()
	if !ok || plan.Limits == nil || len(plan.Limits.DNS) != 1 || plan.Days != 3650 || plan.Names.Len() != 0 {
		t.Errorf("planned %+v", plan)
	}
	digest, err := plan.Digest()
	if err != nil {
		t.Fatal(err)
	}
	plan.Limits = &pki.Limits{}
	if wider, err := plan.Digest(); err != nil || wider == digest {
		t.Errorf("%v, the digest does not cover the limits", err)
	}
	in.Override.Authority = nil
	if plan, ok := p.Decide(in).Plan(); !ok || plan.Limits != nil {
		t.Errorf("without a person's word: %+v", plan.Limits)
	}
}
