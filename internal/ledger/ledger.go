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

// ErrConflict means that another process changed a request after it was read: look it up again and decide again.
var ErrConflict = errors.New("the ledger changed meanwhile")

// Ledger is an open ledger. It is safe for concurrent use, also by several processes on one host.
type Ledger struct {
	path   string
	writer *sql.DB // one connection: transactions queue here and not in SQLite
	reader *sql.DB
	insert statements
}

// Create makes a new ledger, mode 0600. A file that exists at path is an error (fs.ErrExist).
func Create(path string, now time.Time) (*Ledger, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := f.Close(); err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite", source(path, forWriting))
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
	if l.writer, err = sql.Open("sqlite", source(l.path, forWriting)); err != nil {
		return err
	}
	l.writer.SetMaxOpenConns(1)
	if l.reader, err = sql.Open("sqlite", source(l.path, forReading)); err != nil {
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

// Pragmas of the two kinds of connections.
const (
	forReading = "query_only(1)"
	forWriting = "cache_size(-8000)" // KiB: enough to write each page of a batch once
)

// source is the data source of one connection. FULL makes a commit durable before it returns, WAL lets readers go on
// meanwhile, an immediate transaction waits for other processes at its start instead of failing at its end.
func source(path string, pragmas ...string) string {
	absolute, err := filepath.Abs(path)
	if err != nil {
		absolute = path
	}
	q := url.Values{"_txlock": {"immediate"}, "_pragma": {
		"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)", "wal_autocheckpoint(4000)",
	}}
	q["_pragma"] = append(q["_pragma"], pragmas...)
	return (&url.URL{Scheme: "file", Path: absolute, RawQuery: q.Encode()}).String()
}

// Close closes all connections.
func (l *Ledger) Close() error {
	var errs []error
	for _, db := range []*sql.DB{l.reader, l.writer} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	return errors.Join(errs...)
}

// Reopen discards what a failed commit left in memory and reads the ledger from disk again. The caller must look up
// again everything that it meant to write.
func (l *Ledger) Reopen() error {
	l.Close() // its error is the one that the caller recovers from
	if err := l.open(); err != nil {
		return err
	}
	_, err := l.writer.Exec("PRAGMA wal_checkpoint(TRUNCATE)")
	return err
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
