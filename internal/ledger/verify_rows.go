package ledger

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"

	"ca-exchange/internal/pki"
)

// voucher is the event that stands for a row: its number, and what it says of it. Seq is 0 where there is none.
type voucher struct {
	seq    sql.NullInt64
	kind   sql.NullString
	detail sql.NullString
}

func (e *voucher) fields() []any { return []any{&e.seq, &e.kind, &e.detail} }

// says gives the event's detail.
func (e *voucher) says() (map[string]string, error) {
	var detail map[string]string
	return detail, json.Unmarshal([]byte(e.detail.String), &detail)
}

// issuingKinds are the events that come with a certificate.
const issuingKinds = "('Issued', 'Approved', 'Renewed', 'Recovered', 'Imported')"

// certificates compares each certificate's row with its DER, and both with the event that issued it.
func (v *verification) certificates(ctx context.Context, db *sql.DB) error {
	query := "SELECT " + certificateColumns + `, ders.der, i.der, ch.der, p.answer, e.seq, e.kind, e.detail ` +
		fromCertificates + `LEFT JOIN ders ON ders.certificate = c.num LEFT JOIN chains AS ch ON ch.num = c.chain
		LEFT JOIN published AS p ON p.certificate = c.num
		LEFT JOIN events AS e ON e.about = c.request AND e.serial = c.serial AND e.kind IN ` +
		issuingKinds + " ORDER BY c.num"
	scan := func(rows *sql.Rows) (s stored, err error) {
		fields := append(s.row.fields(), &s.der, &s.issuer, &s.chain, &s.answer)
		return s, rows.Scan(append(fields, s.event.fields()...)...)
	}
	for s, err := range each(ctx, db, scan, query) {
		if err != nil {
			return err
		}
		if err := s.check(func(format string, args ...any) {
			v.differ(ofCertificates, "certificate %s"+format, append([]any{s.row.Serial}, args...)...)
		}); err != nil {
			return err
		}
	}
	return nil
}

// stored is all that the ledger has of one certificate.
type stored struct {
	row                        Certificate
	der, issuer, chain, answer []byte
	event                      voucher
}

func (s *stored) check(differ func(format string, args ...any)) error {
	sum := sha256.Sum256(s.der)
	fingerprint := hex.EncodeToString(sum[:])
	if s.row.Fingerprint != fingerprint {
		differ(": its row has the fingerprint %s, its DER %s", s.row.Fingerprint, fingerprint)
	}
	if !s.event.seq.Valid {
		differ(": no event issued it to request %s", s.row.Request.Short())
		return nil
	}
	detail, err := s.event.says()
	if err != nil {
		differ(": event %d cannot be read: %v", s.event.seq.Int64, err)
		return nil
	}
	s.compareEvent(detail, fingerprint, differ)
	leaf, err := x509.ParseCertificate(s.der)
	if err != nil {
		differ(": its DER cannot be read: %v", err)
		return nil
	}
	s.compareLeaf(leaf, differ)
	s.comparePublished(leaf, differ)
	return nil
}

// compareEvent compares with what the event says. Events of version 1 name neither requester nor node.
func (s *stored) compareEvent(detail map[string]string, fingerprint string, differ func(string, ...any)) {
	pairs := []struct{ what, row, event string }{
		{"fingerprint", fingerprint, detail["fingerprint"]}, {"profile", s.row.Profile, detail["profile"]},
	}
	if detail[digestKey] != "" {
		pairs = append(pairs, []struct{ what, row, event string }{
			{"requester", s.row.Requester, detail["requester"]}, {"node", s.row.Node, detail["node"]},
			{"issuer", s.row.Issuer, detail["issuer"]}, {"replaced certificate", s.row.Replaces, detail["replaces"]},
		}...)
	}
	for _, p := range pairs {
		if p.row != p.event {
			differ(": its %s is %q, event %d says %q", p.what, p.row, s.event.seq.Int64, p.event)
		}
	}
}

// compareLeaf compares the columns that repeat what the certificate says.
func (s *stored) compareLeaf(leaf *x509.Certificate, differ func(string, ...any)) {
	is := described(leaf)
	for _, p := range []struct{ what, row, leaf string }{
		{"serial", s.row.Serial, is.Serial},
		{"begin", stamp(s.row.NotBefore), stamp(is.NotBefore)}, {"end", stamp(s.row.NotAfter), stamp(is.NotAfter)},
		{"key", s.row.KeyFingerprint, is.KeyFingerprint},
	} {
		if p.row != p.leaf {
			differ(": its row says %s %s, the certificate itself %s", p.what, p.row, p.leaf)
		}
	}
	// DER sorts the values of one attribute, and kinds of names, in its own order.
	if !sameSet(strings.Split(s.row.Subject, ", "), strings.Split(is.Subject, ", ")) {
		differ(": its row says subject %s, the certificate itself %s", s.row.Subject, is.Subject)
	}
	if !sameSet(s.row.Names, is.Names) {
		differ(": its row says names %q, the certificate itself %q", s.row.Names, is.Names)
	}
}

func sameSet(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// comparePublished compares what is published beside the leaf: a chain that begins with the issuer, or nothing; and an
// answer that is kept as it was published.
func (s *stored) comparePublished(leaf *x509.Certificate, differ func(string, ...any)) {
	if s.issuer != nil && s.chain != nil && !bytes.HasPrefix(s.chain, s.issuer) {
		differ(": its chain does not begin with issuer %q", s.row.Issuer)
	}
	if s.answer == nil {
		return // it is built of leaf and chain
	}
	path, err := pki.ParseCertificates(s.answer)
	switch {
	case err != nil:
		differ(": its answer cannot be read: %v", err)
	case !bytes.Equal(path[0].Raw, leaf.Raw):
		differ(": its answer holds another certificate")
	}
}
