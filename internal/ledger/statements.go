package ledger

import (
	"context"
	"database/sql"
	"strings"
)

// statements are the writes of a transaction, by the names of the table below.
type statements struct {
	find, add, change, body, certificate, der, own, owe, paid, late, event *sql.Stmt
}

// table lists every statement once, with its place: preparing and binding to a transaction are loops over it, so
// that no statement can be forgotten in one of them.
func (s *statements) table() []statement {
	return []statement{
		{&s.find, `SELECT num, version, status, ` + kindColumn + `, serial FROM requests WHERE id = ?`},
		{&s.add, `INSERT INTO requests VALUES (NULL, ?, ?, 1` + marks(15) + `)`},
		{&s.change, `UPDATE requests SET status = ?, version = version + 1, name = ?, profile = ?, requester = ?,
			ssh_fingerprint = ?, key_fingerprint = ?, node = ?, subject = ?, names = ?, refusals = ?, reason = ?,
			authenticated = ?, size = ?, serial = ?, received = ?, decided = ? WHERE num = ?`},
		{&s.body, `INSERT INTO bodies VALUES (?, ?, ?) ON CONFLICT (request) DO UPDATE
			SET entry = coalesce(excluded.entry, entry), notice = coalesce(excluded.notice, notice)`},
		{&s.certificate, `INSERT INTO certificates VALUES (NULL` + marks(12) + `)`},
		{&s.der, `INSERT INTO ders VALUES (?, ?)`},
		{&s.own, `INSERT INTO answers VALUES (NULL` + marks(5) + `) ON CONFLICT (folded, exchange, team) DO UPDATE
			SET name = excluded.name, request = excluded.request RETURNING num`},
		{&s.owe, `INSERT OR IGNORE INTO owed VALUES (?)`},
		{&s.paid, `DELETE FROM owed WHERE answer = (SELECT num FROM answers WHERE folded = ? AND exchange = ?
			AND team = ? AND request = (SELECT num FROM requests WHERE id = ? AND version = ?))`},
		{&s.late, `INSERT OR IGNORE INTO owed SELECT num FROM answers WHERE folded = ? AND exchange = ? AND team = ?
			AND request = (SELECT num FROM requests WHERE id = ? AND version <> ?)`},
		{&s.event, `INSERT INTO events VALUES (?` + marks(8) + `)`},
	}
}

// statement is a prepared statement's place and its text.
type statement struct {
	place **sql.Stmt
	query string
}

func prepare(db *sql.DB) (s statements, err error) {
	for _, one := range s.table() {
		if *one.place, err = db.Prepare(one.query); err != nil {
			return s, err
		}
	}
	return s, nil
}

// in binds all statements to a transaction.
func (s statements) in(ctx context.Context, tx *sql.Tx) statements {
	for _, one := range s.table() {
		*one.place = tx.StmtContext(ctx, *one.place)
	}
	return s
}

// marks gives n further parameters: ", ?, ?".
func marks(n int) string { return strings.Repeat(", ?", n) }
