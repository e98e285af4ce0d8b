package request_test

import (
	"testing"

	"ca-exchange/internal/pki"
	"ca-exchange/internal/refusal"
	"ca-exchange/internal/request"
)

// TestBlanksAndCapitals: a name that Kubernetes reads an identity from counts only as it is written: with blanks around
// it a person decides. Any other common name loses its blanks; capitals in a DNS name mean the same name.
func TestBlanksAndCapitals(t *testing.T) {
	key, err := pki.ECDSAP256.Generate()
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]refusal.Outcome{
		"web": refusal.Issue, " web ": refusal.Issue, "system:node:w1": refusal.Issue,
		"system:node:w1 ": refusal.Hold, " System:node:w1": refusal.Hold, "kubeadm:x ": refusal.Hold,
	} {
		csr, err := request.Create(key, name, nil, pki.Names{DNS: []string{"WEB.example"}})
		if err != nil {
			t.Fatal(err)
		}
		r, found := request.Parse(request.Encode(nil, csr), nil)
		if r == nil || refusal.Worst(found) != want || r.CSR.Names.DNS[0] != "web.example" {
			t.Errorf("%q: %v, expected %s", name, found, want)
		}
	}
}
