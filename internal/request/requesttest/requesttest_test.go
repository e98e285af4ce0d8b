package requesttest_test

import (
	"bytes"
	"regexp"
	"slices"
	"testing"

	"ca-exchange/internal/refusal"
	"ca-exchange/internal/request"
	"ca-exchange/internal/request/requesttest"
)

func TestHostile(t *testing.T) {
	cases := requesttest.Hostile(t)
	if len(cases) < 180 {
		t.Errorf("only %d cases", len(cases))
	}
	fit := regexp.MustCompile(`^[a-z0-9-]{1,80}$`)
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			before := bytes.Clone(c.Entry)
			blocked := request.Blocklist{c.Blocked: {}}
			r, refusals := request.Parse(c.Entry, blocked)
			if !slices.ContainsFunc(refusals, func(r refusal.Refusal) bool { return r.Code == c.Code }) {
				t.Errorf("%s is not among %v", c.Code, refusals)
			}
			if worst := refusal.Worst(refusals); worst != c.Outcome {
				t.Errorf("outcome %s, not %s: %v", worst, c.Outcome, refusals)
			}
			if (r == nil) != (c.Outcome == refusal.Deny) {
				t.Errorf("request is nil: %t, with outcome %s", r == nil, c.Outcome)
			}
			if !fit.MatchString(c.Name) || !bytes.Equal(before, c.Entry) {
				t.Error("a bad name, or the entry was changed")
			}
		})
	}
}

func TestGood(t *testing.T) {
	cases := requesttest.Good(t)
	if len(cases) < 25 {
		t.Errorf("only %d cases", len(cases))
	}
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			if r, refusals := request.Parse(c.Entry, nil); r == nil || len(refusals) > 0 {
				t.Errorf("refused: %v", refusals)
			}
		})
	}
}
