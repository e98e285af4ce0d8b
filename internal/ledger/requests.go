package ledger

import (
	"context"
	"database/sql"
	"fmt"
	"iter"

	"ca-exchange/internal/pki"
)

// kindColumn tells a row's kind in a schema that does not store it. Only a request's bytes are kept; what was refused
// unread has one of two reasons.
const kindColumn = `CASE WHEN status <> 'Denied' OR serial <> '' OR EXISTS
	(SELECT 1 FROM bodies WHERE request = requests.num AND entry IS NOT NULL) THEN 'Request'
	WHEN reason IN ('EntryNotRegular', 'EntryTooLarge') THEN 'Unread' ELSE 'Refused' END`

const requestColumns = `id, ` + kindColumn + `, status, version, name, profile, requester, ssh_fingerprint,
	key_fingerprint, node, subject, names, refusals, reason, authenticated, size, serial, received, decided`

func scanRequest(rows *sql.Rows) (Request, error) {
	var r Request
	var id, names, refusals, received, decided string
	if err := rows.Scan(&id, &r.Kind, &r.Status, &r.Version, &r.Name, &r.Profile, &r.Requester, &r.SSHFingerprint,
		&r.KeyFingerprint, &r.Node, &r.Subject, &names, &refusals, &r.Reason, &r.Authenticated, &r.Size, &r.Serial,
		&received, &decided); err != nil {
		return r, err
	}
	var c columns
	r.ID, r.Received, r.Decided = c.id(id), c.time(received), c.time(decided)
	c.json(names, &r.Names)
	c.json(refusals, &r.Refusals)
	return r, c.err
}

// Lookup finds what is known of a batch of ids, in one query.
func (l *Ledger) Lookup(ctx context.Context, ids []pki.ID) (map[pki.ID]Request, error) {
	known := map[pki.ID]Request{}
	if len(ids) == 0 {
		return known, nil
	}
	marks, args := in(ids)
	query := "SELECT " + requestColumns + " FROM requests WHERE id IN " + marks
	for r, err := range each(ctx, l.reader, scanRequest, query, args...) {
		if err != nil {
			return nil, err
		}
		known[r.ID] = r
	}
	return known, nil
}

// Pending lists held requests, oldest first.
func (l *Ledger) Pending(ctx context.Context) iter.Seq2[Request, error] {
	query := "SELECT " + requestColumns + " FROM requests WHERE status = 'Held' ORDER BY received, id"
	return each(ctx, l.reader, scanRequest, query)
}

// Find gives the first three requests whose id begins with prefix, which has at least eight hex digits.
func (l *Ledger) Find(ctx context.Context, prefix string) iter.Seq2[Request, error] {
	query := "SELECT " + requestColumns + " FROM requests WHERE id >= ? AND id < ? LIMIT 3"
	return each(ctx, l.reader, scanRequest, query, prefix, prefix+"g")
}

// Named gives the first three requests that own a name on any exchange.
func (l *Ledger) Named(ctx context.Context, name string) iter.Seq2[Request, error] {
	query := "SELECT " + requestColumns + ` FROM requests
		WHERE num IN (SELECT request FROM answers WHERE folded = ?) LIMIT 3`
	return each(ctx, l.reader, scanRequest, query, fold(name))
}

// Entry gives the bytes that a request came as.
func (l *Ledger) Entry(ctx context.Context, id pki.ID) ([]byte, error) {
	query := "SELECT entry FROM bodies WHERE request = (SELECT num FROM requests WHERE id = ?)"
	var b []byte
	if err := l.reader.QueryRowContext(ctx, query, id.String()).Scan(&b); err != nil {
		return nil, fmt.Errorf("reading the entry of request %s: %w", id.Short(), err)
	}
	return b, nil
}

// Content gives the file that answers a request: its certificate's PEM, or its notice.
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

// Pressure gives the held requests of unsigned and unknown keys: their number and the bytes of their entries.
func (l *Ledger) Pressure(ctx context.Context) (rows, bytes int64, err error) {
	err = l.reader.QueryRowContext(ctx, "SELECT held, bytes FROM pressure").Scan(&rows, &bytes)
	return rows, bytes, err
}

// Counts gives the number of held requests and of certificates.
func (l *Ledger) Counts(ctx context.Context) (held, certificates int64, err error) {
	query := "SELECT (SELECT count(*) FROM requests WHERE status = 'Held'), (SELECT count(*) FROM certificates)"
	err = l.reader.QueryRowContext(ctx, query).Scan(&held, &certificates)
	return held, certificates, err
}
