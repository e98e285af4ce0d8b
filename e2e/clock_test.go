package e2e_test

import (
	"database/sql"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestClockBehind: a clock behind the last record stops signing, says so with a hint, and goes on once a person
// accepts it.
func TestClockBehind(t *testing.T) {
	t.Parallel()
	x := newExchange(t, build(t))
	db, err := sql.Open("sqlite", filepath.Join(x.dir, "ca", "ledger.db"))
	must(t, err)
	_, err = db.Exec("UPDATE events SET time = ?1; UPDATE counters SET newest = ?1", time.Now().Add(time.Hour).Unix())
	must(t, errors.Join(err, db.Close()))
	if out := x.ca(1, "sync"); !strings.Contains(out, "error: the clock is behind the ledger") ||
		!strings.Contains(out, "hint: set the clock; if it is right now: ca-admin clock --accept") {
		t.Errorf("%s", out)
	}
	x.ca(0, "clock")
	x.ca(0, "clock", "--accept")
	x.ca(0, "sync")
	x.ca(5, "verify") // the edit itself does not go unnoticed
}
