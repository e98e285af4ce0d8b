package ledger

import (
	"context"
	"database/sql"
	"fmt"
	"iter"
	"time"
)

// Log lists the events that were recorded at a time or later, in their order, one by one.
func (l *Ledger) Log(ctx context.Context, since time.Time) iter.Seq2[Event, error] {
	scan := func(rows *sql.Rows) (e Event, err error) {
		return e, rows.Scan(&e.Seq, (*timeColumn)(&e.Time), &e.Kind, &e.Request, (*hexText)(&e.Serial),
			jsonColumn{&e.Detail}, (*hexText)(&e.Hash))
	}
	query := `SELECT seq, time, kind, coalesce((SELECT lower(hex(id)) FROM requests WHERE num = about), ''), serial,
		detail, hash FROM events WHERE time >= ? ORDER BY seq`
	return each(ctx, l.reader, scan, query, seconds(since))
}

// CertificateAnswer gives a certificate with its chain as PEM, as it was published, by its serial; of two issuers'
// certificates with one serial the newer. The ledger must have it.
func (l *Ledger) CertificateAnswer(ctx context.Context, serial string) ([]byte, error) {
	query := `SELECT der, (SELECT der FROM chains WHERE num = chain),
			(SELECT answer FROM published WHERE certificate = c.num)
		FROM certificates AS c JOIN ders ON ders.certificate = c.num WHERE c.serial = ? ORDER BY c.num DESC LIMIT 1`
	var leaf, chain, published []byte
	if err := l.reader.QueryRowContext(ctx, query, packed(serial)).Scan(&leaf, &chain, &published); err != nil {
		return nil, fmt.Errorf("reading certificate %s: %w", serial, err)
	}
	if leaf == nil && published == nil {
		return nil, fmt.Errorf("reading certificate %s: %w", serial, l.archivedCertificate(ctx, serial))
	}
	return answer(leaf, chain, published)
}
