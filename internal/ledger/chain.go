package ledger

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"iter"
	"strconv"
	"strings"
	"time"
)

// origin is the hash that the first event names as the previous one.
const origin = "0000000000000000000000000000000000000000000000000000000000000000"

// hash is SHA-256 over the event's fields, a LF after each: previous, seq, time, kind, request, serial, detail.
// No field can hold a LF, so no two events hash alike by moving text from one field to another.
func (e Event) hash(detail string) string {
	fields := []string{e.Previous, strconv.FormatInt(e.Seq, 10), stamp(e.Time), e.Kind, e.Request, e.Serial, detail}
	sum := sha256.Sum256([]byte(strings.Join(fields, "\n") + "\n"))
	return hex.EncodeToString(sum[:])
}

// Head is the newest event: its number, hash and time. Written down elsewhere, it anchors all before it.
func (l *Ledger) Head(ctx context.Context) (Event, error) {
	var e Event
	row := l.reader.QueryRowContext(ctx, "SELECT seq, hash, time FROM events ORDER BY seq DESC LIMIT 1")
	return e, row.Scan(&e.Seq, (*hexText)(&e.Hash), (*timeColumn)(&e.Time))
}

// HashAt is the hash of the event with that number, "" where the ledger has none.
func (l *Ledger) HashAt(ctx context.Context, seq int64) (string, error) {
	var hash string
	err := l.reader.QueryRowContext(ctx, "SELECT hash FROM events WHERE seq = ?", seq).Scan((*hexText)(&hash))
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return hash, err
}

// Events lists a request's events, oldest first. request is its id in hex.
func (l *Ledger) Events(ctx context.Context, request string) ([]Event, error) {
	scan := func(rows *sql.Rows) (e Event, err error) {
		e.Request = request
		return e, rows.Scan(&e.Seq, (*timeColumn)(&e.Time), &e.Kind, (*hexText)(&e.Serial), jsonColumn{&e.Detail},
			(*hexText)(&e.Hash))
	}
	query := `SELECT seq, time, kind, serial, detail, hash FROM events
		WHERE about = (SELECT num FROM requests WHERE id = ?) ORDER BY seq`
	return collect(each(ctx, l.reader, scan, query, packed(request)))
}

func collect[T any](rows iter.Seq2[T, error]) (all []T, err error) {
	for row, err := range rows {
		if err != nil {
			return nil, err
		}
		all = append(all, row)
	}
	return all, nil
}

// stamp writes a time as RFC 3339, UTC, whole seconds: the form that the hash covers.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }
