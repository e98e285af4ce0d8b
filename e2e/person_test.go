package e2e_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ca-exchange/internal/refusal"
	"ca-exchange/internal/request"
	"ca-exchange/internal/request/requesttest"
)

// TestNothingIsSignedUnseen: while a person looks, another process changes the policy, the enrolment or the record; what
// was shown is signed, or it is shown again.
func TestNothingIsSignedUnseen(t *testing.T) {
	bin := build(t)
	policy := func(x *exchange, old, new string) {
		file := filepath.Join(x.dir, "ca", "policy.yaml")
		text, err := os.ReadFile(file)
		must(t, err)
		must(t, os.WriteFile(file, bytes.Replace(text, []byte(old), []byte(new), 1), 0o600))
	}
	t.Run("nothing changes", func(t *testing.T) {
		x := newExchange(t, bin)
		x.dropHeld("a")
		person := x.terminal("ca-admin", "approve", "a")
		person.await("sign this certificate? [y/N]", 1)
		person.enter("y")
		person.exits(0)
		x.expect("a", "crt", "")
	})
	t.Run("no is no", func(t *testing.T) {
		x := newExchange(t, bin)
		x.dropHeld("a")
		person := x.terminal("ca-admin", "approve", "a")
		person.await("[y/N]", 1)
		person.enter("")
		person.exits(3)
		x.expect("a", "held", refusal.SignatureAbsent)
	})
	t.Run("policy", func(t *testing.T) {
		x := newExchange(t, bin)
		x.dropHeld("a")
		person := x.terminal("ca-admin", "approve", "a")
		person.await("365 days", 1)
		person.await("[y/N]", 1)
		policy(x, "days: 365\n  maxDays: 365", "days: 30\n  maxDays: 30")
		person.enter("y")
		person.await("something changed since this was shown", 1)
		person.await("30 days", 1)
		person.await("[y/N]", 2)
		x.expect("a", "held", refusal.SignatureAbsent)
		person.enter("y")
		person.exits(0)
		x.expect("a", "crt", "")
	})
	t.Run("record", func(t *testing.T) {
		x := newExchange(t, bin)
		x.dropHeld("a")
		person := x.terminal("ca-admin", "approve", "a")
		person.await("[y/N]", 1)
		x.ca(0, "deny", "a", "--reason", "no")
		person.enter("y")
		person.await("something changed since this was shown", 1)
		person.await("[y/N]", 2)
		x.expect("a", "denied", refusal.DeniedByPerson)
		person.enter("n")
		person.exits(3)
	})
	t.Run("approved by somebody else", func(t *testing.T) {
		x := newExchange(t, bin)
		x.dropHeld("a")
		person := x.terminal("ca-admin", "approve", "a")
		person.await("[y/N]", 1)
		x.ca(0, "approve", "a", "--yes")
		person.enter("y")
		person.exits(1)
		if text := x.ca(0, "list", "-o", "json"); strings.Count(text, `"serial"`) != 1 {
			t.Errorf("two certificates for one request:\n%s", text)
		}
	})
	t.Run("enrolment", func(t *testing.T) {
		x := newExchange(t, bin)
		signer := requesttest.SecurityKey(t)
		x.enroll("me", signer.PublicKey())
		signed, err := request.Sign(x.covered("me", "a.elsewhere", nil), signer)
		must(t, err)
		x.drop("a.csr", signed)
		x.ca(0, "sync", "-q")
		person := x.terminal("ca-admin", "approve", "a")
		person.await(`"me", enrolled since`, 1)
		person.await("[y/N]", 1)
		x.ca(0, "unenroll", "me")
		person.enter("y")
		person.await("something changed since this was shown", 1)
		person.await("an unknown key", 1)
		person.enter("n")
		person.exits(3)
	})
}

// TestReview goes through all that waits with one key each.
func TestReview(t *testing.T) {
	x := newExchange(t, build(t))
	for _, name := range []string{"a", "b", "c", "d"} {
		x.dropHeld(name)
	}
	x.ca(2, "review") // nobody to ask
	person := x.terminal("ca-admin", "review")
	for i, answers := range [][]string{{"a"}, {"d", "not here"}, {"s"}, {"q"}} {
		person.await("[q]uit", i+1)
		person.enter(answers[0])
		if len(answers) > 1 {
			person.await("why?", 1)
			person.enter(answers[1])
		}
	}
	person.exits(0)
	kinds := map[string]int{}
	for _, name := range []string{"a", "b", "c", "d"} {
		kinds[x.answered(name)]++
	}
	if kinds["held"] != 2 || kinds["crt"] != 1 || kinds["denied"] != 1 {
		t.Errorf("answers %v", kinds)
	}
}
