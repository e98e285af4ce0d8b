package policy

import (
	"slices"
	"testing"
	"time"

	"ca-exchange/internal/pki"
	"ca-exchange/internal/refusal"
	"ca-exchange/internal/request"
)

// A request that Parse did not make is denied, whatever it says.
func TestForgedRequestIsDenied(t *testing.T) {
	p := new(Policy)
	key, err := pki.ECDSAP256.Generate()
	if err != nil {
		t.Fatal(err)
	}
	csr := &request.CSR{Key: key.Public(), KeyType: pki.ECDSAP256, Subject: pki.Subject{{Type: "CN", Value: "admin"}}}
	for name, r := range map[string]*request.Request{"a literal": {CSR: csr}, "none": nil} {
		d := p.Decide(Input{Request: r, Now: time.Now()})
		want := []refusal.Refusal{refusal.New(refusal.EntryNoRequest, "entry", "",
			"a request that was read from an entry")}
		if _, ok := d.Plan(); ok || d.Outcome != refusal.Deny || !slices.Equal(d.Refusals, want) {
			t.Errorf("%s: %+v", name, d)
		}
	}
}
