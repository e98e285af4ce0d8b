package ledger

import (
	"context"
	"database/sql"
	"strings"
	"time"
)

// ByFingerprints finds certificates by the SHA-256 of their DER, in one query: those that renewals name. What the
// ledger does not have is not in the map.
func (l *Ledger) ByFingerprints(ctx context.Context, fingerprints []string) (map[string]Certificate, error) {
	found := map[string]Certificate{}
	if len(fingerprints) == 0 {
		return found, nil
	}
	var short, whole []any
	for _, f := range fingerprints {
		args := fingerprintArgs(f)
		short, whole = append(short, args[0]), append(whole, args[1])
	}
	list := marks(len(fingerprints))
	where := "WHERE substr(c.fingerprint, 1, 8) IN " + list + " AND c.fingerprint IN " + list
	for k, err := range l.certificates(ctx, where, append(short, whole...)...) {
		if err != nil {
			return nil, err
		}
		found[k.Fingerprint] = k
	}
	return found, nil
}

// Successors finds the certificates that replace others, in one query: by the fingerprint of the replaced one, the
// oldest first.
func (l *Ledger) Successors(ctx context.Context, fingerprints []string) (map[string][]Certificate, error) {
	found := map[string][]Certificate{}
	if len(fingerprints) == 0 {
		return found, nil
	}
	var short, whole []any
	for _, f := range fingerprints {
		args := fingerprintArgs(f)
		short, whole = append(short, args[0]), append(whole, args[1])
	}
	list := marks(len(fingerprints))
	where := `WHERE c.replaces IN (SELECT num FROM certificates WHERE substr(fingerprint, 1, 8) IN ` + list +
		` AND fingerprint IN ` + list + `) ORDER BY c.num`
	for k, err := range l.certificates(ctx, where, append(short, whole...)...) {
		if err != nil {
			return nil, err
		}
		found[k.Replaces] = append(found[k.Replaces], k)
	}
	return found, nil
}

// Recent finds the certificates of each place that were issued at since or later, in one query, the oldest first. The
// result has the order of places.
func (l *Ledger) Recent(ctx context.Context, places []Place, since time.Time) ([][]Certificate, error) {
	found := make([][]Certificate, len(places))
	if len(places) == 0 {
		return found, nil
	}
	args := make([]any, 0, 2*len(places)+1)
	for i, one := range places {
		number, err := one.number()
		if err != nil {
			return nil, err
		}
		args = append(args, i, number)
	}
	type row struct {
		place int
		Certificate
	}
	scan := func(rows *sql.Rows) (r row, err error) {
		return r, rows.Scan(append([]any{&r.place}, r.Certificate.fields()...)...)
	}
	for r, err := range each(ctx, l.reader, scan, recentQuery(len(places)), append(args, seconds(since))...) {
		if err != nil {
			return nil, err
		}
		if places[r.place].key() == r.Certificate.Place().key() {
			found[r.place] = append(found[r.place], r.Certificate)
		}
	}
	return found, nil
}

func recentQuery(places int) string {
	return "WITH place (n, number) AS (VALUES (?, ?)" + strings.Repeat(", (?, ?)", places-1) + ") SELECT place.n, " +
		certificateColumns + ` FROM place CROSS JOIN certificates AS c INDEXED BY certificates_place
		ON c.place = place.number ` + joinCertificates + `WHERE c.superseded IN (0, 1) AND c.issued >= ?
		ORDER BY place.n, c.num`
}
