package ledger

import (
	"context"
	"database/sql"
	"iter"
	"time"

	"ca-exchange/internal/pki"
)

const certificateColumns = `serial, (SELECT id FROM requests WHERE num = certificates.request), profile, subject, names,
	issuer, not_before, not_after, status, requester, fingerprint, key_fingerprint`

func scanCertificate(rows *sql.Rows) (Certificate, error) {
	var k Certificate
	var id, names, notBefore, notAfter string
	if err := rows.Scan(&k.Serial, &id, &k.Profile, &k.Subject, &names, &k.Issuer, &notBefore, &notAfter, &k.Status,
		&k.Requester, &k.Fingerprint, &k.KeyFingerprint); err != nil {
		return k, err
	}
	var c columns
	k.Request, k.NotBefore, k.NotAfter = c.id(id), c.time(notBefore), c.time(notAfter)
	c.json(names, &k.Names)
	return k, c.err
}

// Certificate finds one by serial; ok is false where there is none.
func (l *Ledger) Certificate(ctx context.Context, serial string) (k Certificate, ok bool, err error) {
	query := "SELECT " + certificateColumns + " FROM certificates WHERE serial = ?"
	return first(each(ctx, l.reader, scanCertificate, query, serial))
}

// CertificateByFingerprint finds the one that a renewal names; ok is false where there is none. It reads every row:
// only a person's look at a renewal asks for it.
func (l *Ledger) CertificateByFingerprint(ctx context.Context, fingerprint string) (k Certificate, ok bool, err error) {
	query := "SELECT " + certificateColumns + " FROM certificates WHERE fingerprint = ?"
	return first(each(ctx, l.reader, scanCertificate, query, fingerprint))
}

// CertificatesFor finds the present certificates of a batch of requests, in one query.
func (l *Ledger) CertificatesFor(ctx context.Context, ids []pki.ID) (map[pki.ID]Certificate, error) {
	found := map[pki.ID]Certificate{}
	if len(ids) == 0 {
		return found, nil
	}
	marks, args := in(ids)
	query := "SELECT " + certificateColumns + ` FROM certificates
		WHERE serial IN (SELECT serial FROM requests WHERE id IN ` + marks + ")"
	for k, err := range each(ctx, l.reader, scanCertificate, query, args...) {
		if err != nil {
			return nil, err
		}
		found[k.Request] = k
	}
	return found, nil
}

// Certificates lists certificates by their end: those that end between from and until.
func (l *Ledger) Certificates(ctx context.Context, from, until time.Time) iter.Seq2[Certificate, error] {
	query := "SELECT " + certificateColumns + ` FROM certificates
		WHERE not_after >= ? AND not_after <= ? ORDER BY not_after, serial`
	return each(ctx, l.reader, scanCertificate, query, stamp(from), stamp(until))
}
