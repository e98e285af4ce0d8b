package policy

import (
	"testing"

	"ca-exchange/internal/pki"
	"ca-exchange/internal/refusal"
	"ca-exchange/internal/request"
)

// TestEmailsAndURIsAreLost: no profile has e-mail addresses or URIs. A request that asks for them is held, a person who
// approves it is shown what is lost, and the certificate has none.
func TestEmailsAndURIsAreLost(t *testing.T) {
	key, err := testKey()
	if err != nil {
		t.Fatal(err)
	}
	csr, err := request.Create(key, "web.example", nil, pki.Names{
		DNS: []string{"web.example"}, Emails: []string{"boss@web.example"}, URIs: []string{"https://web.example/"},
	})
	if err != nil {
		t.Fatal(err)
	}
	r, found := request.Parse(request.Encode(nil, csr), nil)
	if r == nil {
		t.Fatal(found)
	}
	p := testPolicy(t, "", Scope{Profiles: []string{"server"}, DNS: []string{"**"}})
	d := p.Decide(Input{Request: r, Found: found, Override: Override{Profile: "server"}, Now: noon})
	plan, ok := d.Plan()
	if !ok || d.Outcome != refusal.Hold || len(plan.Names.Emails)+len(plan.Names.URIs) != 0 {
		t.Errorf("%s, planned %t with names %v", d.Outcome, ok, plan.Names.Strings())
	}
	lost := 0
	for _, l := range d.Dropped {
		if l.Kind == LostName {
			lost++
		}
	}
	if lost != 2 {
		t.Errorf("lost %v, expected both names", d.Dropped)
	}
}
