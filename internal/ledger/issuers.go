package ledger

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"time"
)

// certificates adds the rows of issued certificates, and their leaves. The answer's other part, the chain, is stored
// once for all certificates that have it.
func (w *writing) certificates(steps []*step) error {
	replaced, err := w.replaced(steps)
	if err != nil {
		return err
	}
	var rows, ders []any
	known, last := map[string]signedBy{}, newest(steps)
	for _, s := range steps {
		k := s.Certificate
		if k == nil {
			continue
		}
		by, err := w.issuer(s.Change, known)
		if err != nil {
			return fmt.Errorf("recording issuer %q: %w", k.Issuer, err)
		}
		names, err := list(k.Names)
		if err != nil {
			return err
		}
		rows = append(rows, s.certificate, s.num, packed(k.Serial), by.issuer, orNull(by.chain),
			orNull(replaced[k.Replaces]), k.Origin, k.Status, k.Profile, k.Requester, k.Node, k.Subject, names,
			placeNumber(k.Requester, k.Profile, k.Subject, k.Node, names), last[k.Place().key()] != s,
			seconds(k.Issued),
			seconds(k.NotBefore), seconds(k.NotAfter), packed(k.Fingerprint))
		ders = append(ders, s.certificate, s.Signed.Leaf.Raw)
	}
	if _, err := w.put(w.ctx, addCertificates, rows); err != nil {
		return err
	}
	w.certificateCount += int64(len(rows) / addCertificates.width)
	if _, err = w.put(w.ctx, addDERs, ders); err != nil {
		return err
	}
	return w.supersede(last, replaced)
}

// replaced finds the rows of the certificates that a batch renews, by fingerprint.
func (w *writing) replaced(steps []*step) (map[string]int64, error) {
	found := map[string]int64{}
	for _, s := range steps {
		if s.Certificate == nil || s.Certificate.Replaces == "" {
			continue
		}
		var num int64
		row := w.conn.QueryRowContext(w.ctx, "SELECT num FROM certificates AS c WHERE "+byFingerprint,
			fingerprintArgs(s.Certificate.Replaces)...)
		err := row.Scan(&num)
		if errors.Is(err, sql.ErrNoRows) {
			return nil, fmt.Errorf("recording request %s: the ledger has no certificate %s to replace",
				s.Request.ID.Short(), s.Certificate.Replaces)
		}
		if err != nil {
			return nil, err
		}
		found[s.Certificate.Replaces] = num
	}
	return found, nil
}

// byFingerprint uses the index of the first eight bytes.
const byFingerprint = "substr(c.fingerprint, 1, 8) = ? AND c.fingerprint = ?"

func fingerprintArgs(fingerprint string) []any {
	b, _ := hex.DecodeString(fingerprint) // what is not hex finds nothing
	return []any{b[:min(8, len(b))], b}
}

// signedBy are the numbers of an issuer's and of a chain's row; chain is 0 where there is none.
type signedBy struct{ issuer, chain int64 }

// issuer gives the rows of the issuer and of the chain of a change's certificate; new ones are added. known saves
// asking again for each certificate of a batch.
func (w *writing) issuer(c *Change, known map[string]signedBy) (by signedBy, err error) {
	authority := c.Signed.Issuer
	if authority == nil {
		return by, errors.New("its certificate is missing")
	}
	var chain []byte
	for _, one := range c.Signed.Chain {
		chain = append(chain, one.Raw...)
	}
	key := c.Certificate.Issuer + "\x00" + string(authority.Raw) + string(chain)
	if by, ok := known[key]; ok {
		return by, nil
	}
	if by.issuer, err = w.authority(c.Certificate.Issuer, authority, c.Certificate.Issued); err != nil {
		return by, err
	}
	if by.chain, err = w.chain(chain); err != nil {
		return by, err
	}
	known[key] = by
	return by, nil
}

// chain gives the row of a chain, which is added where it is new.
func (w *writing) chain(ders []byte) (num int64, err error) {
	if len(ders) == 0 {
		return 0, nil
	}
	if _, err := w.conn.ExecContext(w.ctx, "INSERT OR IGNORE INTO chains (der) VALUES (?)", ders); err != nil {
		return 0, err
	}
	return num, w.conn.QueryRowContext(w.ctx, "SELECT num FROM chains WHERE der = ?", ders).Scan(&num)
}

// authority finds an issuer's generation by its certificate, or adds it as the name's newest.
func (w *writing) authority(name string, certificate *x509.Certificate, now time.Time) (num int64, err error) {
	fingerprint := sha256.Sum256(certificate.Raw)
	row := w.conn.QueryRowContext(w.ctx, "SELECT num FROM issuers WHERE fingerprint = ?", fingerprint[:])
	if err = row.Scan(&num); !errors.Is(err, sql.ErrNoRows) {
		return num, err
	}
	if num, err = w.migrated(name, certificate); err != nil {
		return 0, err
	}
	if num != 0 {
		_, err := w.conn.ExecContext(w.ctx, "UPDATE issuers SET fingerprint = ?, der = ? WHERE num = ?",
			fingerprint[:], certificate.Raw, num)
		return num, err
	}
	result, err := w.conn.ExecContext(w.ctx, `INSERT INTO issuers (name, generation, fingerprint, der, state, since)
		SELECT ?1, 1 + count(*), ?2, ?3, 'Active', ?4 FROM issuers WHERE name = ?1`,
		name, fingerprint[:], certificate.Raw, seconds(now))
	if err != nil {
		return 0, err
	}
	return result.LastInsertId()
}

// migratedQuery reads issuers first: SQLite would rather read all certificates, in the first transaction of every new
// issuer, only to find that no issuer lacks its certificate. What version 1 issued has the lowest numbers.
const migratedQuery = `SELECT issuers.num, ders.der FROM issuers
	CROSS JOIN certificates NOT INDEXED ON certificates.issuer = issuers.num
	CROSS JOIN ders ON ders.certificate = certificates.num
	WHERE issuers.name = ? AND issuers.der IS NULL AND ders.der IS NOT NULL LIMIT 1`

// migrated finds the row of an issuer whose certificate version 1 did not keep: the one of that name without a
// certificate, where this certificate's key signed what was issued by it.
func (w *writing) migrated(name string, certificate *x509.Certificate) (num int64, err error) {
	var der []byte
	row := w.conn.QueryRowContext(w.ctx, migratedQuery, name)
	err = row.Scan(&num, &der)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil || !bytes.Equal(leaf.RawIssuer, certificate.RawSubject) ||
		leaf.CheckSignatureFrom(certificate) != nil {
		return 0, nil
	}
	return num, nil
}
