package ledger

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"iter"
	"strings"
	"time"

	"ca-exchange/internal/pki"
)

const requestColumns = `id, status, version, name, profile, requester, ssh_fingerprint, key_fingerprint, node, subject, names, refusals, reason, authenticated, size, serial, received, decided`

func scanRequest(rows *sql.Rows) (Request, error) {
	var r Request
	var id, names, refusals, received, decided string
	if err := rows.Scan(&id, &r.Status, &r.Version, &r.Name, &r.Profile, &r.Requester, &r.SSHFingerprint, &r.KeyFingerprint, &r.Node,
		&r.Subject, &names, &refusals, &r.Reason, &r.Authenticated, &r.Size, &r.Serial, &received, &decided); err != nil {
		return r, err
	}
	return r, parse(id, &r.ID, names, &r.Names, moment{received, &r.Received}, moment{decided, &r.Decided}, func() error {
		return json.Unmarshal([]byte(refusals), &r.Refusals)
	})
}

const certificateColumns = `serial, (SELECT id FROM requests WHERE num = certificates.request), profile, subject, names, issuer, not_before, not_after, status, requester, fingerprint, key_fingerprint`

func scanCertificate(rows *sql.Rows) (Certificate, error) {
	var c Certificate
	var id, names, notBefore, notAfter string
	if err := rows.Scan(&c.Serial, &id, &c.Profile, &c.Subject, &names, &c.Issuer, &notBefore, &notAfter, &c.Status, &c.Requester,
		&c.Fingerprint, &c.KeyFingerprint); err != nil {
		return c, err
	}
	return c, parse(id, &c.Request, names, &c.Names, moment{notBefore, &c.NotBefore}, moment{notAfter, &c.NotAfter}, nil)
}

// moment is a stored time and where it goes.
type moment struct {
	text string
	to   *time.Time
}

func parse(idText string, id *pki.ID, names string, to *[]string, a, b moment, more func() error) (err error) {
	if *id, err = pki.ParseID(idText); err != nil {
		return err
	}
	if err := json.Unmarshal([]byte(names), to); err != nil {
		return err
	}
	for _, m := range []moment{a, b} {
		if *m.to, err = time.Parse(time.RFC3339, m.text); err != nil {
			return err
		}
	}
	if more == nil {
		return nil
	}
	return more()
}

