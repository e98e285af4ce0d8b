package ledger

import (
	"context"
	"database/sql"
	_ "embed"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite"
)

// schemaVersion is SQLite's user_version of a ledger that this program writes.
const schemaVersion = 1

//go:embed schema.sql
var schema string

// ErrConflict says that another process changed a request, or took a name, after it was read: look it up again.
var ErrConflict = errors.New("the ledger changed meanwhile")

// Ledger is an open ledger. It is safe for concurrent use, also by several processes on one host.
type Ledger struct {
	path   string
	writer *sql.DB // one connection: transactions queue here and not in SQLite
	reader *sql.DB
	insert statements
}

// Create makes a new ledger, readable by its owner only, and opens nothing that stood there before.
func Create(path string, now time.Time) (*Ledger, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := f.Close(); err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite", source(path, false))
	if err != nil {
		return nil, err
	}
	_, err = db.Exec("BEGIN;" + schema + fmt.Sprintf("PRAGMA user_version = %d; COMMIT;", schemaVersion))
	if err := errors.Join(err, db.Close()); err != nil {
		return nil, fmt.Errorf("making ledger %q: %w", path, err)
	}
	l, err := Open(path)
	if err != nil {
		return nil, err
	}
	if err := l.Append(context.Background(), Event{Time: now, Kind: EventCreated}); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// Open opens a ledger that Create made.
func Open(path string) (*Ledger, error) {
	// SQLite would make an empty file where there is none, and an empty ledger knows of no certificate.
	if _, err := os.Stat(path); err != nil {
		return nil, err
	}
	l := &Ledger{path: path}
	if err := l.open(); err != nil {
		return nil, fmt.Errorf("opening ledger %q: %w", path, err)
	}
	return l, nil
}

func (l *Ledger) open() (err error) {
	defer func() {
		if err != nil {
			err = errors.Join(err, l.Close())
		}
	}()
	if l.writer, err = sql.Open("sqlite", source(l.path, false)); err != nil {
		return err
	}
	l.writer.SetMaxOpenConns(1)
	if l.reader, err = sql.Open("sqlite", source(l.path, true)); err != nil {
		return err
	}
	l.reader.SetMaxOpenConns(4)
	var version int
	if err := l.reader.QueryRow("PRAGMA user_version").Scan(&version); err != nil {
		return err
	}
	if version != schemaVersion {
		return fmt.Errorf("its schema has version %d, this program knows version %d", version, schemaVersion)
	}
	l.insert, err = prepare(l.writer)
	return err
}

// source is the data source of one connection. FULL makes a commit durable before it returns, WAL lets readers go on
// meanwhile, an immediate transaction waits for other processes at its start instead of failing at its end.
func source(path string, readOnly bool) string {
	absolute, err := filepath.Abs(path)
	if err != nil {
		absolute = path
	}
	q := url.Values{"_txlock": {"immediate"}, "_pragma": {"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)", "wal_autocheckpoint(4000)"}}
	if readOnly {
		q["_pragma"] = append(q["_pragma"], "query_only(1)")
	} else {
		q["_pragma"] = append(q["_pragma"], "cache_size(-8000)") // KiB: a batch's pages are written once
	}
	return (&url.URL{Scheme: "file", Path: absolute, RawQuery: q.Encode()}).String()
}

// Close gives back the connections.
func (l *Ledger) Close() error {
	var errs []error
	for _, db := range []*sql.DB{l.reader, l.writer} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	return errors.Join(errs...)
}

// Reopen starts afresh after an I/O error: what a failed commit left in memory is forgotten, and what the disk holds
// decides. Whoever calls it looks up again what it meant to write.
func (l *Ledger) Reopen() error {
	l.Close() // its error is the one that is being recovered from
	if err := l.open(); err != nil {
		return err
	}
	_, err := l.writer.Exec("PRAGMA wal_checkpoint(TRUNCATE)")
	return err
}

// Setting is a remembered value, "" where there is none.
func (l *Ledger) Setting(ctx context.Context, key string) (string, error) {
	var value string
	err := l.reader.QueryRowContext(ctx, "SELECT value FROM settings WHERE key = ?", key).Scan(&value)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return value, err
}

// Remember sets a value and, where event is not nil, logs why.
func (l *Ledger) Remember(ctx context.Context, key, value string, event *Event) error {
	return l.transaction(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "INSERT INTO settings VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value", key, value); err != nil {
			return err
		}
		if event == nil {
			return nil
		}
		return l.appendIn(ctx, tx, event)
	})
}

func (l *Ledger) transaction(ctx context.Context, do func(*sql.Tx) error) error {
	tx, err := l.writer.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if err := do(tx); err != nil {
		return err
	}
	return tx.Commit()
}
