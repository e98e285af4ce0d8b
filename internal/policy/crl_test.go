package policy

import (
	"strings"
	"testing"
)

// TestCRLDays: what the policy says, else 30 days, or as many as 3.5 visits.
func TestCRLDays(t *testing.T) {
	for text, want := range map[string]int{
		"":                                 30,
		"visit: 7d":                        30,
		"visit: 60d":                       210,
		"visit: 25h\ncrl: {days: 1}":       1,
		"crl: {issuers: [ca], days: 3650}": 3650,
	} {
		config, err := Parse([]byte("apiVersion: ca-exchange/v1\nkind: Policy\n" + text + "\n"))
		if err != nil {
			t.Fatal(err)
		}
		p, err := New(config, profiles(), Requesters{})
		if err != nil {
			t.Fatal(err)
		}
		if got := p.CRLDays(); got != want {
			t.Errorf("%q: %d days, expected %d", text, got, want)
		}
		if inForce := p.InForce("1.37"); inForce.CRL.Days != want {
			t.Errorf("%q: in force are %d days, expected %d", text, inForce.CRL.Days, want)
		}
	}
}

// TestCRLMistakes are reported with their place.
func TestCRLMistakes(t *testing.T) {
	for text, want := range map[string]string{
		"crl: {days: 0}":                "policy.yaml:3:13: days is 0: write a number from 1",
		"crl: {days: 3651}":             "policy.yaml:3:13: days is 3651, not between 1 and 3650",
		"crl: {days: -1}":               "policy.yaml:3:13: days is -1",
		"crl: {day: 3}":                 "policy.yaml:3:7: unknown field \"day\"",
		"crl: {issuers: [ca, no-such]}": "policy.yaml:3:21: no issuer \"no-such\": one of ca",
		"visit: often":                  "policy.yaml:3:8: \"often\" is not a duration (examples: 60d, 720h)",
		"visit: 0d":                     "policy.yaml:3:8: \"0d\" is not a duration",
	} {
		config, err := Parse([]byte("apiVersion: ca-exchange/v1\nkind: Policy\n" + text + "\n"))
		if err == nil {
			_, err = New(config, profiles(), Requesters{})
		}
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %v, expected %s", text, err, want)
		}
	}
}
