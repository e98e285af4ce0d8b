package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
)

// Snapshot writes the ledger as it is at one moment into a file that is there and empty, durably, and gives the last
// event in it. Other processes may write to the ledger meanwhile: what they commit from now on is not in the file.
func (l *Ledger) Snapshot(ctx context.Context, path string) (head Event, err error) {
	// The file must be there: it keeps its mode, where one that SQLite makes is open to all.
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return head, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if _, err := l.writer.ExecContext(ctx, "VACUUM INTO ?", path); err != nil {
		return head, fmt.Errorf("copying ledger %q: %w", l.path, err)
	}
	if err := f.Sync(); err != nil {
		return head, err
	}
	return headOf(ctx, path)
}

// headOf reads the last event of a ledger that nobody else has open, and leaves no file beside it: Open would begin a
// write-ahead log there.
func headOf(ctx context.Context, path string) (head Event, err error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return head, err
	}
	from := url.URL{Scheme: "file", Path: absolute, RawQuery: "mode=ro&immutable=1"}
	db, err := sql.Open("sqlite", from.String())
	if err != nil {
		return head, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return (&Ledger{reader: db}).Head(ctx)
}
