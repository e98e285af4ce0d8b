package ledger

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// Record writes a batch in one transaction and returns when it is durable. ErrConflict means that nothing was written
// because a request is not as it was read. Any other error leaves open what the disk holds: Reopen, and look up again.
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

// writing is one transaction: its statements and the end of the chain as it grows.
type writing struct {
	ctx  context.Context
	s    statements
	head Event
}

func (l *Ledger) writing(ctx context.Context, tx *sql.Tx) (*writing, error) {
	w := &writing{ctx: ctx, s: l.insert.in(ctx, tx)}
	query := "SELECT seq, hash FROM events ORDER BY seq DESC LIMIT 1"
	err := tx.QueryRowContext(ctx, query).Scan(&w.head.Seq, &w.head.Hash)
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
		row := w.s.own.QueryRowContext(w.ctx, a.Exchange, a.Team, fold(a.Name), a.Name, num)
		if err := row.Scan(&answer); err != nil {
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

// request adds a row or changes the version that was read, and gives its number. The version is the guard against a
// second certificate: of two writers the later one finds another.
func (w *writing) request(c *Change) (num int64, err error) {
	was, err := w.find(c.Request)
	if err != nil || c.OnlyAnswers {
		return was.num, err
	}
	if err := c.illegal(was); err != nil {
		return 0, err
	}
	if num, err = w.put(was.num, c.Request); err != nil {
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

// find gives what the ledger has of a request, or ErrConflict where that is not what was read.
func (w *writing) find(r Request) (was recorded, err error) {
	row := w.s.find.QueryRowContext(w.ctx, r.ID.String())
	err = row.Scan(&was.num, &was.version, &was.status, &was.kind, &was.serial)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return was, err
	}
	if was.version != r.Version {
		return was, ErrConflict
	}
	return was, nil
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

// append puts an event at the end of the chain, in the transaction of the change that it reports.
func (w *writing) append(e *Event, about int64) error {
	e.Seq, e.Previous = w.head.Seq+1, w.head.Hash
	detail, err := json.Marshal(e.Detail) // sorts its keys, escapes LF
	if err != nil {
		return err
	}
	e.Hash = e.hash(string(detail))
	w.head = *e
	_, err = w.s.event.ExecContext(w.ctx, e.Seq, stamp(e.Time), e.Kind, e.Request, e.Serial, string(detail),
		e.Previous, e.Hash, about)
	return err
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

// fold gives a name as a case-insensitive file system sees it: two names that fold alike are one place. Entry names
// are ASCII, so Unicode's case folding and normal forms do not apply; vfat drops trailing dots.
func fold(name string) string { return strings.TrimRight(strings.ToLower(name), ".") }

// list encodes a list as JSON, the empty one as "[]".
func list(items []string) string {
	if len(items) == 0 {
		return "[]"
	}
	text, _ := json.Marshal(items) // strings always encode
	return string(text)
}
