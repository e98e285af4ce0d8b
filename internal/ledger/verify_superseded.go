package ledger

import (
	"context"
	"database/sql"
)

// newer holds for a row s of certificates that supersedes a row c of its place.
const newer = "s.status = 'Issued' AND s.issued >= c.issued AND (s.issued, s.num) > (c.issued, c.num) AND " + samePlace

// misstated finds the certificates of which the column superseded does not say what the other rows say. It looks first
// at the one that is in use: a place may have many others.
const misstated = `SELECT c.serial FROM certificates AS c
	WHERE c.superseded <> (c.status = 'Issued' AND (
		EXISTS (SELECT 1 FROM certificates AS s WHERE s.superseded = 0 AND ` + newer + `) OR
		EXISTS (SELECT 1 FROM certificates AS s WHERE s.replaces = c.num AND s.status = 'Issued') OR
		EXISTS (SELECT 1 FROM certificates AS s WHERE s.superseded = 1 AND ` + newer + `)))`

// superseded compares the column of that name with the rows that it follows from.
func (v *verification) superseded(ctx context.Context, db *sql.DB) error {
	scan := func(rows *sql.Rows) (serial hexText, err error) { return serial, rows.Scan(&serial) }
	for serial, err := range each(ctx, db, scan, misstated) {
		if err != nil {
			return err
		}
		v.differ(ofCertificates, "certificate %s: its row does not say whether another one superseded it", serial)
	}
	return nil
}

// issuedOnly finds the events that issued a certificate which the tables do not have.
const issuedOnly = `SELECT e.seq, e.serial FROM events AS e NOT INDEXED CROSS JOIN requests AS r ON r.num = e.about
	WHERE e.kind IN ` + issuingKinds + ` AND
	CASE WHEN (SELECT serial = e.serial FROM certificates WHERE num = r.certificate) THEN 0
	ELSE NOT EXISTS (SELECT 1 FROM certificates AS c WHERE c.serial = e.serial AND c.request = e.about) END`

// missing finds certificates that were removed.
func (v *verification) missing(ctx context.Context, db *sql.DB) error {
	type issued struct {
		seq    int64
		serial hexText
	}
	scan := func(rows *sql.Rows) (i issued, err error) { return i, rows.Scan(&i.seq, &i.serial) }
	for i, err := range each(ctx, db, scan, issuedOnly) {
		if err != nil {
			return err
		}
		v.differ(ofCertificates, "certificate %s, which event %d issued, is missing", i.serial, i.seq)
	}
	return nil
}
