package e2e_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ca-exchange/internal/pki"
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

// TestIDIsNeverAName: a neighbour takes a request away and drops his own under a name that looks like its id. Who approves
// the id that was read to him approves nothing.
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
