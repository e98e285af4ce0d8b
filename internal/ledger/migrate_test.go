package ledger

import (
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"ca-exchange/internal/pki"
)

// The ledger in testdata/v1.db was made by version 1 of both programs (testdata/v1.sh).

// oldLedger puts the ledger of version 1 into a directory of its own.
func oldLedger(t testing.TB) string {
	t.Helper()
	b, err := os.ReadFile("testdata/v1.db")
	must(t, err)
	path := filepath.Join(t.TempDir(), "ledger.db")
	must(t, os.WriteFile(path, b, 0o600))
	return path
}

// before is what version 1 has to say: the answer of every request, and the head of the chain.
type before struct {
	answers map[pki.ID]string // status and bytes
	seq     int64
	hash    string
}

func readOld(t testing.TB, path string) before {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	must(t, err)
	defer db.Close()
	b := before{answers: map[pki.ID]string{}}
	must(t, db.QueryRow("SELECT seq, hash FROM events ORDER BY seq DESC LIMIT 1").Scan(&b.seq, &b.hash))
	rows, err := db.Query(`SELECT id, status, CASE status WHEN 'Issued' THEN
		(SELECT answer FROM ders JOIN certificates ON num = certificate WHERE serial = r.serial)
		ELSE (SELECT notice FROM bodies WHERE request = r.num) END FROM requests AS r`)
	must(t, err)
	defer rows.Close()
	for rows.Next() {
		var id, status string
		var content []byte
		must(t, rows.Scan(&id, &status, &content))
		parsed, err := pki.ParseID(id)
		must(t, err)
		b.answers[parsed] = status + " " + string(content)
	}
	must(t, rows.Err())
	return b
}

// same compares a migrated ledger with what version 1 said.
func (b before) same(t testing.TB, l *Ledger) {
	t.Helper()
	must(t, l.Verify(t.Context(), b.seq, b.hash))
	known, err := l.Lookup(t.Context(), slices.Collect(maps.Keys(b.answers)))
	must(t, err)
	for id, want := range b.answers {
		content, err := l.Content(t.Context(), known[id])
		if got := string(known[id].Status) + " " + string(content); err != nil || got != want {
			t.Errorf("request %s: %q, %v\nbefore: %q", id.Short(), got, err, want)
		}
	}
	if len(known) != len(b.answers) {
		t.Errorf("%d requests, before %d", len(known), len(b.answers))
	}
}

func noProgress(string, int64, int64) {}

func TestMigrate(t *testing.T) {
	path := oldLedger(t)
	b := readOld(t, path)
	if _, err := Open(path); !errors.Is(err, ErrOldSchema) {
		t.Fatalf("opening a ledger of version 1: %v, not ErrOldSchema", err)
	}
	copied, err := Migrate(path, noon, noProgress)
	must(t, err)
	l, err := Open(path)
	must(t, err)
	defer l.Close()
	b.same(t, l)
	if info, err := os.Stat(copied); err != nil || info.Mode() != 0o600 || copied != path+".v1" {
		t.Errorf("the copy %s: %v, %v", copied, info, err)
	}
	if again := readOld(t, copied); again.hash != b.hash || !maps.Equal(again.answers, b.answers) {
		t.Error("the copy is not what the ledger was")
	}
	if _, err := Migrate(path, noon, noProgress); !errors.Is(err, ErrMigrated) {
		t.Errorf("migrating twice: %v, not ErrMigrated", err)
	}
	var last string
	must(t, l.reader.QueryRow("SELECT kind || ' ' || detail FROM events ORDER BY seq DESC LIMIT 1").Scan(&last))
	f, err := os.Open(copied)
	must(t, err)
	defer f.Close()
	sum, err := digestOf(f)
	must(t, err)
	if want := `Migrated {"copy":"` + sum + `","from":"1"}`; last != want {
		t.Errorf("the last event is %s, want %s", last, want)
	}
}