// each runs a query and yields its rows as T.
func each[T any](ctx context.Context, db *sql.DB, scan func(*sql.Rows) (T, error), query string, args ...any) iter.Seq2[T, error] {
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

// in gives "(?, ?, …)" and the arguments for a list of ids.
func in(ids []pki.ID) (string, []any) {
	args := make([]any, len(ids))
	for i, id := range ids {
		args[i] = id.String()
	}
	return "(" + strings.TrimPrefix(marks(len(ids)), ", ") + ")", args
}

// Lookup finds what is known of a batch of ids, in one query.
func (l *Ledger) Lookup(ctx context.Context, ids []pki.ID) (map[pki.ID]Request, error) {
	known := map[pki.ID]Request{}
	if len(ids) == 0 {
		return known, nil
	}
	marks, args := in(ids)
	for r, err := range each(ctx, l.reader, scanRequest, "SELECT "+requestColumns+" FROM requests WHERE id IN "+marks, args...) {
		if err != nil {
			return nil, err
		}
		known[r.ID] = r
	}
	return known, nil
}

// Owners finds which of an exchange's names belong to a request already, in one query. The keys are folded.
func (l *Ledger) Owners(ctx context.Context, exchange string, addresses []Address) (map[Address]Answer, error) {
	owners := map[Address]Answer{}
	if len(addresses) == 0 {
		return owners, nil
	}
	args := []any{exchange}
	for _, a := range addresses {
		args = append(args, Fold(a.Name))
	}
	list := strings.TrimPrefix(marks(len(addresses)), ", ")
	for a, err := range each(ctx, l.reader, scanAnswer, "SELECT "+answerColumns+" FROM answers WHERE exchange = ? AND folded IN ("+list+")", args...) {
		if err != nil {
			return nil, err
		}
		owners[a.Address.Folded()] = a
	}
	return owners, nil
}

const answerColumns = `exchange, team, name, (SELECT id FROM requests WHERE num = answers.request), NOT EXISTS (SELECT 1 FROM owed WHERE answer = answers.num)`

func scanAnswer(rows *sql.Rows) (Answer, error) {
	var a Answer
	var id string
	if err := rows.Scan(&a.Exchange, &a.Team, &a.Name, &id, &a.Published); err != nil {
		return a, err
	}
	var err error
	a.Request, err = pki.ParseID(id)
	return a, err
}

// AnswersFor lists the addresses that belong to a request.
func (l *Ledger) AnswersFor(ctx context.Context, id pki.ID) iter.Seq2[Answer, error] {
	return each(ctx, l.reader, scanAnswer, "SELECT "+answerColumns+" FROM answers WHERE request = (SELECT num FROM requests WHERE id = ?)", id.String())
}

// owedQuery finds the few that are owed first, whatever SQLite thinks of it: every pass asks.
const owedQuery = "SELECT " + answerColumns + " FROM owed CROSS JOIN answers ON num = answer WHERE exchange = ?"

// Answers lists an exchange's addresses: those not published yet, or all.
func (l *Ledger) Answers(ctx context.Context, exchange string, all bool) iter.Seq2[Answer, error] {
	query := owedQuery
	if all {
		query = "SELECT " + answerColumns + " FROM answers WHERE exchange = ?"
	}
	return each(ctx, l.reader, scanAnswer, query, exchange)
}

// Content is what is published for a request: its certificate's PEM, or its notice.
func (l *Ledger) Content(ctx context.Context, r Request) ([]byte, error) {
	query, key := "SELECT notice FROM bodies WHERE request = (SELECT num FROM requests WHERE id = ?)", r.ID.String()
	if r.Status == Issued {
		query, key = "SELECT answer FROM ders WHERE certificate = (SELECT num FROM certificates WHERE serial = ?)", r.Serial
	}
	var b []byte
	if err := l.reader.QueryRowContext(ctx, query, key).Scan(&b); err != nil {
		return nil, fmt.Errorf("reading the answer of request %s: %w", r.ID.Short(), err)
	}
	return b, nil
}

// Entry is the bytes that a request came as.
func (l *Ledger) Entry(ctx context.Context, id pki.ID) ([]byte, error) {
	var b []byte
	if err := l.reader.QueryRowContext(ctx, "SELECT entry FROM bodies WHERE request = (SELECT num FROM requests WHERE id = ?)", id.String()).Scan(&b); err != nil {
		return nil, fmt.Errorf("reading the entry of request %s: %w", id.Short(), err)
	}
	return b, nil
}

// Pending lists held requests, oldest first.
func (l *Ledger) Pending(ctx context.Context) iter.Seq2[Request, error] {
	return each(ctx, l.reader, scanRequest, "SELECT "+requestColumns+" FROM requests WHERE status = 'Held' ORDER BY received, id")
}

// Find gives the requests whose id begins with prefix, which has at least eight hex digits.
func (l *Ledger) Find(ctx context.Context, prefix string) iter.Seq2[Request, error] {
	return each(ctx, l.reader, scanRequest, "SELECT "+requestColumns+" FROM requests WHERE id >= ? AND id < ? LIMIT 3", prefix, prefix+"g")
}

// Named gives the requests that own a name on any exchange.
func (l *Ledger) Named(ctx context.Context, name string) iter.Seq2[Request, error] {
	return each(ctx, l.reader, scanRequest, "SELECT "+requestColumns+" FROM requests WHERE num IN (SELECT request FROM answers WHERE folded = ?) LIMIT 3", Fold(name))
}

// Certificate finds one by serial; ok is false where there is none.
func (l *Ledger) Certificate(ctx context.Context, serial string) (c Certificate, ok bool, err error) {
	for c, err := range each(ctx, l.reader, scanCertificate, "SELECT "+certificateColumns+" FROM certificates WHERE serial = ?", serial) {
		return c, err == nil, err
	}
	return Certificate{}, false, nil
}

// CertificateByFingerprint finds one by the fingerprint that a renewal names. It looks at every row: only a person who
// looks at a renewal asks.
func (l *Ledger) CertificateByFingerprint(ctx context.Context, fingerprint string) (c Certificate, ok bool, err error) {
	for c, err := range each(ctx, l.reader, scanCertificate, "SELECT "+certificateColumns+" FROM certificates WHERE fingerprint = ?", fingerprint) {
		return c, err == nil, err
	}
	return Certificate{}, false, nil
}

// CertificatesFor finds the present certificates of a batch of requests, in one query.
func (l *Ledger) CertificatesFor(ctx context.Context, ids []pki.ID) (map[pki.ID]Certificate, error) {
	found := map[pki.ID]Certificate{}
	if len(ids) == 0 {
		return found, nil
	}
	marks, args := in(ids)
	query := "SELECT " + certificateColumns + " FROM certificates WHERE serial IN (SELECT serial FROM requests WHERE id IN " + marks + ")"
	for c, err := range each(ctx, l.reader, scanCertificate, query, args...) {
		if err != nil {
			return nil, err
		}
		found[c.Request] = c
	}
	return found, nil
}

// Certificates lists certificates by their end: those valid at some moment between from and until.
func (l *Ledger) Certificates(ctx context.Context, from, until time.Time) iter.Seq2[Certificate, error] {
	return each(ctx, l.reader, scanCertificate, "SELECT "+certificateColumns+" FROM certificates WHERE not_after >= ? AND not_after <= ? ORDER BY not_after, serial", stamp(from), stamp(until))
}

// Pressure is what unsigned and unknown askers hold open: rows and bytes.
func (l *Ledger) Pressure(ctx context.Context) (rows, bytes int64, err error) {
	err = l.reader.QueryRowContext(ctx, "SELECT held, bytes FROM pressure").Scan(&rows, &bytes)
	return rows, bytes, err
}

// Counts are how many requests are held and how many certificates there are.
func (l *Ledger) Counts(ctx context.Context) (held, certificates int64, err error) {
	err = l.reader.QueryRowContext(ctx, "SELECT (SELECT count(*) FROM requests WHERE status = 'Held'), (SELECT count(*) FROM certificates)").Scan(&held, &certificates)
	return held, certificates, err
}
