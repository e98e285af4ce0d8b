package ledger

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"database/sql"
	"errors"
	"iter"
	"time"

	"ca-exchange/internal/pki"
)

// CRL is the row of a signed CRL.
type CRL struct {
	Number     int64
	ThisUpdate time.Time
	NextUpdate time.Time
	Entries    int
	SHA256     string // of its DER, hex
}

// CRLState is what the ledger knows of an issuer's CRLs.
type CRLState struct {
	Last        CRL   // the zero value: none was signed
	Revocations int64 // of the issuer, of all time
	Owed        bool  // a serial was revoked that Last does not have
}

// Signed reports whether the issuer has a CRL.
func (s CRLState) Signed() bool { return s.Last.Number > 0 }

// listedAfter holds for the revocations r that belong in the CRL after one that began at a time: an entry leaves one
// CRL after its certificate's end (RFC 5280 3.3). Those that the ledger never saw have no end, and stay.
const listedAfter = `FROM revocations AS r LEFT JOIN certificates AS c ON c.num = r.certificate
	WHERE r.issuer = (SELECT num FROM issuers WHERE fingerprint = ?) AND (c.num IS NULL OR c.not_after >= ?)`

// CRLState reads what is known of an issuer, which its certificate names.
func (l *Ledger) CRLState(ctx context.Context, authority *x509.Certificate) (s CRLState, err error) {
	tx, err := l.reader.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return s, err
	}
	defer tx.Rollback()
	fingerprint := sha256.Sum256(authority.Raw)
	// The last CRL lists what belonged into it by the one before: whatever else is counted now was revoked since.
	before, err := lastCRLs(ctx, tx, fingerprint[:], &s.Last)
	if err != nil {
		return s, err
	}
	var listed int
	row := tx.QueryRowContext(ctx, "SELECT count(*) "+listedAfter, fingerprint[:], before)
	if err := row.Scan(&listed); err != nil {
		return s, err
	}
	s.Owed = s.Signed() && listed != s.Last.Entries
	row = tx.QueryRowContext(ctx, `SELECT count(*) FROM revocations
		WHERE issuer = (SELECT num FROM issuers WHERE fingerprint = ?)`, fingerprint[:])
	if err := row.Scan(&s.Revocations); err != nil {
		return s, err
	}
	s.Owed = s.Owed || !s.Signed() && s.Revocations > 0
	return s, nil
}

// lastCRLs reads an issuer's last CRL, and gives the begin of the one before; 0 where there is none.
func lastCRLs(ctx context.Context, tx *sql.Tx, fingerprint []byte, last *CRL) (before int64, err error) {
	rows, err := tx.QueryContext(ctx, `SELECT number, this_update, next_update, entries, sha256 FROM crls
		WHERE issuer = (SELECT num FROM issuers WHERE fingerprint = ?) ORDER BY number DESC LIMIT 2`, fingerprint)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	for n := 0; rows.Next(); n++ {
		var c CRL
		if err := rows.Scan(&c.Number, (*timeColumn)(&c.ThisUpdate), (*timeColumn)(&c.NextUpdate), &c.Entries,
			(*hexText)(&c.SHA256)); err != nil {
			return 0, err
		}
		if n == 0 {
			*last = c
		} else {
			before = seconds(c.ThisUpdate)
		}
	}
	return before, rows.Err()
}

// Entries lists what belongs in an issuer's next CRL, in the order of revocation: the CRL entries in DER.
func (l *Ledger) Entries(ctx context.Context, authority *x509.Certificate, last CRL) iter.Seq2[[]byte, error] {
	fingerprint := sha256.Sum256(authority.Raw)
	scan := func(rows *sql.Rows) (entry []byte, err error) { return entry, rows.Scan(&entry) }
	begin := int64(0)
	if last.Number > 0 {
		begin = seconds(last.ThisUpdate)
	}
	return each(ctx, l.reader, scan, "SELECT entry "+listedAfter+" ORDER BY r.num", fingerprint[:], begin)
}

// RecordCRL makes a CRL known before anybody sees it. state is what it was made by: ErrConflict means that another
// process revoked or signed meanwhile, and that this CRL must not be published.
func (l *Ledger) RecordCRL(ctx context.Context, a pki.Authority, crl CRL, state CRLState, e Event) error {
	return l.transaction(ctx, func(w *writing) error {
		issuer, name, err := w.authorityNamed(a.Name, a.Certificate, e.Time)
		if err != nil {
			return err
		}
		var last, revocations int64
		row := w.conn.QueryRowContext(w.ctx, `SELECT (SELECT coalesce(max(number), 0) FROM crls WHERE issuer = ?1),
			(SELECT count(*) FROM revocations WHERE issuer = ?1)`, issuer)
		if err := row.Scan(&last, &revocations); err != nil {
			return err
		}
		if last != state.Last.Number || revocations != state.Revocations {
			return ErrConflict
		}
		if crl.Number <= last {
			return errors.New("the number of the CRL is not above the last one's")
		}
		if _, err := w.conn.ExecContext(w.ctx, `INSERT INTO crls
			(issuer, number, this_update, next_update, entries, sha256) VALUES (?, ?, ?, ?, ?, ?)`,
			issuer, crl.Number, seconds(crl.ThisUpdate), seconds(crl.NextUpdate), crl.Entries,
			packed(crl.SHA256)); err != nil {
			return err
		}
		e.Kind, e.Detail = EventCRLSigned, with(crl.detail(name), e.Detail)
		return w.append(&e, 0)
	})
}

// detail is what the event of a CRL says of it: all of its row.
func (c CRL) detail(issuer string) map[string]string {
	return map[string]string{
		"issuer": issuer, "number": numberText(c.Number), "thisUpdate": stamp(c.ThisUpdate),
		"nextUpdate": stamp(c.NextUpdate), "entries": numberText(int64(c.Entries)), "sha256": c.SHA256,
	}
}

// CRLMarks give the newest rows of revocations and CRLs: while both are the same, nothing was revoked or signed.
func (l *Ledger) CRLMarks(ctx context.Context) (marks [2]int64, err error) {
	row := l.reader.QueryRowContext(ctx, `SELECT (SELECT coalesce(max(num), 0) FROM revocations),
		(SELECT coalesce(max(num), 0) FROM crls)`)
	return marks, row.Scan(&marks[0], &marks[1])
}
