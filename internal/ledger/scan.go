package ledger

import (
	"context"
	"database/sql"
	"encoding/json"
	"iter"
	"strings"
	"time"

	"ca-exchange/internal/pki"
)

// scanner reads the present row of a query.
type scanner[T any] func(*sql.Rows) (T, error)

// each runs a query and yields its rows as T.
func each[T any](ctx context.Context, db *sql.DB, scan scanner[T], query string, args ...any) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var zero T
		rows, err := db.QueryContext(ctx, query, args...)
		if err != nil {
			yield(zero, err)
			return
		}
		defer rows.Close()
		for rows.Next() {
			if v, err := scan(rows); !yield(v, err) {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(zero, err)
		}
	}
}

// first gives the first row of a query; ok is false where there is none.
func first[T any](rows iter.Seq2[T, error]) (row T, ok bool, err error) {
	for row, err := range rows {
		return row, err == nil, err
	}
	return row, false, nil
}

// in gives "(?, ?, …)" and the arguments for a list of ids.
func in(ids []pki.ID) (string, []any) {
	args := make([]any, len(ids))
	for i, id := range ids {
		args[i] = id.String()
	}
	return "(" + strings.TrimPrefix(marks(len(ids)), ", ") + ")", args
}

// columns decodes the texts of one row and remembers the first that cannot be read.
type columns struct{ err error }

func (c *columns) id(text string) pki.ID {
	id, err := pki.ParseID(text)
	c.note(err)
	return id
}

func (c *columns) time(text string) time.Time {
	t, err := time.Parse(time.RFC3339, text)
	c.note(err)
	return t
}

func (c *columns) json(text string, to any) { c.note(json.Unmarshal([]byte(text), to)) }

func (c *columns) note(err error) {
	if c.err == nil {
		c.err = err
	}
}
