package pkitest_test

import (
	"bytes"
	"regexp"
	"slices"
	"testing"

	"ca-exchange/internal/pki"
	"ca-exchange/internal/pki/pkitest"
)

func TestHostile(t *testing.T) {
	cases := pkitest.Hostile(t)
	if len(cases) < 180 {
		t.Errorf("only %d cases", len(cases))
	}
	fit := regexp.MustCompile(`^[a-z0-9-]{1,80}$`)
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			before := bytes.Clone(c.Entry)
			blocked := pki.Blocklist{c.Blocked: {}}
			r, refusals := pki.ParseRequest(c.Entry, blocked)
			if !slices.ContainsFunc(refusals, func(r pki.Refusal) bool { return r.Code == c.Code }) {
				t.Errorf("%s is not among %v", c.Code, refusals)
			}
			if worst := pki.Worst(refusals); worst != c.Outcome {
				t.Errorf("outcome %s, not %s: %v", worst, c.Outcome, refusals)
			}
			if (r == nil) != (c.Outcome == pki.Deny) {
				t.Errorf("request %v with outcome %s", r, c.Outcome)
			}
			if !fit.MatchString(c.Name) || !bytes.Equal(before, c.Entry) {
				t.Error("a bad name, or the entry was changed")
			}
		})
	}
}

func TestGood(t *testing.T) {
	cases := pkitest.Good(t)
	if len(cases) < 25 {
		t.Errorf("only %d cases", len(cases))
	}
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			if r, refusals := pki.ParseRequest(c.Entry, nil); r == nil || len(refusals) > 0 {
				t.Errorf("refused: %v", refusals)
			}
		})
	}
}
