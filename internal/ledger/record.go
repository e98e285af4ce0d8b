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
	add, change, body, certificate, der, own, take, version *sql.Stmt
}

func prepare(db *sql.DB) (statements, error) {
	var s statements
	for query, stmt := range map[string]**sql.Stmt{
		`INSERT INTO requests VALUES (?, ?, 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`: &s.add,
		`UPDATE requests SET status = ?, version = version + 1, name = ?, profile = ?, requester = ?, ssh_fingerprint = ?, key_fingerprint = ?,
			node = ?, subject = ?, names = ?, refusals = ?, reason = ?, authenticated = ?, size = ?, serial = ?, received = ?, decided = ?
			WHERE id = ? AND version = ?`: &s.change,
		`INSERT INTO bodies VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET entry = coalesce(excluded.entry, entry), notice = coalesce(excluded.notice, notice)`: &s.body,
		`INSERT INTO certificates VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`:                                                                                   &s.certificate,
		`INSERT INTO ders VALUES (?, ?)`: &s.der,
		`INSERT INTO answers VALUES (?, ?, ?, ?, ?, 0) ON CONFLICT (exchange, team, folded) DO UPDATE SET name = excluded.name, request = excluded.request, published = 0`: &s.own,
		`UPDATE answers SET published = 1 WHERE exchange = ? AND team = ? AND folded = ? AND request = ?`:                                                                  &s.take,
		`SELECT version, status, serial FROM requests WHERE id = ?`:                                                                                                        &s.version,
	} {
		var err error
		if *stmt, err = db.Prepare(query); err != nil {
			return statements{}, err
		}
	}
	return s, nil
}

// Record writes a batch in one transaction and returns when it is durable. ErrConflict says that nothing was written
// because a request is not as it was read; any other error leaves open what the disk holds: Reopen and look up again.
func (l *Ledger) Record(ctx context.Context, changes []Change) error {
	return l.transaction(ctx, func(tx *sql.Tx) error {
		for i := range changes {
			if err := l.record(ctx, tx, &changes[i]); err != nil {
				return fmt.Errorf("recording request %s: %w", changes[i].Request.ID.Short(), err)
			}
		}
		return nil
	})
}

func (l *Ledger) record(ctx context.Context, tx *sql.Tx, c *Change) error {
	if !c.Unchanged {
		if err := l.recordRequest(ctx, tx, c); err != nil {
			return err
		}
	}
	for _, a := range c.Answers {
		if _, err := tx.StmtContext(ctx, l.insert.own).ExecContext(ctx, a.Exchange, a.Team, Fold(a.Name), a.Name, a.Request.String()); err != nil {
			return err
		}
	}
	if c.Event == nil {
		return nil
	}
	return appendEvent(tx, c.Event)
}

func (l *Ledger) recordRequest(ctx context.Context, tx *sql.Tx, c *Change) error {
	if err := l.upsert(ctx, tx, c); err != nil {
		return err
	}
	id := c.Request.ID.String()
	if c.Entry != nil || c.Notice != nil {
		if _, err := tx.StmtContext(ctx, l.insert.body).ExecContext(ctx, id, c.Entry, c.Notice); err != nil {
			return err
		}
	}
	if c.Certificate == nil {
		return nil
	}
	k := c.Certificate
	if _, err := tx.StmtContext(ctx, l.insert.certificate).ExecContext(ctx, k.Serial, id, k.Profile, k.Subject, list(k.Names), k.Issuer,
		stamp(k.NotBefore), stamp(k.NotAfter), k.Status, k.Requester, k.Fingerprint, k.KeyFingerprint); err != nil {
		return err
	}
	_, err := tx.StmtContext(ctx, l.insert.der).ExecContext(ctx, k.Serial, c.AnswerPEM)
	return err
}

// upsert adds a request or changes the version that was read. The row itself is the proof against a second
// certificate: whoever comes later finds another version.
func (l *Ledger) upsert(ctx context.Context, tx *sql.Tx, c *Change) error {
	r := c.Request
	var version int64
	var status Status
	var serial string
	err := tx.StmtContext(ctx, l.insert.version).QueryRowContext(ctx, r.ID.String()).Scan(&version, &status, &serial)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		version = 0
	case err != nil:
		return err
	}
	if version != r.Version {
		return ErrConflict
	}
	if c.Certificate != nil && serial != "" && !c.Reissue {
		return fmt.Errorf("request %s has certificate %s already", r.ID.Short(), serial)
	}
	refusals, err := json.Marshal(r.Refusals)
	if err != nil {
		return err
	}
	fields := []any{r.Status, r.Name, r.Profile, r.Requester, r.SSHFingerprint, r.KeyFingerprint, r.Node, r.Subject, list(r.Names),
		string(refusals), r.Reason, r.Authenticated, r.Size, r.Serial, stamp(r.Received), stamp(r.Decided)}
	if version == 0 {
		_, err = tx.StmtContext(ctx, l.insert.add).ExecContext(ctx, append([]any{r.ID.String()}, fields...)...)
		return err
	}
	_, err = tx.StmtContext(ctx, l.insert.change).ExecContext(ctx, append(fields, r.ID.String(), version)...)
	return err
}

// MarkPublished notes that answers lie durably in their outbox.
func (l *Ledger) MarkPublished(ctx context.Context, answers []Answer) error {
	return l.transaction(ctx, func(tx *sql.Tx) error {
		for _, a := range answers {
			if _, err := tx.StmtContext(ctx, l.insert.take).ExecContext(ctx, a.Exchange, a.Team, Fold(a.Name), a.Request.String()); err != nil {
				return err
			}
		}
		return nil
	})
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
