package ledger

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// statements are the writes of a batch, prepared once.
type statements struct {
	find, add, change, body, certificate, der, own, owe, paid, late, event *sql.Stmt
}

func prepare(db *sql.DB) (s statements, err error) {
	for _, one := range []struct {
		stmt  **sql.Stmt
		query string
	}{
		{&s.find, `SELECT num, version, serial FROM requests WHERE id = ?`},
		{&s.add, `INSERT INTO requests VALUES (NULL, ?, ?, 1` + marks(15) + `)`},
		{&s.change, `UPDATE requests SET status = ?, version = version + 1, name = ?, profile = ?, requester = ?, ssh_fingerprint = ?,
			key_fingerprint = ?, node = ?, subject = ?, names = ?, refusals = ?, reason = ?, authenticated = ?, size = ?, serial = ?,
			received = ?, decided = ? WHERE num = ?`},
		{&s.body, `INSERT INTO bodies VALUES (?, ?, ?) ON CONFLICT (request) DO UPDATE
			SET entry = coalesce(excluded.entry, entry), notice = coalesce(excluded.notice, notice)`},
		{&s.certificate, `INSERT INTO certificates VALUES (NULL` + marks(12) + `)`},
		{&s.der, `INSERT INTO ders VALUES (?, ?)`},
		{&s.own, `INSERT INTO answers VALUES (NULL` + marks(5) + `) ON CONFLICT (folded, exchange, team) DO UPDATE
			SET name = excluded.name, request = excluded.request RETURNING num`},
		{&s.owe, `INSERT OR IGNORE INTO owed VALUES (?)`},
		{&s.paid, `DELETE FROM owed WHERE answer = (SELECT num FROM answers WHERE folded = ? AND exchange = ? AND team = ?
			AND request = (SELECT num FROM requests WHERE id = ? AND version = ?))`},
		{&s.late, `INSERT OR IGNORE INTO owed SELECT num FROM answers WHERE folded = ? AND exchange = ? AND team = ?
			AND request = (SELECT num FROM requests WHERE id = ? AND version <> ?)`},
		{&s.event, `INSERT INTO events VALUES (?` + marks(8) + `)`},
	} {
		if *one.stmt, err = db.Prepare(one.query); err != nil {
			return s, err
		}
	}
	return s, nil
}

// marks gives n further parameters: ", ?, ?".
func marks(n int) string { return strings.Repeat(", ?", n) }

// Record writes a batch in one transaction and returns when it is durable. ErrConflict says that nothing was written
// because a request is not as it was read; any other error leaves open what the disk holds: Reopen and look up again.
func (l *Ledger) Record(ctx context.Context, changes []Change) error {
	return l.transaction(ctx, func(tx *sql.Tx) error {
		w, err := l.writing(ctx, tx)
		if err != nil {
			return err
		}
		for i := range changes {
			if err := w.record(&changes[i]); err != nil {
				return fmt.Errorf("recording request %s: %w", changes[i].Request.ID.Short(), err)
			}
		}
		return nil
	})
}

// writing is one transaction's statements and the end of the chain as it grows.
type writing struct {
	ctx  context.Context
	s    statements
	head Event
}

func (l *Ledger) writing(ctx context.Context, tx *sql.Tx) (*writing, error) {
	w := &writing{ctx: ctx}
	for _, pair := range [][2]**sql.Stmt{
		{&w.s.find, &l.insert.find}, {&w.s.add, &l.insert.add}, {&w.s.change, &l.insert.change}, {&w.s.body, &l.insert.body},
		{&w.s.certificate, &l.insert.certificate}, {&w.s.der, &l.insert.der}, {&w.s.own, &l.insert.own}, {&w.s.owe, &l.insert.owe},
		{&w.s.paid, &l.insert.paid}, {&w.s.event, &l.insert.event},
	} {
		*pair[0] = tx.StmtContext(ctx, *pair[1])
	}
	err := tx.QueryRowContext(ctx, "SELECT seq, hash FROM events ORDER BY seq DESC LIMIT 1").Scan(&w.head.Seq, &w.head.Hash)
	if errors.Is(err, sql.ErrNoRows) {
		w.head.Hash, err = origin, nil
	}
	return w, err
}

func (w *writing) record(c *Change) error {
	num, err := w.request(c)
	if err != nil {
		return err
	}
	for _, a := range c.Answers {
		var answer int64
		if err := w.s.own.QueryRowContext(w.ctx, a.Exchange, a.Team, Fold(a.Name), a.Name, num).Scan(&answer); err != nil {
			return err
		}
		if _, err := w.s.owe.ExecContext(w.ctx, answer); err != nil {
			return err
		}
	}
	if c.Event == nil {
		return nil
	}
	return w.append(c.Event, num)
}

