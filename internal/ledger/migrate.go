package ledger

import (
	"context"
	"database/sql"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
)

//go:embed migrate_v1.sql
var fromVersion1 string

// ErrMigrated means that the ledger is of this program's version already.
var ErrMigrated = errors.New("the ledger is of version 2 already")

// Progress reports how far a migration is: done of total rows of a step, total 0 where that is not known.
type Progress func(step string, done, total int64)

// Migrate makes a ledger of version 1 one of version 2, and gives the path of the copy that it made before. The order:
//
//  1. VACUUM INTO a temporary file, mode 0600, fsync, rename to PATH.v1, fsync of the directory: whatever follows, the
//     ledger of version 1 is there, and whole.
//  2. One immediate transaction: new tables beside the old ones, rows copied, old tables dropped, references and
//     integrity checked, user_version 2, the event Migrated with the copy's SHA-256.
//  3. VACUUM, so that the room of the old tables is given back. It may fail without harm: the file stays larger.
//
// Killed anywhere it is a ledger of version 1 or of version 2. Chains are not judged here: what Verify said of the
// ledger before, it says after. No other process may write meanwhile; one that does has to wait, and finds version 2.
func Migrate(path string, now time.Time, progress Progress) (copied string, err error) {
	m := migration{path: path, now: now, progress: progress, rows: 2000}
	return m.run()
}

type migration struct {
	path     string
	now      time.Time
	progress Progress
	rows     int // that are copied between two reports
	conn     *sql.Conn
	version  int64 // SQLite's data_version when the copy was made
}

func (m *migration) run() (copied string, err error) {
	if _, err := os.Stat(m.path); err != nil {
		return "", err
	}
	db, err := sql.Open("sqlite", source(m.path, forWriting))
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	switch err := checkVersion(db); {
	case err == nil:
		return "", ErrMigrated
	case !errors.Is(err, ErrOldSchema):
		return "", fmt.Errorf("migrating ledger %q: %w", m.path, err)
	}
	if m.conn, err = db.Conn(context.Background()); err != nil {
		return "", err
	}
	defer m.conn.Close()
	// References are checked at the end: rows come before those that they refer to, and tables change their names.
	// 64 MB of cache: the check of a million rows looks each of them up in every index.
	if err := m.exec("PRAGMA foreign_keys = 0; PRAGMA legacy_alter_table = 1; PRAGMA cache_size = -64000"); err != nil {
		return "", err
	}
	sum := ""
	if copied, sum, err = m.copy(); err != nil {
		return "", fmt.Errorf("copying ledger %q: %w", m.path, err)
	}
	if err := m.convert(sum); err != nil {
		return copied, fmt.Errorf("migrating ledger %q (it is as it was; a copy is %q): %w", m.path, copied, err)
	}
	m.progress("giving back room", 0, 0)
	// Without it the ledger is migrated and whole, only larger than it need be.
	if m.exec("VACUUM") == nil {
		m.exec("PRAGMA wal_checkpoint(TRUNCATE)")
	}
	return copied, nil
}

// convert is the transaction.
func (m *migration) convert(sum string) (err error) {
	if err := m.exec("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, m.exec("ROLLBACK"))
		}
	}()
	if version, err := m.dataVersion(); err != nil || version != m.version {
		return errors.Join(err, ErrConflict)
	}
	m.progress("new tables", 0, 0)
	prepare, rest, _ := strings.Cut(fromVersion1, "-- new tables\n")
	if err := m.exec(prepare + schema); err != nil {
		return err
	}
	for _, step := range []func() error{m.certificates, func() error { return m.tables(rest) }, m.check} {
		if err := step(); err != nil {
			return err
		}
	}
	if err := m.finish(sum); err != nil {
		return err
	}
	m.progress("committing", 0, 0)
	return m.exec("COMMIT")
}

// tables runs the steps of the script that need no more than SQL. Each begins with a comment that names it.
func (m *migration) tables(script string) error {
	if err := m.keys(); err != nil {
		return err
	}
	for _, part := range strings.Split(script, "-- step: ")[1:] {
		name, statements, _ := strings.Cut(part, "\n")
		m.progress(name, 0, 0)
		if err := m.exec(statements); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// keys prepares the bytes of the few SSH fingerprints that there are: SQLite has no base64.
func (m *migration) keys() error {
	if err := m.exec("CREATE TEMP TABLE keys (text TEXT PRIMARY KEY, bytes BLOB)"); err != nil {
		return err
	}
	rows, err := m.conn.QueryContext(context.Background(), "SELECT DISTINCT ssh_fingerprint FROM v1_requests")
	if err != nil {
		return err
	}
	texts, err := collect(func(yield func(string, error) bool) {
		defer rows.Close()
		for rows.Next() {
			var text string
			if err := rows.Scan(&text); !yield(text, err) {
				return
			}
		}
	})
	if err := errors.Join(err, rows.Err()); err != nil {
		return err
	}
	for _, text := range texts {
		if err := m.exec("INSERT INTO temp.keys VALUES (?, ?)", text, packedSSH(text)); err != nil {
			return err
		}
	}
	return nil
}

// check refuses to commit what is not whole.
func (m *migration) check() error {
	m.progress("checking references", 0, 0)
	rows, err := m.conn.QueryContext(context.Background(), "PRAGMA foreign_key_check")
	if err != nil {
		return err
	}
	defer rows.Close()
	if rows.Next() {
		var table, parent string
		var row, constraint sql.NullInt64
		if err := rows.Scan(&table, &row, &parent, &constraint); err != nil {
			return err
		}
		return fmt.Errorf("row %d of table %s refers to a row of %s that is missing", row.Int64, table, parent)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return err
	}
	m.progress("checking integrity", 0, 0)
	var verdict string
	if err := m.conn.QueryRowContext(context.Background(), "PRAGMA integrity_check(1)").Scan(&verdict); err != nil {
		return err
	}
	if verdict != "ok" {
		return fmt.Errorf("integrity check: %s", verdict)
	}
	return nil
}

// finish adds the event and the version.
func (m *migration) finish(sum string) error {
	m.progress("the event", 0, 0)
	w := &writing{ctx: context.Background(), connection: &connection{m.conn, map[prepared]*sql.Stmt{}}}
	if err := w.begin(); err != nil {
		return err
	}
	event := Event{Time: m.now, Kind: EventMigrated, Detail: map[string]string{"from": "1", "copy": sum}}
	if err := w.append(&event, 0); err != nil {
		return err
	}
	if err := w.end(); err != nil {
		return err
	}
	for _, s := range w.prepared { // an open statement keeps VACUUM from running
		if err := s.Close(); err != nil {
			return err
		}
	}
	return m.exec(views + fmt.Sprintf("PRAGMA user_version = %d", schemaVersion))
}

// exec runs statements in turn; only a single one takes values.
func (m *migration) exec(statements string, values ...any) error {
	_, err := m.conn.ExecContext(context.Background(), statements, values...)
	return err
}
