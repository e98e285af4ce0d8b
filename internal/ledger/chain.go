package ledger

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
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
	var when string
	query := "SELECT seq, hash, time FROM events ORDER BY seq DESC LIMIT 1"
	err := l.reader.QueryRowContext(ctx, query).Scan(&e.Seq, &e.Hash, &when)
	if err != nil {
		return Event{}, err
	}
	e.Time, err = time.Parse(time.RFC3339, when)
	return e, err
}

// Verify follows the whole chain; the error names the first event that does not fit. Where anchor is not 0, the event
// with that number must have that hash.
func (l *Ledger) Verify(ctx context.Context, anchor int64, hash string) error {
	query := "SELECT seq, time, kind, request, serial, detail, previous, hash FROM events ORDER BY seq"
	rows, err := l.reader.QueryContext(ctx, query)
	if err != nil {
		return err
	}
	defer rows.Close()
	previous, seq, anchored := origin, int64(0), anchor == 0
	for rows.Next() {
		var e Event
		var when, detail string
		if err := rows.Scan(&e.Seq, &when, &e.Kind, &e.Request, &e.Serial, &detail, &e.Previous, &e.Hash); err != nil {
			return err
		}
		if e.Time, err = time.Parse(time.RFC3339, when); err != nil {
			return fmt.Errorf("event %d: %w", e.Seq, err)
		}
		if seq++; e.Seq != seq || e.Previous != previous || e.Hash != e.hash(detail) {
			return fmt.Errorf("event %d was changed, or an event before it was removed", e.Seq)
		}
		if e.Seq == anchor {
			anchored = e.Hash == hash
		}
		previous = e.Hash
	}
	if err := rows.Err(); err != nil {
		return err
	}
	if !anchored {
		return fmt.Errorf("event %d does not have the hash %s of the given head", anchor, hash)
	}
	return nil
}

// Events lists a request's events, oldest first.
func (l *Ledger) Events(ctx context.Context, request string) ([]Event, error) {
	query := `SELECT seq, time, kind, serial, detail, hash FROM events
		WHERE about = (SELECT num FROM requests WHERE id = ?) ORDER BY seq`
	rows, err := l.reader.QueryContext(ctx, query, request)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var events []Event
	for rows.Next() {
		e := Event{Request: request}
		var when, detail string
		if err := rows.Scan(&e.Seq, &when, &e.Kind, &e.Serial, &detail, &e.Hash); err != nil {
			return nil, err
		}
		if e.Time, err = time.Parse(time.RFC3339, when); err != nil {
			return nil, err
		}
		if err := json.Unmarshal([]byte(detail), &e.Detail); err != nil {
			return nil, err
		}
		events = append(events, e)
	}
	return events, rows.Err()
}

// stamp writes a time as RFC 3339, UTC, whole seconds: the form of every column and of the hash.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }
