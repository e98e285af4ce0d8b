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
	if detail, ok := plain(e.detail.String); ok {
		return detail, nil
	}
	var detail map[string]string
	return detail, json.Unmarshal([]byte(e.detail.String), &detail)
}

// plain reads an object of strings as this program writes it, unless one has an escape in it: a verification reads two
// for each certificate. ok is false for anything else.
func plain(text string) (detail map[string]string, ok bool) {
	body, open := strings.CutPrefix(text, `{"`)
	body, closed := strings.CutSuffix(body, `"}`)
	if !open || !closed || strings.Contains(body, `\`) {
		return nil, false
	}
	detail = make(map[string]string, 8)
	for more := true; more; {
		var pair string
		pair, body, more = strings.Cut(body, `","`)
		key, value, found := strings.Cut(pair, `":"`)
		if !found || strings.Contains(key, `"`) || strings.Contains(value, `"`) {
			return nil, false
		}
		detail[key] = value
	}
	return detail, true
}

// issuingKinds are the events that come with a certificate.
const issuingKinds = "('Issued', 'Approved', 'SubordinateSigned', 'Renewed', 'Recovered', 'Imported')"

const (
	storedColumns = certificateColumns + `, c.place, c.num, ders.der, coalesce(ders.archive, 0), i.der, ch.der,
	p.answer, e.seq, e.kind, e.detail`

	storedTables = `LEFT JOIN ders ON ders.certificate = c.num LEFT JOIN chains AS ch ON ch.num = c.chain
		LEFT JOIN published AS p ON p.certificate = c.num `

	// storedByEvents has the rows of the certificates that are their requests' present ones: all are found by number.
	storedByEvents = "SELECT " + storedColumns + ` FROM events AS e CROSS JOIN requests AS asked ON asked.num = e.about
		CROSS JOIN certificates AS c ON c.num = asked.certificate AND c.request = asked.num AND c.serial = e.serial
		CROSS JOIN issuers AS i ON i.num = c.issuer ` + storedTables + "WHERE e.kind IN " + issuingKinds +
		" ORDER BY e.seq"

	storedByNumber = "SELECT " + storedColumns + fromCertificates + storedTables + `LEFT JOIN events AS e
		ON e.about = c.request AND e.serial = c.serial AND e.kind IN ` + issuingKinds + " WHERE c.num = ?"
)

// certificates compares each certificate's row with its DER, and both with the event that issued it.
func (v *verification) certificates(ctx context.Context, db *sql.DB) error {
	whole, archived := marked{}, map[int64]int64{}
	for s, err := range reused(ctx, db, (*stored).scan, storedByEvents) {
		if err != nil {
			return err
		}
		whole.mark(s.num)
		s.check(func(string, ...any) { whole.unmark(s.num) })
		if s.archive != 0 && whole.has(s.num) {
			archived[s.archive]++
		}
	}
	if err := whole.others(ctx, db, "certificates", func(num int64) error {
		for s, err := range reused(ctx, db, (*stored).scan, storedByNumber, num) {
			if err != nil {
				return err
			}
			if s.archive != 0 {
				archived[s.archive]++
			}
			s.check(func(format string, args ...any) {
				v.differ(ofCertificates, "certificate %s"+format, append([]any{s.row.Serial}, args...)...)
			})
		}
		return nil
	}); err != nil {
		return err
	}
	return v.archives(ctx, db, archived)
}

// stored is all that the ledger has of one certificate.
type stored struct {
	row                        Certificate
	place, num                 int64
	der, issuer, chain, answer sql.RawBytes
	archive                    int64 // of the file that has the DER; the row and the event have its fingerprint
	event                      voucher
}

func (s *stored) scan() []any {
	fields := append(s.row.fields(), &s.place, &s.num, &s.der, &s.archive, &s.issuer, &s.chain, &s.answer)
	return append(fields, s.event.fields()...)
}

func (s *stored) check(differ func(format string, args ...any)) {
	sum := sha256.Sum256(s.der)
	fingerprint := hex.EncodeToString(sum[:])
	if s.archive != 0 {
		fingerprint = s.row.Fingerprint
	}
	if s.row.Fingerprint != fingerprint {
		differ(": its row has the fingerprint %s, its DER %s", s.row.Fingerprint, fingerprint)
	}
	if !s.event.seq.Valid {
		differ(": no event issued it to request %s", s.row.Request.Short())
		return
	}
	detail, err := s.event.says()
	if err != nil {
		differ(": event %d cannot be read: %v", s.event.seq.Int64, err)
		return
	}
	s.compareEvent(detail, fingerprint, differ)
	if number, err := s.row.Place().number(); err != nil || number != s.place {
		differ(": its row has the place %d, which is %d", s.place, number)
	}
	if s.archive != 0 {
		return
	}
	leaf, err := x509.ParseCertificate(s.der)
	if err != nil {
		differ(": its DER cannot be read: %v", err)
		return
	}
	s.compareLeaf(leaf, differ)
	s.comparePublished(leaf, differ)
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
