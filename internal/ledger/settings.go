package ledger

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

// Setting gives a remembered value, "" where there is none.
func (l *Ledger) Setting(ctx context.Context, key string) (string, error) {
	var value string
	err := l.reader.QueryRowContext(ctx, "SELECT value FROM settings WHERE key = ?", key).Scan(&value)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return value, err
}

// Remember sets a value and, where event is not nil, logs the reason in the same transaction.
func (l *Ledger) Remember(ctx context.Context, key, value string, event *Event) error {
	return l.transaction(ctx, func(w *writing) error {
		query := `INSERT INTO settings (key, value) VALUES (?, ?)
			ON CONFLICT (key) DO UPDATE SET value = excluded.value`
		if _, err := w.conn.ExecContext(ctx, query, key, value); err != nil {
			return err
		}
		if event == nil {
			return nil
		}
		return w.append(event, 0)
	})
}

// Pressure gives the held requests of unsigned and unknown keys: their number and the bytes of their entries.
func (l *Ledger) Pressure(ctx context.Context) (rows, bytes int64, err error) {
	err = l.reader.QueryRowContext(ctx, "SELECT unsigned_held, unsigned_bytes FROM counters").Scan(&rows, &bytes)
	return rows, bytes, err
}

// Counts gives the number of held requests and of certificates.
func (l *Ledger) Counts(ctx context.Context) (held, certificates int64, err error) {
	err = l.reader.QueryRowContext(ctx, "SELECT held, certificates FROM counters").Scan(&held, &certificates)
	return held, certificates, err
}

// Newest gives the latest time of all events: a clock far behind it is wrong. Once a person accepted a clock, only the
// events since then count.
func (l *Ledger) Newest(ctx context.Context) (time.Time, error) {
	var newest time.Time
	err := l.reader.QueryRowContext(ctx, "SELECT newest FROM counters").Scan((*timeColumn)(&newest))
	return newest, err
}
