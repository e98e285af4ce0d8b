package policy

import (
	"strings"
	"testing"
)

// TestInForce: what is printed as the policy in force is read as the same policy, every default written out.
func TestInForce(t *testing.T) {
	text := `apiVersion: ca-exchange/v1
kind: Policy
cluster:
  nodes:
    cp1: ["192.0.2.11"]
profiles:
  server:
    days: 90
    dns: ["*.internal.example"]
`
	config, err := Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	p := &Policy{config: config}
	printed, err := p.InForce("1.37").EncodeYAML()
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		`kubernetes: "1.37"`, "dnsDomain: cluster.local", "- 10.96.0.0/12", "days: 365", "backdate: 5m0s", "perDay: 20",
		"days: 90", "maxDays: 365", "- 192.0.2.11",
	} {
		if !strings.Contains(string(printed), line) {
			t.Errorf("%q is missing in\n%s", line, printed)
		}
	}
	again, err := Parse(printed)
	if err != nil {
		t.Fatalf("%v in\n%s", err, printed)
	}
	twice, err := (&Policy{config: again}).InForce("1.37").EncodeYAML()
	if err != nil || string(twice) != string(printed) {
		t.Errorf("%v: read again it is\n%s\nnot\n%s", err, twice, printed)
	}
	asJSON, err := again.EncodeJSON()
	if err != nil || !strings.Contains(string(asJSON), `"backdate": "5m0s"`) {
		t.Errorf("%s, %v", asJSON, err)
	}
}
