package ledger

import (
	"context"
	"database/sql"
	"time"

	"ca-exchange/internal/pki"
)

// The events of a kind, each with the row that it vouches for, whose columns are NULL where it is missing. An issuer's
// name may stand for several generations.
const (
	revokedByEvents = `SELECT e.seq, e.serial, coalesce(unixepoch(e.detail ->> 'time'), e.time), e.detail,
		r.num, r.time, r.reason, r.since, r.entry,
		r.certificate IS NULL OR (SELECT status = 'Revoked' AND serial = r.serial AND issuer = r.issuer
			FROM certificates WHERE num = r.certificate)
		FROM events AS e LEFT JOIN revocations AS r
			ON r.issuer IN (SELECT num FROM issuers WHERE name = e.detail ->> 'issuer') AND r.serial = e.serial
			AND r.entry = unhex(e.detail ->> 'entry')
		WHERE e.kind = 'Revoked' ORDER BY e.seq`

	crlsByEvents = `SELECT e.seq, e.detail, c.num, c.number, c.this_update, c.next_update, c.entries, c.sha256, i.name
		FROM events AS e LEFT JOIN crls AS c
			ON c.issuer IN (SELECT num FROM issuers WHERE name = e.detail ->> 'issuer')
			AND c.number = CAST(e.detail ->> 'number' AS INTEGER) AND c.sha256 = unhex(e.detail ->> 'sha256')
		LEFT JOIN issuers AS i ON i.num = c.issuer WHERE e.kind = 'CRLSigned' ORDER BY e.seq`

	revokedOnly = `SELECT serial FROM certificates WHERE status = 'Revoked'
		AND num NOT IN (SELECT certificate FROM revocations WHERE certificate IS NOT NULL)`
)

// vouchedRevocation is the event of a revocation with its row.
type vouchedRevocation struct {
	seq, at                  int64
	serial                   hexText
	detail                   string
	num, time, reason, since sql.NullInt64
	entry                    []byte
	certificate              sql.NullBool // its row says the same, or there is none
}

func scanVouchedRevocation(rows *sql.Rows) (r vouchedRevocation, err error) {
	return r, rows.Scan(&r.seq, &r.serial, &r.at, &r.detail, &r.num, &r.time, &r.reason, &r.since, &r.entry,
		&r.certificate)
}

// same reports whether the row says what its entry says, and when the event says. The event has the entry, too.
func (r vouchedRevocation) same() bool {
	entry, err := pki.ParseRevocation(r.entry)
	return err == nil && pki.SerialHex(entry.Serial) == string(r.serial) && int64(entry.Reason) == r.reason.Int64 &&
		r.time.Int64 == r.at && r.since.Valid != entry.Since.IsZero() &&
		(!r.since.Valid || r.since.Int64 == entry.Since.Unix())
}

// revocations compares each row with the event that it came with, and with the certificate; what was removed or added
// shows as an event without a row, or the other way round.
func (v *verification) revocations(ctx context.Context, db *sql.DB) error {
	known := marked{}
	for r, err := range each(ctx, db, scanVouchedRevocation, revokedByEvents) {
		switch {
		case err != nil:
			return err
		case !r.num.Valid:
			v.differ(ofCertificates, "the revocation of serial %s, which event %d recorded, is missing", r.serial,
				r.seq)
		case !r.same():
			v.differ(ofCertificates, "the revocation of serial %s is not what event %d recorded", r.serial, r.seq)
		case !r.certificate.Bool:
			v.differ(ofCertificates, "certificate %s: event %d revoked it, its row does not say so", r.serial, r.seq)
		}
		known.mark(r.num.Int64)
	}
	if err := known.others(ctx, db, "revocations", func(num int64) error {
		v.differ(ofCertificates, "revocation %d: no event recorded it", num)
		return nil
	}); err != nil {
		return err
	}
	scan := func(rows *sql.Rows) (serial hexText, err error) { return serial, rows.Scan(&serial) }
	for serial, err := range each(ctx, db, scan, revokedOnly) {
		if err != nil {
			return err
		}
		v.differ(ofCertificates, "certificate %s: its row says that it is revoked, no revocation does", serial)
	}
	return nil
}

// vouchedCRL is the event of a CRL with its row.
type vouchedCRL struct {
	seq                              int64
	event                            voucher
	num, number, begin, end, entries sql.NullInt64
	sum                              hexText
	issuer                           sql.NullString
}

func scanVouchedCRL(rows *sql.Rows) (c vouchedCRL, err error) {
	return c, rows.Scan(&c.seq, &c.event.detail, &c.num, &c.number, &c.begin, &c.end, &c.entries, &c.sum, &c.issuer)
}

// crls compares each row with the event that it came with.
func (v *verification) crls(ctx context.Context, db *sql.DB) error {
	known := marked{}
	for c, err := range each(ctx, db, scanVouchedCRL, crlsByEvents) {
		if err != nil {
			return err
		}
		says, err := c.event.says()
		if err != nil || !c.num.Valid {
			v.differ(ofCertificates, "CRL %s of issuer %q, which event %d recorded, is missing", says["number"],
				says["issuer"], c.seq)
			continue
		}
		known.mark(c.num.Int64)
		row := CRL{Number: c.number.Int64, ThisUpdate: time.Unix(c.begin.Int64, 0),
			NextUpdate: time.Unix(c.end.Int64, 0), Entries: int(c.entries.Int64), SHA256: string(c.sum)}
		for key, value := range row.detail(c.issuer.String) {
			if says[key] != value {
				v.differ(ofCertificates, "CRL %d of issuer %q: its row says %s %q, event %d %q", row.Number,
					c.issuer.String, key, value, c.seq, says[key])
			}
		}
	}
	return known.others(ctx, db, "crls", func(num int64) error {
		v.differ(ofCertificates, "the CRL of row %d: no event recorded it", num)
		return nil
	})
}
