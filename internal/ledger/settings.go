package ledger

import (
	"context"
	"database/sql"
	"errors"
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
	return l.transaction(ctx, func(tx *sql.Tx) error {
		query := "INSERT INTO settings VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value"
		if _, err := tx.ExecContext(ctx, query, key, value); err != nil {
			return err
		}
		if event == nil {
			return nil
		}
		return l.appendIn(ctx, tx, event)
	})
}