// request adds a request or changes the version that was read, and gives its number. The row itself is the proof
// against a second certificate: whoever comes later finds another version.
func (w *writing) request(c *Change) (num int64, err error) {
	var version int64
	var serial string
	err = w.s.find.QueryRowContext(w.ctx, c.Request.ID.String()).Scan(&num, &version, &serial)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return 0, err
	}
	switch {
	case version != c.Request.Version:
		return 0, ErrConflict
	case c.Unchanged:
		return num, nil
	case c.Certificate != nil && serial != "" && !c.Reissue:
		return 0, fmt.Errorf("request %s has certificate %s already", c.Request.ID.Short(), serial)
	}
	if num, err = w.put(num, c.Request); err != nil {
		return 0, err
	}
	if c.Entry != nil || c.Notice != nil {
		if _, err := w.s.body.ExecContext(w.ctx, num, c.Entry, c.Notice); err != nil {
			return 0, err
		}
	}
	if c.Certificate != nil {
		err = w.certificate(num, c)
	}
	return num, err
}

// put inserts a row, or changes the one of that number.
func (w *writing) put(num int64, r Request) (int64, error) {
	refusals, err := json.Marshal(r.Refusals)
	if err != nil {
		return 0, err
	}
	fields := []any{r.Name, r.Profile, r.Requester, r.SSHFingerprint, r.KeyFingerprint, r.Node, r.Subject, list(r.Names),
		string(refusals), r.Reason, r.Authenticated, r.Size, r.Serial, stamp(r.Received), stamp(r.Decided)}
	if num != 0 {
		_, err := w.s.change.ExecContext(w.ctx, append(append([]any{r.Status}, fields...), num)...)
		return num, err
	}
	result, err := w.s.add.ExecContext(w.ctx, append([]any{r.ID.String(), r.Status}, fields...)...)
	if err != nil {
		return 0, err
	}
	return result.LastInsertId()
}

func (w *writing) certificate(num int64, c *Change) error {
	k := c.Certificate
	result, err := w.s.certificate.ExecContext(w.ctx, k.Serial, num, k.Profile, k.Subject, list(k.Names), k.Issuer,
		stamp(k.NotBefore), stamp(k.NotAfter), k.Status, k.Requester, k.Fingerprint, k.KeyFingerprint)
	if err != nil {
		return err
	}
	certificate, err := result.LastInsertId()
	if err != nil {
		return err
	}
	_, err = w.s.der.ExecContext(w.ctx, certificate, c.AnswerPEM)
	return err
}

// append puts an event at the end of the chain, inside the transaction of what it tells.
func (w *writing) append(e *Event, about int64) error {
	e.Seq, e.Previous = w.head.Seq+1, w.head.Hash
	detail, err := json.Marshal(e.Detail) // sorts its keys, escapes LF
	if err != nil {
		return err
	}
	e.Hash = e.hash(string(detail))
	w.head = *e
	_, err = w.s.event.ExecContext(w.ctx, e.Seq, stamp(e.Time), e.Kind, e.Request, e.Serial, string(detail), e.Previous, e.Hash, about)
	return err
}

// MarkPublished notes that answers lie durably in their outbox, those of the requests' present version: one that another
// process changed meanwhile is owed again, and counted as late.
func (l *Ledger) MarkPublished(ctx context.Context, answers []Answer) (late int64, err error) {
	err = l.transaction(ctx, func(tx *sql.Tx) error {
		paid, again := tx.StmtContext(ctx, l.insert.paid), tx.StmtContext(ctx, l.insert.late)
		for _, a := range answers {
			key := []any{Fold(a.Name), a.Exchange, a.Team, a.Request.String(), a.Version}
			if n, err := affected(paid.ExecContext(ctx, key...)); err != nil || n > 0 {
				if err != nil {
					return err
				}
				continue
			}
			n, err := affected(again.ExecContext(ctx, key...))
			if err != nil {
				return err
			}
			late += n
		}
		return nil
	})
	return late, err
}

func affected(r sql.Result, err error) (int64, error) {
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

// Append logs an event that belongs to no change.
func (l *Ledger) Append(ctx context.Context, e Event) error {
	return l.transaction(ctx, func(tx *sql.Tx) error { return l.appendIn(ctx, tx, &e) })
}

func (l *Ledger) appendIn(ctx context.Context, tx *sql.Tx, e *Event) error {
	w, err := l.writing(ctx, tx)
	if err != nil {
		return err
	}
	return w.append(e, 0)
}

// Fold gives a name as a file system without case sees it: two names that fold alike are one place. Entry names are
// ASCII, so Unicode's foldings and forms do not come into it; vfat drops trailing dots.
func Fold(name string) string { return strings.TrimRight(strings.ToLower(name), ".") }

// list encodes a list as JSON, the empty one as "[]".
func list(items []string) string {
	if len(items) == 0 {
		return "[]"
	}
	text, _ := json.Marshal(items) // strings always encode
	return string(text)
}
