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

// Lineage is what certificates of one place have in common.
type Lineage struct {
	Requester string
	Profile   string
	Subject   string
	Names     []string // in the order of the plan
}

// Recent finds the certificates of each lineage that were issued at since or later, in one query, the oldest first.
// The result has the order of lineages.
func (l *Ledger) Recent(ctx context.Context, lineages []Lineage, since time.Time) ([][]Certificate, error) {
	found := make([][]Certificate, len(lineages))
	if len(lineages) == 0 {
		return found, nil
	}
	args := make([]any, 0, 5*len(lineages)+1)
	for i, one := range lineages {
		names, err := list(one.Names)
		if err != nil {
			return nil, err
		}
		args = append(args, i, one.Requester, one.Profile, one.Subject, names)
	}
	type row struct {
		lineage int
		Certificate
	}
	scan := func(rows *sql.Rows) (r row, err error) {
		return r, rows.Scan(append([]any{&r.lineage}, r.Certificate.fields()...)...)
	}
	for r, err := range each(ctx, l.reader, scan, recentQuery(len(lineages)), append(args, seconds(since))...) {
		if err != nil {
			return nil, err
		}
		found[r.lineage] = append(found[r.lineage], r.Certificate)
	}
	return found, nil
}

func recentQuery(lineages int) string {
	row := "(?, ?, ?, ?, ?)"
	return "WITH lineage (n, requester, profile, subject, names) AS (VALUES " + row +
		strings.Repeat(", "+row, lineages-1) + ") SELECT lineage.n, " + certificateColumns +
		` FROM lineage CROSS JOIN certificates AS c INDEXED BY certificates_history
		ON c.requester = lineage.requester AND c.profile = lineage.profile
		CROSS JOIN issuers AS i ON i.num = c.issuer
		WHERE c.issued >= ? AND c.subject = lineage.subject AND c.names = lineage.names ORDER BY lineage.n, c.num`
}
