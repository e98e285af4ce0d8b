package e2e_test

import (
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// edit changes the ledger behind the program's back.
func (x *exchange) edit(statements string) {
	x.Helper()
	db, err := sql.Open("sqlite", filepath.Join(x.dir, "ca", "ledger.db"))
	must(x.T, err)
	_, err = db.Exec(statements)
	must(x.T, errors.Join(err, db.Close()))
}

// TestClockInEveryCommand: with the newest event in the future every command that writes stops, and none of them
// makes the wrong time the last.
func TestClockInEveryCommand(t *testing.T) {
	t.Parallel()
	x := newExchange(t, build(t))
	x.requester("old", "--profile", "server", "--dns", "*.example")
	x.dropHeld("held")
	id := x.heldIDs()[0]
	x.edit(fmt.Sprintf("UPDATE counters SET newest = %d", time.Now().AddDate(20, 0, 0).Unix()))
	for _, args := range [][]string{
		{"enroll", "new", "--key", x.publicKey("new"), "--profile", "server", "--dns", "*.example"},
		{"unenroll", "old"}, {"deny", id, "--reason", "x"}, {"approve", id, "--yes"}, {"sync"},
		{"import", "--pem", "ca"},
	} {
		if out := x.ca(1, args...); !strings.Contains(out, "clock") {
			t.Errorf("%s: %s", args[0], out)
		}
	}
	x.noneIssued("with a clock behind the record")
}

// TestVerifySeesEdits: an edit of any table is seen, though the chain of events is whole.
func TestVerifySeesEdits(t *testing.T) {
	t.Parallel()
	long(t)
	stage := newExchange(t, build(t))
	signer := stage.requester("good", "--profile", "server", "--dns", "*.example")
	for _, name := range []string{"a", "b"} {
		stage.drop(name+".csr", wishFor("server", "good", name+".example", name+".example").signed(stage, signer))
	}
	stage.ca(0, "sync", "-q")
	stage.dropHeld("h")
	stage.ca(0, "verify")
	for name, statements := range map[string]string{
		"two certificates' bytes swapped": "UPDATE ders SET der = (SELECT der FROM ders d WHERE d.certificate <> " +
			"ders.certificate)",
		"a certificate removed": "DELETE FROM ders WHERE certificate = 1; DELETE FROM certificates " +
			"WHERE num = 1",
		"an end changed":              "UPDATE certificates SET not_after = not_after + 1000000",
		"subject and names changed":   `UPDATE certificates SET subject = 'CN="x"', names = '[]'`,
		"an issued request made held": "UPDATE requests SET status = 'Held' WHERE status = 'Issued'",
		"a held request made denied":  "UPDATE requests SET status = 'Denied' WHERE status = 'Held'",
		"a held request's bytes replaced": "UPDATE bodies SET entry = (SELECT entry FROM bodies WHERE request = 1) " +
			"WHERE request = 3",
		"a requester changed":            "UPDATE requests SET requester = 'somebody'",
		"what an event is about changed": "UPDATE events SET about = 1",
		"the last event removed":         "DELETE FROM events WHERE seq = (SELECT max(seq) FROM events)",
	} {
		t.Run(name, func(t *testing.T) {
			x := &exchange{T: t, dir: filepath.Join(t.TempDir(), "copy"), bin: stage.bin}
			must(t, os.CopyFS(x.dir, os.DirFS(stage.dir)))
			must(t, os.Chmod(filepath.Join(x.dir, "ca"), 0o700))
			x.edit(statements)
			x.ca(5, "verify")
		})
	}
}
