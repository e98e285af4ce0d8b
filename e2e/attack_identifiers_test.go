package e2e_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"ca-exchange/internal/pki"
	"ca-exchange/internal/request/requesttest"
)

// TestPreimageSettlesNothing: an entry that holds exactly the bytes whose hash is somebody's request id settles that
// request in no state: held, issued, or not come yet.
func TestPreimageSettlesNothing(t *testing.T) {
	t.Parallel()
	x := newExchange(t, build(t))
	signer := x.requester("good", "--profile", "server", "--dns", "*.example")

	held := wishFor("server", "good", "held", "held.example").plain(t)
	x.drop("held.csr", held)
	x.ca(0, "sync", "-q")
	x.drop("evil1.csr", preimage(t, held))
	x.ca(0, "sync", "-q", "--settle", "0s")
	if got := x.state(idOf(t, held)); got != "Held" {
		t.Errorf("a held request became %s", got)
	}

	issued := wishFor("server", "good", "issued", "issued.example").signed(x, signer)
	x.drop("issued.csr", issued)
	x.ca(0, "sync", "-q")
	x.drop("evil2.csr", preimage(t, issued))
	x.ca(0, "sync", "-q", "--settle", "0s")
	if got := x.state(idOf(t, issued)); got != "Issued" {
		t.Errorf("an issued request became %s", got)
	}

	coming := wishFor("server", "good", "coming", "coming.example").signed(x, signer)
	x.drop("evil3.csr", preimage(t, coming))
	x.ca(0, "sync", "-q", "--settle", "0s")
	x.drop("coming.csr", coming)
	x.ca(0, "sync", "-q")
	x.expect("coming", "crt", "")
	for _, name := range []string{"evil1", "evil2", "evil3"} {
		x.expect(name, "denied", "entry-encoding")
	}
}

// TestIDIsNeverAName: a neighbour takes a request away and drops his own under a name that looks like its id. Who
// approves the id that was read to him approves nothing.
func TestIDIsNeverAName(t *testing.T) {
	t.Parallel()
	x := newExchange(t, build(t))
	id, err := pki.ParseID(idOf(t, wishFor("", "", "victim", "victim.example").plain(t)))
	must(t, err)
	whole := id.String()
	grouped := strings.Join([]string{whole[:4], whole[4:8], whole[8:12], whole[12:16]}, "-")
	for _, name := range []string{grouped, whole[:16], whole[:32], whole} {
		x.drop(name+".csr", wishFor("", "", "evil", "evil.example").plain(t))
		x.ca(0, "sync", "-q")
		for _, args := range [][]string{{"approve", name, "--yes"}, {"show", name}, {"deny", name, "--reason", "x"}} {
			if out := x.ca(1, args...); !strings.Contains(out, "no such request") {
				t.Errorf("%q: %s", args, out)
			}
		}
	}
	x.noneIssued("approved by an id that nobody's request has")
}

// TestFileIsShownBeforeAName: a neighbour's entry called server.crt.csr does not stand for the file server.crt.
func TestFileIsShownBeforeAName(t *testing.T) {
	t.Parallel()
	x := newExchange(t, build(t))
	authority, err := os.ReadFile(x.path("outbox", "ca.crt"))
	must(t, err)
	must(t, os.WriteFile(filepath.Join(x.dir, "server.crt"), authority, 0o644))
	x.drop("server.crt.csr", wishFor("", "", "evil", "evil.example").plain(t))
	x.ca(0, "sync", "-q")
	if out := x.ca(0, "show", "server.crt"); !strings.Contains(out, "kubernetes") || strings.Contains(out, "evil") {
		t.Errorf("show server.crt shows %s", out)
	}
}

// TestNameOfTwoIsRefused: somebody takes a notice away and drops another request under its name. The name then stands
// for neither, even on a terminal; and without one it never stands for a request.
func TestNameOfTwoIsRefused(t *testing.T) {
	t.Parallel()
	x := newExchange(t, build(t))
	x.dropHeld("server")
	if out := x.ca(2, "approve", "server", "--yes"); !strings.Contains(out, "hint: ") {
		t.Errorf("a name without a terminal: %s", out)
	}
	must(t, os.Remove(x.path("outbox", "server.held.json")))
	x.drop("server.csr", wishFor("", "", "evil", "evil.example").plain(t))
	x.ca(0, "sync", "-q")
	person := x.terminal("ca-admin", "approve", "server")
	if !person.endsUnasked() {
		t.Errorf("a name that two requests had is offered for signing:\n%s", person.text())
	}
	x.noneIssued("approved by a name that two requests had")
}

// TestEnrollFromAnothersCover: a request whose cover names somebody else does not enroll its key under the name that
// was asked for, and the right name is said.
func TestEnrollFromAnothersCover(t *testing.T) {
	t.Parallel()
	x := newExchange(t, build(t))
	signer := requesttest.SecurityKey(t)
	entry := wishFor("server", "evil", "a.example", "a.example").signed(x, signer)
	x.drop("a.csr", entry)
	x.ca(0, "sync", "-q")
	fingerprint := ssh.FingerprintSHA256(signer.PublicKey())
	command := x.command("ca-admin", "enroll", "cp1-admin", "--from", idOf(t, entry), "--fingerprint", fingerprint,
		"--profile", "server", "--dns", "*.example")
	out, err := command.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "evil") {
		t.Errorf("enrolled from a cover that names another: %v\n%s", err, out)
	}
	if list := x.ca(0, "requesters"); strings.Contains(list, "cp1-admin") {
		t.Errorf("enrolled all the same:\n%s", list)
	}
}

// TestExchangeIDMetTwice: a stick that bears the main exchange's id is not paid what the main exchange is owed.
func TestExchangeIDMetTwice(t *testing.T) {
	t.Parallel()
	x := newExchange(t, build(t))
	x.dropHeld("server")
	x.ca(0, "exchange", "stick")
	marker, err := os.ReadFile(x.path("exchange.json"))
	must(t, err)
	stick := func(name string) string { return filepath.Join(x.dir, "stick", name) }
	for _, file := range []string{"exchange.json", "inbox/exchange.json", "outbox/exchange.json"} {
		if _, err := os.Stat(stick(file)); err == nil {
			must(t, os.WriteFile(stick(file), marker, 0o644))
		}
	}
	id := x.heldIDs()[0]
	away := filepath.Join(x.dir, "away")
	must(t, os.Rename(x.path(), away)) // nothing can be published there while it is approved
	out, _ := x.command("ca-admin", "approve", id, "--yes", "--exchange", "stick").CombinedOutput()
	more, _ := x.command("ca-admin", "sync", "--exchange", "stick").CombinedOutput()
	must(t, os.Rename(away, x.path()))
	if _, err := os.Stat(stick("outbox/server.crt")); err == nil {
		t.Error("the stick was paid what the main exchange is owed")
	}
	x.anyStatus("approve", id, "--yes")
	x.anyStatus("sync", "-q")
	if x.answered("server") != "crt" {
		t.Errorf("the main exchange has no answer; the stick got\n%s", fmt.Sprintf("%s%s", out, more))
	}
}
