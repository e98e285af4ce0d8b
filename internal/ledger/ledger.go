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
	"sync"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite"
)

// schemaVersion is SQLite's user_version of a ledger that this program writes.
const schemaVersion = 2

var (
	//go:embed schema.sql
	schema string
	//go:embed views.sql
	views string
)

// Errors that a caller tells apart.
var (
	// ErrConflict means that another process changed a request after it was read: look it up again and decide again.
	ErrConflict = errors.New("the ledger changed meanwhile")
	// ErrOldSchema means that the file is a ledger of version 1: Migrate makes it one that Open reads.
	ErrOldSchema = errors.New("ledger version 1")
)

// Ledger is an open ledger. It is safe for concurrent use, also by several processes on one host.
type Ledger struct {
	path   string
	reader *sql.DB
	writer *sql.DB // for one connection: write
	turn   sync.Mutex
	write  *connection // transactions take turns on it, in the process and not in SQLite
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
	version := fmt.Sprintf("PRAGMA user_version = %d;", schemaVersion)
	_, err = db.Exec("BEGIN;" + schema + views + emptyCounters + version + "COMMIT;")
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

// Open opens a ledger that Create or Migrate made. ErrOldSchema: it is one of version 1.
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
			err = errors.Join(err, l.close())
		}
	}()
	if l.reader, err = sql.Open("sqlite", source(l.path, forReading)); err != nil {
		return err
	}
	l.reader.SetMaxOpenConns(4)
	if err := checkVersion(l.reader); err != nil {
		return err
	}
	if l.writer, err = sql.Open("sqlite", source(l.path, forWriting)); err != nil {
		return err
	}
	if l.write, err = connect(l.writer); err != nil {
		return err
	}
	// What a statement changes is kept for its rollback: in a large ledger a page for each row and index. This
	// connection alone keeps it in memory: a VACUUM of another one would take the whole ledger there.
	_, err = l.write.conn.ExecContext(context.Background(), "PRAGMA temp_store = MEMORY")
	return err
}

func checkVersion(db *sql.DB) error {
	var version int
	if err := db.QueryRow("PRAGMA user_version").Scan(&version); err != nil {
		return err
	}
	switch version {
	case schemaVersion:
		return nil
	case 1:
		return ErrOldSchema
	}
	return fmt.Errorf("its schema has version %d, this program reads version %d", version, schemaVersion)
}

// Pragmas of the two kinds of connections.
const (
	forReading = "query_only(1)"
	forWriting = "cache_size(-8000)" // KiB: enough to write each page of a batch once
)

// source is the data source of one connection. FULL makes a commit durable before it returns, WAL lets readers go on
// meanwhile.
func source(path string, pragmas ...string) string {
	absolute, err := filepath.Abs(path)
	if err != nil {
		absolute = path
	}
	q := url.Values{"_pragma": {
		"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)", "wal_autocheckpoint(4000)",
	}}
	q["_pragma"] = append(q["_pragma"], pragmas...)
	return (&url.URL{Scheme: "file", Path: absolute, RawQuery: q.Encode()}).String()
}

// Close closes all connections, after a transaction that is under way.
func (l *Ledger) Close() error {
	l.turn.Lock()
	defer l.turn.Unlock()
	return l.close()
}

func (l *Ledger) close() error {
	var errs []error
	if l.write != nil {
		errs = append(errs, l.write.close())
		l.write = nil
	}
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
	l.turn.Lock()
	defer l.turn.Unlock()
	l.close() // its error is the one that the caller recovers from
	if err := l.open(); err != nil {
		return err
	}
	_, err := l.writer.Exec("PRAGMA wal_checkpoint(TRUNCATE)")
	return err
}
