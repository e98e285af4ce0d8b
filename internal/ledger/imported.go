package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"ca-exchange/internal/pki"
)

// Imported is a certificate that an issuer of this CA signed elsewhere, found in another CA's records. The caller has
// verified its signature.
type Imported struct {
	Signed  *pki.Certificate // with the chain of its issuer
	Issuer  string           // its name
	Profile string           // by subject and usages, "" where none fits
	File    string           // where it was found
	At      time.Time
}

// reasonImported is the reason of certificates that came from another CA's records.
const reasonImported = "Imported"

// Change records the certificate as one that nobody here asked for; the event is Imported. by says which person did it.
func (i Imported) Change(by map[string]string) Change {
	k := described(i.Signed.Leaf)
	at := i.At.UTC().Truncate(time.Second)
	c := Change{Signed: i.Signed, Certificate: &k, Request: Request{
		ID: pki.ImportID(i.Signed.Leaf.Raw), Kind: KindCertificate, Status: Issued, Profile: i.Profile,
		KeyFingerprint: k.KeyFingerprint, Subject: k.Subject, Names: k.Names, Reason: reasonImported,
		Serial: k.Serial, Received: at, Decided: at,
	}}
	k.Request, k.Origin, k.Status, k.Issuer, k.Profile = c.Request.ID, OriginImported, Valid, i.Issuer, i.Profile
	k.Issued = k.NotBefore
	c.Event = event(EventImported, &c.Request, map[string]string{"file": i.File}, by)
	return c
}

// BySerials finds an issuer's certificates by their serials, in one query. What the ledger does not have is not in the
// map.
func (l *Ledger) BySerials(ctx context.Context, issuer string, serials []string) (map[string]Certificate, error) {
	found := map[string]Certificate{}
	if len(serials) == 0 {
		return found, nil
	}
	args := make([]any, 0, len(serials)+1)
	for _, s := range serials {
		args = append(args, packed(s))
	}
	where := "WHERE c.serial IN " + marks(len(serials)) + " AND i.name = ? ORDER BY c.num"
	for k, err := range l.certificates(ctx, where, append(args, issuer)...) {
		if err != nil {
			return nil, err
		}
		found[k.Serial] = k
	}
	return found, nil
}

// ImportedRevocation is a revocation that another CA made before it was recorded here.
type ImportedRevocation struct {
	Target
	pki.Revocation
}

// Import records certificates and revocations of another CA in one transaction. The revocations have the times that
// they were made, their events both times. Serials that are revoked already are left out; revoked counts the others.
func (l *Ledger) Import(
	ctx context.Context, changes []Change, revocations []ImportedRevocation, event Event,
) (revoked int, err error) {
	event.Time = event.Time.UTC().Truncate(time.Second)
	err = l.transaction(ctx, func(w *writing) error {
		if err := w.record(changes); err != nil {
			return err
		}
		for _, r := range revocations {
			e := event
			e.Detail = with(map[string]string{"time": stamp(r.Time)}, event.Detail)
			switch err := w.addRevocation(r.Target, r.Revocation, r.Time, e); {
			case errors.Is(err, ErrRevoked):
			case err != nil:
				return fmt.Errorf("revoking serial %s of issuer %q: %w", r.Target.Serial, r.Issuer, err)
			default:
				revoked++
			}
		}
		return nil
	})
	return revoked, err
}

// RevokedSerials gives those of an issuer's serials that are revoked.
func (l *Ledger) RevokedSerials(ctx context.Context, issuer string, serials []string) (map[string]bool, error) {
	args := make([]any, 0, len(serials)+1)
	for _, s := range serials {
		args = append(args, packed(s))
	}
	scan := func(rows *sql.Rows) (serial hexText, err error) { return serial, rows.Scan(&serial) }
	query := "SELECT serial FROM revocations WHERE serial IN " + marks(len(serials)) +
		" AND issuer IN (SELECT num FROM issuers WHERE name = ?)"
	found := map[string]bool{}
	for serial, err := range each(ctx, l.reader, scan, query, append(args, issuer)...) {
		if err != nil {
			return nil, err
		}
		found[string(serial)] = true
	}
	return found, nil
}

// revoked turns those of a batch's certificates to Revoked that were revoked before anybody saw them.
func (w *writing) revoked(steps []*step) error {
	for _, s := range steps {
		if k := s.Certificate; k == nil || k.Origin == OriginIssued {
			continue
		}
		n, err := w.changed(`UPDATE revocations SET certificate = ?1 WHERE certificate IS NULL AND (issuer, serial) =
			(SELECT issuer, serial FROM certificates WHERE num = ?1)`, s.certificate)
		if err == nil && n > 0 {
			_, err = w.changed("UPDATE certificates SET status = 'Revoked' WHERE num = ?", s.certificate)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
