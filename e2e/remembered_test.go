package e2e_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ca-exchange/internal/refusal"
)

// TestExchangesRemembered: after init no command needs --exchange, also when it was made elsewhere; a second exchange
// is served beside the first, one that is away is said, one that is forgotten is no longer served.
func TestExchangesRemembered(t *testing.T) {
	x := newExchange(t, build(t))
	stick := filepath.Join(x.dir, "a stick")
	x.ca(0, "exchange", stick)
	request, err := os.ReadFile(x.dropWaiting("a"))
	must(t, err)
	must(t, os.WriteFile(filepath.Join(stick, "inbox", "b.csr"), request, 0o644))
	if out := x.ca(0, "sync"); strings.Count(out, "held 1")+strings.Count(out, "answered again 1") != 2 {
		t.Errorf("sync over two exchanges says\n%s", out)
	}
	x.expect("a", "held", refusal.SignatureAbsent)
	x.ca(0, "approve", x.id("a"), "--yes") // published on both
	for _, file := range []string{x.path("outbox", "a.crt"), filepath.Join(stick, "outbox", "b.crt")} {
		if _, err := os.Stat(file); err != nil {
			t.Error(err)
		}
	}
	must(t, os.Rename(stick, stick+".away"))
	if out := x.ca(0, "sync"); !strings.Contains(out, "a stick is not here now") {
		t.Errorf("sync without the stick says\n%s", out)
	}
	x.ca(0, "exchange", stick, "--forget")
	if out := x.ca(0, "exchange", "-o", "json"); strings.Contains(out, "a stick") ||
		strings.Count(out, `"inbox"`) != 1 {
		t.Errorf("after it was forgotten: %s", out)
	}
}

// TestExchangeMoved: an exchange's id met at a second path collects nothing that is owed to the first, until a person
// says that it is the same medium.
func TestExchangeMoved(t *testing.T) {
	x := newExchange(t, build(t))
	x.dropHeld("a")
	id := x.id("a")
	copied := filepath.Join(x.dir, "copy")
	x.run(0, "cp", "-r", x.path(), copied)
	x.ca(0, "approve", id, "--yes", "--exchange", copied)
	if _, err := os.Stat(filepath.Join(copied, "outbox", "a.crt")); err == nil {
		t.Error("what was asked on the exchange was paid to its copy")
	}
	if out := x.ca(0, "sync", "--exchange", copied); !strings.Contains(out, "known from another path") {
		t.Errorf("sync of a copy says\n%s", out)
	}
	x.expect("a", "held", refusal.SignatureAbsent)
	x.ca(0, "exchange", copied, "--moved")
	x.ca(0, "sync", "--exchange", copied)
	if _, err := os.Stat(filepath.Join(copied, "outbox", "a.crt")); err != nil {
		t.Error(err)
	}
}
