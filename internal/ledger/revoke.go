package ledger

import (
	"context"
	"crypto/x509"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"math/big"
	"strconv"
	"time"

	"ca-exchange/internal/pki"
)

// Revoking is what a person revokes together.
type Revoking struct {
	Targets []Target
	Reason  pki.Reason
	Since   time.Time         // zero: not said
	At      time.Time         // now
	By      map[string]string // the person, for the events
}

// Target is a serial of an issuer: of a generation that the ledger has, or of the one with this certificate.
type Target struct {
	Issuer     string
	Generation int               // from 1; 0 where Authority is given
	Authority  *x509.Certificate // nil where Generation is given
	Serial     string            // lower-case hex, whole octets
}

// Revocation is the row of a revoked serial.
type Revocation struct {
	Serial      string
	Issuer      string
	Fingerprint string    // of the certificate, "" where the ledger never saw it
	Request     string    // its id, hex; "" likewise
	NotAfter    time.Time // of the certificate, zero likewise
	Time        time.Time
	Reason      pki.Reason
	Since       time.Time // zero: not said
}

// ErrRevoked reports that a serial is revoked already.
var ErrRevoked = errors.New("it is revoked already")

// Revoke records revocations in one transaction: their rows with the entries for CRLs, the status of the certificates
// that the ledger has, and an event each. ErrRevoked, which names the serial: nothing was written.
func (l *Ledger) Revoke(ctx context.Context, r Revoking) error {
	return l.transaction(ctx, func(w *writing) error {
		for _, t := range r.Targets {
			if err := w.revoke(r, t); err != nil {
				return fmt.Errorf("revoking serial %s of issuer %q: %w", t.Serial, t.Issuer, err)
			}
		}
		return nil
	})
}

func (w *writing) revoke(r Revoking, t Target) error {
	revocation, err := r.revocation(t.Serial)
	if err != nil {
		return err
	}
	return w.addRevocation(t, revocation, r.At, Event{Time: r.At, Detail: r.By})
}

// addRevocation writes the row of a revocation that was made at a time, and its event.
func (w *writing) addRevocation(t Target, r pki.Revocation, made time.Time, e Event) error {
	issuer, name, err := w.issuerOf(t, e.Time)
	if err != nil {
		return err
	}
	entry, err := r.Entry()
	if err != nil {
		return err
	}
	var certificate, about int64
	row := w.conn.QueryRowContext(w.ctx, `SELECT c.num, r.num, r.id FROM certificates AS c
		CROSS JOIN requests AS r ON r.num = c.request WHERE c.serial = ? AND c.issuer = ?`, packed(t.Serial), issuer)
	err = row.Scan(&certificate, &about, (*hexText)(&e.Request))
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	result, err := w.conn.ExecContext(w.ctx, `INSERT OR IGNORE INTO revocations
		(issuer, serial, certificate, time, reason, since, entry) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		issuer, packed(t.Serial), orNull(certificate), seconds(made), int(r.Reason), orNever(r.Since), entry)
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		return errors.Join(err, ErrRevoked)
	}
	const revoked = "UPDATE certificates SET status = 'Revoked' WHERE num = ?"
	if _, err := w.conn.ExecContext(w.ctx, revoked, certificate); err != nil {
		return err
	}
	detail := map[string]string{"issuer": name, "reason": r.Reason.String(), entryKey: hex.EncodeToString(entry)}
	if !r.Since.IsZero() {
		detail["since"] = stamp(r.Since)
	}
	e.Kind, e.Serial, e.Detail = EventRevoked, t.Serial, with(detail, e.Detail)
	return w.append(&e, about)
}

// issuerOf finds the issuer of a target, and the name that its row has.
func (w *writing) issuerOf(t Target, now time.Time) (num int64, name string, err error) {
	if t.Authority != nil {
		return w.authorityNamed(t.Issuer, t.Authority, now)
	}
	row := w.conn.QueryRowContext(w.ctx, "SELECT num FROM issuers WHERE name = ? AND generation = ?", t.Issuer,
		t.Generation)
	return num, t.Issuer, row.Scan(&num)
}

// authorityNamed is authority with the name that the issuer's row has.
func (w *writing) authorityNamed(
	name string, certificate *x509.Certificate, now time.Time,
) (num int64, recorded string, err error) {
	if num, err = w.authority(name, certificate, now); err != nil {
		return 0, "", err
	}
	row := w.conn.QueryRowContext(w.ctx, "SELECT name FROM issuers WHERE num = ?", num)
	return num, recorded, row.Scan(&recorded)
}

// entryKey is the key under which the event of a revocation holds the CRL entry, in hex: the chain vouches for it.
const entryKey = "entry"

// revocation is what a CRL says of a serial. It is backdated as the CRL is, which may be signed in the same second.
func (r Revoking) revocation(serial string) (pki.Revocation, error) {
	number, ok := new(big.Int).SetString(serial, 16)
	if !ok || number.Sign() <= 0 || pki.SerialHex(number) != serial {
		return pki.Revocation{}, fmt.Errorf("%q is not a serial in hex", serial)
	}
	return pki.Revocation{Serial: number, Time: r.At.Add(-pki.Backdate), Reason: r.Reason, Since: r.Since}, nil
}

// orNever stores a time that may be unknown.
func orNever(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return seconds(t)
}

const revocationColumns = `r.serial, i.name, c.fingerprint, coalesce(q.id, x''), coalesce(c.not_after, 0), r.time,
	r.reason, coalesce(r.since, 0)`

// scanRevocation reads revocationColumns.
func scanRevocation(rows *sql.Rows) (r Revocation, err error) {
	return r, rows.Scan((*hexText)(&r.Serial), &r.Issuer, (*hexText)(&r.Fingerprint), (*hexText)(&r.Request),
		(*mayTime)(&r.NotAfter), (*timeColumn)(&r.Time), &r.Reason, (*mayTime)(&r.Since))
}

// Revocations lists what is revoked, newest first; those of one serial where it is not "".
func (l *Ledger) Revocations(ctx context.Context, serial string) iter.Seq2[Revocation, error] {
	query := "SELECT " + revocationColumns + ` FROM revocations AS r CROSS JOIN issuers AS i ON i.num = r.issuer
		LEFT JOIN certificates AS c ON c.num = r.certificate LEFT JOIN requests AS q ON q.num = c.request `
	if serial == "" {
		return each(ctx, l.reader, scanRevocation, query+"ORDER BY r.num DESC")
	}
	where := "WHERE r.serial = ? AND r.issuer IN (SELECT num FROM issuers) ORDER BY r.num DESC"
	return each(ctx, l.reader, scanRevocation, query+where, packed(serial))
}

// String is a revocation for people.
func (r Revocation) String() string {
	text := r.Time.Format(time.RFC3339) + ", " + r.Reason.String()
	if !r.Since.IsZero() {
		text += ", since " + r.Since.Format(time.RFC3339)
	}
	return text
}

// numberText is how an event writes a number.
func numberText(n int64) string { return strconv.FormatInt(n, 10) }
