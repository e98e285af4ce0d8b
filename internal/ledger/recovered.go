package ledger

import (
	"context"
	"fmt"
	"iter"
	"time"

	"ca-exchange/internal/pki"
)

// Recovered is a certificate that an issuer of this CA signed and the ledger lacks, found in an outbox. The caller has
// verified its signature; and, where it names a request, that this request's own bytes ask for it.
type Recovered struct {
	Signed  *pki.Certificate // with the chain as found, and its issuer
	Issuer  string           // its name
	Profile string           // by subject and usages, "" where none fits
	Address Address          // where it was found: the name is its own from now on
	Unnamed bool             // another request has that name, and keeps it
	Request *Arrived         // nil where no request is at hand: a foreign certificate
	Entry   []byte           // the request's bytes
	Known   Request          // what the ledger has of the request
	At      time.Time
}

// Change takes the certificate over: the request becomes issued, a foreign certificate gets a row of kind Certificate,
// and the event is Recovered. by says which person did it. A request that was denied is issued by it, too: what is in
// the outbox was signed.
func (r Recovered) Change(by map[string]string) Change {
	k := described(r.Signed.Leaf)
	c := Change{Request: r.row(k), ByPerson: true, Certificate: &k, Signed: r.Signed}
	k.Request, k.Origin, k.Status, k.Issuer, k.Profile = c.Request.ID, OriginRecovered, Valid, r.Issuer, r.Profile
	k.Requester, k.Node, k.Issued = c.Request.Requester, c.Request.Node, k.NotBefore
	if !c.Request.Recorded() {
		c.Entry = r.Entry
	}
	if !r.Unnamed {
		c.Answers = []Answer{{Address: r.Address, Request: c.Request.ID}}
	}
	c.Event = event(EventRecovered, &c.Request, map[string]string{}, by)
	return c
}

func (r Recovered) row(k Certificate) Request {
	at := r.At.UTC().Truncate(time.Second)
	row := Request{
		ID: pki.ImportID(r.Signed.Leaf.Raw), Kind: KindCertificate, Name: r.Address.Name, Received: at,
		KeyFingerprint: k.KeyFingerprint, Subject: k.Subject, Names: k.Names,
	}
	if r.Request != nil {
		row = r.Request.Row(r.Known)
		row.Requester, row.Authenticated = r.Known.Requester, r.Known.Authenticated
	}
	row.Status, row.Reason, row.Refusals, row.Decided = Issued, reasonRecovered, nil, at
	row.Profile, row.Serial, row.KeyFingerprint = r.Profile, k.Serial, k.KeyFingerprint
	return row
}

// reasonRecovered is the reason of requests and foreign certificates that were taken over: the condition of an index.
const reasonRecovered = "Recovered"

// Link completes the change with a certificate that was taken over before this request was at hand: it answers the
// request, and no second one is signed.
func (c *Change) Link(k Certificate) {
	r := &c.Request
	r.Status, r.Reason, r.Refusals, r.Serial = Issued, reasonRecovered, nil, k.Serial
	c.Linked = k.Fingerprint
	c.Event = event(EventRecovered, r, map[string]string{"certificate": k.Fingerprint}, nil)
}

// linked gives the row of the certificate that a change links to.
func (w *writing) linked(c *Change) (num int64, err error) {
	query := "SELECT num FROM certificates AS c WHERE " + byFingerprint
	row := w.conn.QueryRowContext(w.ctx, query, fingerprintArgs(c.Linked)...)
	if err := row.Scan(&num); err != nil {
		return 0, fmt.Errorf("recording request %s: certificate %s: %w", c.Request.ID.Short(), c.Linked, err)
	}
	return num, nil
}

// Unlinked finds the certificates for these keys that were taken over and answer no request yet, in one query: by the
// key's fingerprint, the one that ends last first. What was signed before the ledger began is an adopted issuer's past,
// and left out.
func (l *Ledger) Unlinked(ctx context.Context, keys []string) (map[string][]Certificate, error) {
	found := map[string][]Certificate{}
	if len(keys) == 0 {
		return found, nil
	}
	args := make([]any, len(keys))
	for i, key := range keys {
		args[i] = packed(key)
	}
	for k, err := range each(ctx, l.reader, scanCertificate, unlinkedQuery(len(keys)), args...) {
		if err != nil {
			return nil, err
		}
		found[k.KeyFingerprint] = append(found[k.KeyFingerprint], k)
	}
	return found, nil
}

// unlinkedQuery reads the index of what was recovered: it is empty in most ledgers.
func unlinkedQuery(keys int) string {
	return "SELECT " + certificateColumns + ` FROM requests AS r CROSS JOIN certificates AS c ON c.num = r.certificate
		` + joinCertificates + `WHERE r.reason = 'Recovered' AND r.kind = 'Certificate'
		AND r.key_fingerprint IN ` + marks(keys) + `
		AND c.not_before >= (SELECT time FROM events WHERE seq = 1) - ` + mostBackdate + `
		AND NOT EXISTS (SELECT 1 FROM requests AS q WHERE q.reason = 'Recovered'
			AND q.key_fingerprint = r.key_fingerprint AND q.kind = 'Request' AND q.certificate = c.num)
		ORDER BY c.not_after DESC, c.num DESC`
}

// mostBackdate is the most seconds that a policy lets a certificate begin before it is signed.
const mostBackdate = "3600"

// Began is the time of the ledger's first event.
func (l *Ledger) Began(ctx context.Context) (began time.Time, err error) {
	err = l.reader.QueryRowContext(ctx, "SELECT time FROM events ORDER BY seq LIMIT 1").Scan((*timeColumn)(&began))
	return began, err
}

// Unanswered lists the requests that a certificate found in an outbox may have been for: held, or denied by a person.
func (l *Ledger) Unanswered(ctx context.Context) iter.Seq2[Request, error] {
	return l.requests(ctx, "r.kind = 'Request' AND r.status IN ('Held', 'Denied', 'Superseded')")
}
