package ledger

import (
	"context"
	"database/sql"
	"iter"

	"ca-exchange/internal/pki"
)

const (
	certificateColumns = `c.serial, asked.id, c.origin, c.status, c.profile,
	c.requester, c.node, c.subject, c.names, i.name, i.generation,
	(SELECT fingerprint FROM certificates WHERE num = c.replaces), c.issued, c.not_before, c.not_after, c.fingerprint,
	asked.key_fingerprint`

	// fromCertificates reads certificates first: there are three issuers, so SQLite would begin with them.
	fromCertificates = " FROM certificates AS c " + joinCertificates

	joinCertificates = `CROSS JOIN issuers AS i ON i.num = c.issuer ` +
		`CROSS JOIN requests AS asked ON asked.num = c.request `
)

// fields are where a certificate's columns go.
func (k *Certificate) fields() []any {
	return []any{(*hexText)(&k.Serial), (*idColumn)(&k.Request), &k.Origin, &k.Status, &k.Profile, &k.Requester,
		&k.Node, &k.Subject, jsonColumn{&k.Names}, &k.Issuer, &k.Generation, (*hexText)(&k.Replaces),
		(*timeColumn)(&k.Issued), (*timeColumn)(&k.NotBefore), (*timeColumn)(&k.NotAfter), (*hexText)(&k.Fingerprint),
		(*hexText)(&k.KeyFingerprint)}
}

func scanCertificate(rows *sql.Rows) (k Certificate, err error) { return k, rows.Scan(k.fields()...) }

// certificates runs a query for certificates; rest follows the tables that it reads.
func (l *Ledger) certificates(ctx context.Context, rest string, args ...any) iter.Seq2[Certificate, error] {
	return each(ctx, l.reader, scanCertificate, "SELECT "+certificateColumns+fromCertificates+rest, args...)
}

// Certificate finds one by serial; ok is false where there is none. Of two issuers' certificates with one serial it is
// the newer.
func (l *Ledger) Certificate(ctx context.Context, serial string) (k Certificate, ok bool, err error) {
	return first(l.certificates(ctx, "WHERE c.serial = ? ORDER BY c.num DESC LIMIT 1", packed(serial)))
}

// CertificateByFingerprint finds the one that a renewal names; ok is false where there is none.
func (l *Ledger) CertificateByFingerprint(ctx context.Context, fingerprint string) (k Certificate, ok bool, err error) {
	return first(l.certificates(ctx, "WHERE "+byFingerprint, fingerprintArgs(fingerprint)...))
}

// CertificatesFor finds the present certificates of a batch of requests, in one query.
func (l *Ledger) CertificatesFor(ctx context.Context, ids []pki.ID) (map[pki.ID]Certificate, error) {
	found := map[pki.ID]Certificate{}
	if len(ids) == 0 {
		return found, nil
	}
	type row struct {
		asked pki.ID // it may have been linked to a certificate that was taken over without it
		Certificate
	}
	scan := func(rows *sql.Rows) (r row, err error) {
		return r, rows.Scan(append([]any{(*idColumn)(&r.asked)}, r.Certificate.fields()...)...)
	}
	query := "SELECT r.id, " + certificateColumns + ` FROM requests AS r
		CROSS JOIN certificates AS c ON c.num = r.certificate ` + joinCertificates + `WHERE r.id IN ` + marks(len(ids))
	for r, err := range each(ctx, l.reader, scan, query, idArgs(ids)...) {
		if err != nil {
			return nil, err
		}
		found[r.asked] = r.Certificate
	}
	return found, nil
}
