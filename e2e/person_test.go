package e2e_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"ca-exchange/internal/pki"
	"ca-exchange/internal/refusal"
	"ca-exchange/internal/request"
	"ca-exchange/internal/request/requesttest"
)

// TestNothingIsSignedUnseen: while a person looks, another process changes the policy, the enrolment or the record;
// what was shown is signed, or it is shown again.
func TestNothingIsSignedUnseen(t *testing.T) {
	t.Parallel()
	long(t)
	bin := build(t)
	t.Run("nothing changes", func(t *testing.T) {
		x, person := askedToApprove(t, bin)
		person.enter("y")
		person.exits(0)
		x.expect("a", "crt", "")
	})
	t.Run("no is no", func(t *testing.T) {
		x, person := askedToApprove(t, bin)
		person.enter("")
		person.exits(3)
		x.expect("a", "held", refusal.SignatureAbsent)
	})
	t.Run("policy", func(t *testing.T) {
		x, person := askedToApprove(t, bin)
		person.await("365 days", 1)
		x.editPolicy("days: 365\n  maxDays: 365", "days: 30\n  maxDays: 30")
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
		x, person := askedToApprove(t, bin)
		x.ca(0, "deny", x.id("a"), "--reason", "no")
		person.enter("y")
		person.await("something changed since this was shown", 1)
		person.await("a person denied this request", 1)
		person.exits(4)
		x.expect("a", "denied", refusal.DeniedByPerson)
	})
	t.Run("approved by somebody else", func(t *testing.T) {
		x, person := askedToApprove(t, bin)
		x.ca(0, "approve", x.id("a"), "--yes")
		person.enter("y")
		person.exits(1)
		if text := x.ca(0, "list", "-o", "json"); strings.Count(text, `"serial"`) != 1 {
			t.Errorf("two certificates for one request:\n%s", text)
		}
	})
	t.Run("enrolment", func(t *testing.T) { approvedUnenrolled(t, newExchange(t, bin)) })
}

// askedToApprove is a person before the question whether to sign for the held request a.
func askedToApprove(t *testing.T, bin string) (*exchange, *terminal) {
	t.Helper()
	x := newExchange(t, bin)
	x.dropHeld("a")
	person := x.terminal("ca-admin", "approve", "a")
	person.await("sign this certificate? [y/N]", 1)
	return x, person
}

func (x *exchange) editPolicy(old, new string) {
	x.Helper()
	file := filepath.Join(x.dir, "ca", "policy.yaml")
	text, err := os.ReadFile(file)
	must(x.T, err)
	must(x.T, os.WriteFile(file, bytes.Replace(text, []byte(old), []byte(new), 1), 0o600))
}

// approvedUnenrolled: the requester is unenrolled while a person looks at its request.
func approvedUnenrolled(t *testing.T, x *exchange) {
	t.Helper()
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
}

// TestReview goes through all that waits with one key each.
func TestReview(t *testing.T) {
	t.Parallel()
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
	person.exits(3) // two are left
	kinds := map[string]int{}
	for _, name := range []string{"a", "b", "c", "d"} {
		kinds[x.answered(name)]++
	}
	if kinds["held"] != 2 || kinds["crt"] != 1 || kinds["denied"] != 1 {
		t.Errorf("answers %v", kinds)
	}
}

// reviewOfTwo is a person whom review shows the first of two requests.
func reviewOfTwo(t *testing.T) (*exchange, *terminal) {
	t.Helper()
	x := newExchange(t, build(t))
	x.dropHeld("a")
	x.dropHeld("b")
	person := x.terminal("ca-admin", "review")
	person.await("[q]uit", 1)
	return x, person
}

// oneOfTwo wants that one of both was approved, and published.
func (x *exchange) oneOfTwo() {
	x.Helper()
	if kinds := x.answered("a") + x.answered("b"); kinds != "crtheld" && kinds != "heldcrt" {
		x.Errorf("answers %s", kinds)
	}
}

// TestReviewInterrupted: what was decided before Ctrl-C is published, and said.
func TestReviewInterrupted(t *testing.T) {
	x, person := reviewOfTwo(t)
	person.enter("a")
	person.await("[q]uit", 2)
	person.enter("\x03")
	person.await("1 approved, 0 denied, 1 left", 1)
	person.exits(3)
	x.oneOfTwo()
}

// TestReviewTypedAhead: a line that was typed before a request is shown decides nothing about it.
func TestReviewTypedAhead(t *testing.T) {
	t.Parallel()
	x, person := reviewOfTwo(t)
	person.enter("a\na\na")
	person.await("[q]uit", 2)
	person.enter("q")
	person.await("1 approved, 0 denied, 1 left", 1)
	person.exits(3)
	x.oneOfTwo()
}

// TestReviewHungUp: a terminal that is closed in the middle of a review loses nothing that was decided.
func TestReviewHungUp(t *testing.T) {
	t.Parallel()
	x, person := reviewOfTwo(t)
	person.enter("a")
	person.await("[q]uit", 2)
	must(t, person.command.Process.Signal(syscall.SIGHUP)) // as the kernel does
	person.command.Wait()
	x.oneOfTwo()
}

// TestReviewGuarded: one key never makes an administrator; the profile's name is typed.
func TestReviewGuarded(t *testing.T) {
	x := newExchange(t, build(t))
	key, err := pki.ECDSAP256.Generate()
	must(t, err)
	csr, err := request.Create(key, "kubernetes-super-admin", []string{"system:masters"}, pki.Names{})
	must(t, err)
	x.drop("root.csr", request.Encode(nil, csr))
	x.ca(0, "sync")
	person := x.terminal("ca-admin", "review")
	person.await("[q]uit", 1)
	person.enter("a")
	person.await("administrator of the whole cluster:", 1)
	person.enter("y")
	person.await("[q]uit", 2)
	x.expect("root", "held", refusal.SignatureAbsent)
	person.enter("a")
	person.await("administrator of the whole cluster:", 2)
	person.enter("super-admin")
	person.await("1 approved, 0 denied, 0 left", 1)
	person.exits(0)
	x.expect("root", "crt", "")
}

// TestDecidedByID: without a terminal nothing is decided by name, on one never by a name that two requests had, and
// what looks like an ID is never a name.
func TestDecidedByID(t *testing.T) {
	x := newExchange(t, build(t))
	x.dropHeld("server")
	id := x.id("server")
	x.ca(2, "approve", "server", "--yes")
	x.ca(2, "approve", id[:12], "--yes")
	must(t, os.Remove(x.path("outbox", "server.held.json")))
	must(t, os.Mkdir(x.path("inbox", "team"), 0o755))
	x.dropHeld("team/server")
	person := x.terminal("ca-admin", "approve", "server")
	person.await("more than one request has had this name", 1)
	person.exits(5)
	x.dropHeld(id[:16])
	x.ca(0, "approve", id[:16], "--yes")
	x.expect(id[:16], "held", refusal.SignatureAbsent)
	x.expect("server", "crt", "")
}

// TestReopened: a person's denial stands until a person who saw it reopens it.
func TestReopened(t *testing.T) {
	x := newExchange(t, build(t))
	x.dropHeld("a")
	id := x.id("a")
	x.ca(0, "deny", id, "--reason", "not on this network")
	out := x.ca(4, "approve", id, "--yes")
	if !strings.Contains(out, `: "not on this network"`) || !strings.Contains(out, "--reopen") {
		t.Errorf("approve says %s", out)
	}
	x.expect("a", "denied", refusal.DeniedByPerson)
	x.ca(0, "approve", id, "--yes", "--reopen")
	x.expect("a", "crt", "")
}
