package ca

import (
	"errors"
	"strings"
	"testing"
)

// TestReplacePolicy: what was looked at is what is replaced, by a text that the CA can work by.
func TestReplacePolicy(t *testing.T) {
	c := headFixture(t)
	was, err := c.PolicyText()
	if err != nil {
		t.Fatal(err)
	}
	next := []byte(strings.Replace(string(was), "days: 365", "days: 30", 1))
	bad := append(append([]byte{}, was...), "unsigned: {profiles: [nothing]}\n"...)
	if err := c.ReplacePolicy(t.Context(), was, bad); err == nil ||
		!strings.Contains(err.Error(), `no profile "nothing"`) {
		t.Errorf("a policy with an unknown profile: %v", err)
	}
	if err := c.ReplacePolicy(t.Context(), next, next); !errors.Is(err, ErrPolicyChanged) {
		t.Errorf("in place of another text: %v, want %v", err, ErrPolicyChanged)
	}
	if now, err := c.PolicyText(); err != nil || string(now) != string(was) {
		t.Errorf("%v, policy.yaml was changed all the same", err)
	}
	if err := c.ReplacePolicy(t.Context(), was, next); err != nil {
		t.Fatal(err)
	}
	if now, err := c.PolicyText(); err != nil || string(now) != string(next) {
		t.Errorf("%v, policy.yaml was not changed", err)
	}
}