// TestMigratedRows: kinds are told from what version 1 kept, and every value is what it was.
func TestMigratedRows(t *testing.T) {
	path := oldLedger(t)
	_, err := Migrate(path, noon, noProgress)
	must(t, err)
	l, err := Open(path)
	must(t, err)
	defer l.Close()
	var got []string
	for r, err := range l.requests(t.Context(), "true ORDER BY num") {
		must(t, err)
		name, _, _ := strings.Cut(r.Name, "-")
		signed := strings.HasPrefix(r.SSHFingerprint, "SHA256:")
		got = append(got, fmt.Sprintf("%s %s %s %d %s %t", name, r.Kind, r.Status, r.Version, r.Reason, signed))
	}
	want := []string{
		"outside.test Request Held 1 ScopeName true", "kube Request Issued 1 Issued true",
		"www.example Request Issued 1 Issued true",
		"web Request Issued 2 Issued false", "no Request Denied 2 DeniedByPerson false",
		"link Unread Denied 1 EntryNotRegular false",
		"second Request Issued 3 Issued false", "big Unread Denied 1 EntryTooLarge false",
		"weak Refused Denied 1 KeyUnsupported false",
		"later Request Held 1 SignatureAbsent false", "over Request Issued 4 Issued false",
	}
	if !slices.Equal(got, want) {
		t.Errorf("requests:\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	all, err := collect(l.Certificates(t.Context(), Filter{}))
	if err != nil || len(all) != 6 || all[0].Issuer != "ca" || all[0].Generation != 1 || all[0].Origin != OriginIssued {
		t.Errorf("%d certificates: %+v, %v", len(all), all, err)
	}
	owed, err := collect(l.Owed(t.Context(), "dmqcvhxjloc2cci4kycwf74rrd"))
	if err != nil || len(owed) != 1 || owed[0].Team != "team" || owed[0].Name != "web-again" {
		t.Errorf("owed %+v, %v", owed, err)
	}
}

// TestMigrateKeepsOddAnswers: an answer that is not the PEM of its certificates is published as it was.
func TestMigrateKeepsOddAnswers(t *testing.T) {
	path := oldLedger(t)
	db, err := sql.Open("sqlite", path)
	must(t, err)
	_, err = db.Exec("UPDATE ders SET answer = CAST('# a line' || char(10) AS BLOB) || answer WHERE certificate = 2")
	must(t, errors.Join(err, db.Close()))
	b := readOld(t, path)
	_, err = Migrate(path, noon, noProgress)
	must(t, err)
	l, err := Open(path)
	must(t, err)
	defer l.Close()
	b.same(t, l)
}

// TestMigrateRefuses leaves a ledger alone that it cannot take over whole.
func TestMigrateRefuses(t *testing.T) {
	for edit, want := range map[string]string{
		"UPDATE requests SET status = 'Lost' WHERE num = 1":            "CHECK constraint failed",
		"UPDATE requests SET id = 'odd' WHERE num = 1":                 "constraint failed",
		"DELETE FROM ders WHERE certificate = 1":                       "a PEM is missing",
		"UPDATE answers SET request = 99 WHERE num = 1":                "refers to a row of requests that is missing",
		"UPDATE events SET time = 'yesterday' WHERE seq = 3":           "constraint failed",
		"UPDATE certificates SET not_after = 'tomorrow' WHERE num = 3": "not_after",
		"UPDATE certificates SET request = 77 WHERE num = 3":           "can be read",
		"PRAGMA user_version = 7":                                      "version 7, this program reads version 2",
	} {
		path := oldLedger(t)
		db, err := sql.Open("sqlite", path)
		must(t, err)
		_, err = db.Exec("PRAGMA ignore_check_constraints = 1; " + edit)
		must(t, errors.Join(err, db.Close()))
		if _, err := Migrate(path, noon, noProgress); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", edit, err, want)
		}
		if _, err := Open(path); err == nil {
			t.Errorf("%s: migrated all the same", edit)
		}
	}
}

// TestMigrateKilled kills a migration at each point in turn: afterwards the ledger is of version 1 and migrates, or it
// is of version 2; nothing is lost.
func TestMigrateKilled(t *testing.T) {
	if at := os.Getenv("LEDGER_KILL_AT"); at != "" {
		killAt(os.Getenv("LEDGER_PATH"), at)
		return
	}
	points := 0
	for done := false; !done; points++ {
		path := oldLedger(t)
		b := readOld(t, path)
		command := exec.Command(os.Args[0], "-test.run", "^TestMigrateKilled$")
		command.Env = append(os.Environ(), "LEDGER_PATH="+path, "LEDGER_KILL_AT="+strconv.Itoa(points))
		out, err := command.CombinedOutput()
		var exit *exec.ExitError
		switch {
		case err == nil:
			done = true
		case !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL:
			t.Fatalf("point %d: %v: %s", points, err, out)
		}
		l, err := Open(path)
		if errors.Is(err, ErrOldSchema) {
			if _, err := Migrate(path, noon, noProgress); err != nil {
				t.Fatalf("killed at point %d: %v", points, err)
			}
			l, err = Open(path)
		}
		if err != nil {
			t.Fatalf("killed at point %d: %v", points, err)
		}
		b.same(t, l)
		must(t, l.Close())
		if left, _ := filepath.Glob(path + ".v1*"); len(left) != 1 {
			t.Errorf("killed at point %d: copies %q", points, left)
		}
	}
	if points < 20 {
		t.Errorf("only %d points", points)
	}
}

// killAt migrates, and ends this process at the given report.
func killAt(path, at string) {
	n := 0
	m := migration{path: path, now: noon, rows: 1, progress: func(string, int64, int64) {
		if strconv.Itoa(n) == at {
			syscall.Kill(syscall.Getpid(), syscall.SIGKILL)
			select {} // until the signal arrives
		}
		n++
	}}
	if _, err := m.run(); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}
