package ledger

import (
	"context"
	"database/sql"
	"iter"
)

// Listed is a certificate with what other rows say of it.
type Listed struct {
	Certificate
	Superseded bool // it is Valid, and another Valid certificate renews it or was issued later for the same place
}

// superseded holds for a row c of certificates. The place of a certificate is requester, profile, subject and node;
// where there is no node, its names. A node has few certificates, and the newest of them are looked at first, so that
// each row costs one step of an index. The others are grouped, once for the query: one requester may have a million of
// them, and to look through those for each row would never end.
const superseded = `(c.status = 'Issued' AND (
	EXISTS (SELECT 1 FROM certificates AS s WHERE s.replaces = c.num AND s.status = 'Issued') OR
	CASE WHEN c.node <> '' THEN (SELECT s.num FROM certificates AS s WHERE s.node = c.node AND s.node <> ''
		AND s.profile = c.profile AND s.requester = c.requester AND s.subject = c.subject
		AND s.status = 'Issued' AND s.num > c.num ORDER BY s.not_after DESC LIMIT 1) IS NOT NULL
	ELSE c.num NOT IN (SELECT max(num) FROM certificates WHERE node = '' AND status = 'Issued'
		GROUP BY requester, profile, subject, names) END))`

func scanListed(rows *sql.Rows) (k Listed, err error) {
	return k, rows.Scan(append(k.fields(), &k.Superseded)...)
}

// Certificates lists certificates one by one: a long list is never in memory.
func (l *Ledger) Certificates(ctx context.Context, f Filter) iter.Seq2[Listed, error] {
	rest, args := f.query()
	return each(ctx, l.reader, scanListed, "SELECT "+certificateColumns+", "+superseded+fromCertificates+rest, args...)
}
