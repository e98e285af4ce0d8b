package ledger

import (
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"iter"
	"strings"
	"sync"
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

// reused runs a query and yields its rows, all in the same T: what scan gives points into it.
func reused[T any](
	ctx context.Context, db *sql.DB, scan func(*T) []any, query string, args ...any,
) iter.Seq2[*T, error] {
	return func(yield func(*T, error) bool) {
		rows, err := db.QueryContext(ctx, query, args...)
		if err != nil {
			yield(nil, err)
			return
		}
		defer rows.Close()
		row, zero := new(T), *new(T)
		fields := scan(row)
		for rows.Next() {
			*row = zero // a column that is empty leaves its field as it is
			if err := rows.Scan(fields...); !yield(row, err) {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(nil, err)
		}
	}
}

// aheadRows is how many rows ahead hands over at once.
const aheadRows = 256

// ahead reads rows on one core while those before are used on another.
func ahead[T any](rows iter.Seq2[*T, error]) iter.Seq2[T, error] {
	type portion struct {
		rows []T
		err  error
	}
	return func(yield func(T, error) bool) {
		portions, stop := make(chan portion, 4), make(chan struct{})
		var wait sync.WaitGroup
		defer wait.Wait()
		defer close(stop)
		wait.Go(func() {
			defer close(portions)
			send := func(p portion) bool {
				select {
				case portions <- p:
					return true
				case <-stop:
					return false
				}
			}
			var p portion
			for row, err := range rows {
				if p.err = err; err == nil {
					p.rows = append(p.rows, *row)
				}
				if len(p.rows) < aheadRows && err == nil {
					continue
				}
				if !send(p) || err != nil {
					return
				}
				p.rows = make([]T, 0, aheadRows)
			}
			send(p)
		})
		for p := range portions {
			for _, row := range p.rows {
				if !yield(row, nil) {
					return
				}
			}
			if p.err != nil {
				yield(*new(T), p.err)
				return
			}
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

// marks gives "(?, ?, …)" for n values.
func marks(n int) string {
	if n == 0 {
		return "()"
	}
	return "(?" + strings.Repeat(", ?", n-1) + ")"
}

// idArgs are ids as the values of a query.
func idArgs(ids []pki.ID) []any {
	args := make([]any, len(ids))
	for i, id := range ids {
		args[i] = id[:]
	}
	return args
}

// The types below read one column each.

// idColumn reads 32 bytes.
type idColumn pki.ID

func (c *idColumn) Scan(value any) error {
	b, ok := value.([]byte)
	if !ok || len(b) != len(c) {
		return fmt.Errorf("an id of %T, not 32 bytes", value)
	}
	copy(c[:], b)
	return nil
}

// hexText reads bytes as lower-case hex, and text (what packed could not store as bytes) as it is.
type hexText string

func (c *hexText) Scan(value any) error {
	switch v := value.(type) {
	case []byte:
		*c = hexText(hex.EncodeToString(v))
	case string:
		*c = hexText(v)
	case nil:
		*c = ""
	default:
		return fmt.Errorf("a fingerprint or serial of type %T", value)
	}
	return nil
}

// sshText reads the 32 bytes of an SSH key's fingerprint in OpenSSH's form, and other text as it is.
type sshText string

const sshPrefix = "SHA256:"

func (c *sshText) Scan(value any) error {
	switch v := value.(type) {
	case []byte:
		*c = ""
		if len(v) > 0 {
			*c = sshText(sshPrefix + base64.RawStdEncoding.EncodeToString(v))
		}
	case string:
		*c = sshText(v)
	default:
		return fmt.Errorf("an SSH fingerprint of type %T", value)
	}
	return nil
}

// packedSSH stores what sshText reads.
func packedSSH(fingerprint string) any {
	b, err := base64.RawStdEncoding.Strict().DecodeString(strings.TrimPrefix(fingerprint, sshPrefix))
	if fingerprint == "" {
		return []byte{}
	}
	if err != nil || len(b) != 32 || !strings.HasPrefix(fingerprint, sshPrefix) {
		return fingerprint
	}
	return b
}

// timeColumn reads seconds since 1970 UTC.
type timeColumn time.Time

func (c *timeColumn) Scan(value any) error {
	s, ok := value.(int64)
	if !ok {
		return fmt.Errorf("a time of type %T", value)
	}
	*c = timeColumn(time.Unix(s, 0).UTC())
	return nil
}

// mayTime reads the same; 0 is the zero time.
type mayTime time.Time

func (c *mayTime) Scan(value any) error {
	if value == int64(0) {
		*c = mayTime{}
		return nil
	}
	return (*timeColumn)(c).Scan(value)
}

// jsonColumn reads JSON into what to points at.
type jsonColumn struct{ to any }

func (c jsonColumn) Scan(value any) error {
	text, ok := value.(string)
	if !ok {
		return fmt.Errorf("JSON of type %T", value)
	}
	if text == "[]" {
		return nil
	}
	if to, ok := c.to.(*[]string); ok && !strings.Contains(text, `\`) {
		body, opened := strings.CutPrefix(text, `["`)
		body, closed := strings.CutSuffix(body, `"]`)
		if opened && closed { // as list wrote it: a long list of certificates has one of these in each
			*to = strings.Split(body, `","`)
			return nil
		}
	}
	return json.Unmarshal([]byte(text), c.to)
}

// list stores a list as JSON, the empty one as "[]".
func list[T any](items []T) (string, error) {
	if len(items) == 0 {
		return "[]", nil
	}
	text, err := json.Marshal(items)
	return string(text), err
}
