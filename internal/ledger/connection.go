package ledger

import (
	"context"
	"database/sql"
	"errors"
	"strings"
)

// bulk is a statement that takes many rows at once: head, a tuple of marks for each row, tail.
type bulk struct {
	head  string
	width int // of a row, in columns
	tail  string
}

func (b bulk) query(rows int) string {
	if rows == 0 { // any other statement that is prepared once
		return b.head
	}
	row := "(?" + strings.Repeat(", ?", b.width-1) + ")"
	return b.head + row + strings.Repeat(", "+row, rows-1) + b.tail
}

// largestChunk is the most rows of one statement: a batch of the pass. SQLite takes at most 32,766 values.
const largestChunk = 256

// chunk gives how many of n rows the next statement takes: the largest power of two. So any batch needs at most nine
// statements for a table, and a connection keeps at most nine for each kind of write.
func chunk(n int) int {
	size := largestChunk
	for size > n {
		size /= 2
	}
	return size
}

// connection is the one that writes, with the statements that it has prepared.
type connection struct {
	conn     *sql.Conn
	prepared map[prepared]*sql.Stmt
}

type prepared struct {
	bulk
	rows int
}

func connect(db *sql.DB) (*connection, error) {
	db.SetMaxOpenConns(2) // one for this, one for a checkpoint
	conn, err := db.Conn(context.Background())
	if err != nil {
		return nil, err
	}
	return &connection{conn, map[prepared]*sql.Stmt{}}, nil
}

func (c *connection) close() error {
	var errs []error
	for _, s := range c.prepared {
		errs = append(errs, s.Close())
	}
	return errors.Join(append(errs, c.conn.Close())...)
}

// statement gives a bulk statement for a number of rows, prepared once.
func (c *connection) statement(ctx context.Context, b bulk, rows int) (*sql.Stmt, error) {
	key := prepared{b, rows}
	if s, ok := c.prepared[key]; ok {
		return s, nil
	}
	s, err := c.conn.PrepareContext(ctx, b.query(rows))
	if err != nil {
		return nil, err
	}
	c.prepared[key] = s
	return s, nil
}

// put writes rows, whose values follow each other in args, and gives how many rows of the table it changed.
func (c *connection) put(ctx context.Context, b bulk, args []any) (changed int64, err error) {
	for len(args) > 0 {
		rows := chunk(len(args) / b.width)
		s, err := c.statement(ctx, b, rows)
		if err != nil {
			return changed, err
		}
		result, err := s.ExecContext(ctx, args[:rows*b.width]...)
		if err != nil {
			return changed, err
		}
		n, err := result.RowsAffected()
		if err != nil {
			return changed, err
		}
		changed, args = changed+n, args[rows*b.width:]
	}
	return changed, nil
}

// transaction runs do in one immediate transaction: it waits for other processes at its start, so that it cannot fail
// at its end because of them. It returns when the commit is durable.
func (l *Ledger) transaction(ctx context.Context, do func(*writing) error) (err error) {
	l.turn.Lock()
	defer l.turn.Unlock()
	if l.write == nil {
		return sql.ErrConnDone
	}
	if _, err := l.write.conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			// Also after a commit that failed: SQLite may keep such a transaction open.
			_, again := l.write.conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK")
			_ = again // says only that nothing was open
		}
	}()
	w := &writing{ctx: ctx, connection: l.write}
	if err := w.begin(); err != nil {
		return err
	}
	if err := do(w); err != nil {
		return err
	}
	if err := w.end(); err != nil {
		return err
	}
	_, err = l.write.conn.ExecContext(ctx, "COMMIT")
	return err
}
