package ledger

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"database/sql"
	"encoding/hex"
	"encoding/pem"
	"fmt"

	"ca-exchange/internal/pki"
)

// decidingKinds are the events that leave a request in a status (outcome).
const decidingKinds = "('Issued', 'Approved', 'SubordinateSigned', 'Renewed', 'Recovered', 'Imported', 'Held', " +
	"'Denied', 'Superseded')"

const (
	askedColumns = requestColumns + `, r.names, r.refusals, r.num, entry, notice, bodies.digest, e.seq, e.kind,
		e.detail, e.serial`

	// askedByEvents has a request once for each event that decided on it, the last one last.
	askedByEvents = "SELECT " + askedColumns + ` FROM events AS e CROSS JOIN requests AS r ON r.num = e.about
		LEFT JOIN bodies ON bodies.request = r.num WHERE e.kind IN ` + decidingKinds + " ORDER BY e.seq"

	askedByNumber = "SELECT " + askedColumns + ` FROM requests AS r LEFT JOIN bodies ON bodies.request = r.num
		LEFT JOIN events AS e ON e.seq = (SELECT max(seq) FROM events WHERE about = r.num AND kind IN ` +
		decidingKinds + ") WHERE r.num = ?"
)

// requests compares each request's row and bytes with the last event that decided on it.
func (v *verification) requests(ctx context.Context, db *sql.DB) error {
	whole := marked{}
	for s, err := range reused(ctx, db, (*asked).scan, askedByEvents) {
		if err != nil {
			return err
		}
		whole.mark(s.num)
		s.check(func(string, ...any) { whole.unmark(s.num) })
	}
	return whole.others(ctx, db, "requests", func(num int64) error {
		for s, err := range reused(ctx, db, (*asked).scan, askedByNumber, num) {
			if err != nil {
				return err
			}
			s.check(func(format string, args ...any) {
				v.differ(ofRequests, "request %s"+format, append([]any{s.row.ID.Short()}, args...)...)
			})
		}
		return nil
	})
}

// asked is all that the ledger has of one request.
type asked struct {
	row             Request
	names, refusals string // as stored
	num             int64
	entry, notice   sql.RawBytes
	archived        sql.RawBytes // digest of both, where they are archived
	event           voucher
	serial          string // of the event
}

func (s *asked) scan() []any {
	fields := append(s.row.fields(), &s.names, &s.refusals, &s.num, &s.entry, &s.notice, &s.archived)
	return append(append(fields, s.event.fields()...), (*hexText)(&s.serial))
}

func (s *asked) check(differ func(format string, args ...any)) {
	if !s.event.seq.Valid {
		differ(": no event decided on it")
		return
	}
	seq := s.event.seq.Int64
	if is := outcome(s.event.kind.String); s.row.Status != is {
		differ(" is %s, event %d made it %s", s.row.Status, seq, is)
	}
	if s.row.Serial != s.serial {
		differ(" has certificate %q, event %d says %q", s.row.Serial, seq, s.serial)
	}
	detail, err := s.event.says()
	switch {
	case err != nil:
		differ(": event %d cannot be read: %v", seq, err)
	case detail[digestKey] == "":
		s.compareOld(detail, differ)
	case detail[digestKey] != s.row.digest(s.names, s.refusals, s.body()):
		differ(": its row or its bytes are not those that event %d recorded", seq)
	}
}

func (s *asked) body() []byte {
	if s.archived != nil {
		return s.archived
	}
	return bodyDigest(s.entry, s.notice)
}

// compareOld compares what an event of version 1 vouches for: the reason, and by the id the bytes.
func (s *asked) compareOld(detail map[string]string, differ func(string, ...any)) {
	if reason := detail["reason"]; reason != "" && reason != s.row.Reason {
		differ(" has the reason %q, event %d says %q", s.row.Reason, s.event.seq.Int64, reason)
	}
	if s.row.Kind != KindRequest || s.entry == nil {
		return
	}
	block, _ := pem.Decode(s.entry[max(0, bytes.Index(s.entry, []byte("-----BEGIN "))):])
	if block == nil {
		differ(": its bytes hold no request")
		return
	}
	csr, err := x509.ParseCertificateRequest(block.Bytes)
	if err != nil {
		differ(": its bytes cannot be read: %v", err)
		return
	}
	cover, ok := s.cover(csr.RawTBSCertificateRequest)
	if !ok {
		differ(": its bytes are those of another request")
	}
	if key := sha256.Sum256(csr.RawSubjectPublicKeyInfo); hex.EncodeToString(key[:]) != s.row.KeyFingerprint {
		differ(": its row says key %s, its bytes %x", s.row.KeyFingerprint, key)
	}
	if s.row.Authenticated && !bytes.Contains(cover, []byte("\nRequester: "+s.row.Requester+"\n")) {
		differ(": its row says requester %q, its bytes do not", s.row.Requester)
	}
}

// cover finds the cover with which the request has this id; ok is false where none gives it.
func (s *asked) cover(info []byte) (cover []byte, ok bool) {
	text, _, _ := bytes.Cut(s.entry, []byte("-----BEGIN "))
	for _, cover := range [][]byte{nil, text, bytes.TrimSuffix(text, []byte("\n"))} {
		if pki.RequestID(cover, info) == s.row.ID {
			return cover, true
		}
	}
	return nil, false
}

// described gives the columns of a certificate's row that repeat what the certificate says.
func described(leaf *x509.Certificate) Certificate {
	fingerprint, key := sha256.Sum256(leaf.Raw), sha256.Sum256(leaf.RawSubjectPublicKeyInfo)
	return Certificate{
		Serial: pki.SerialHex(leaf.SerialNumber), Subject: subject(leaf), Names: pki.NamesOf(leaf).Strings(),
		NotBefore: leaf.NotBefore, NotAfter: leaf.NotAfter, Fingerprint: hex.EncodeToString(fingerprint[:]),
		KeyFingerprint: hex.EncodeToString(key[:]),
	}
}

// subject writes a certificate's subject as pki.Plan does, the common name first.
func subject(leaf *x509.Certificate) string {
	var first, rest pki.Subject
	for _, a := range leaf.Subject.Names {
		kind := pki.AttributeName(a.Type.String())
		one := pki.Attribute{Type: kind, Value: fmt.Sprint(a.Value)}
		if kind == "CN" {
			first = append(first, one)
		} else {
			rest = append(rest, one)
		}
	}
	return append(first, rest...).String()
}
