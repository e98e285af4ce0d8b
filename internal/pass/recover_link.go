package pass

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"slices"

	"ca-exchange/internal/inbox"
	"ca-exchange/internal/ledger"
	"ca-exchange/internal/pki"
	"ca-exchange/internal/request"
)

// Bounds on the requests that recover keeps in memory. Beyond them a certificate is taken over without its request,
// which is linked when it is dropped again.
const (
	candidatesOfKey = 8
	candidateBytes  = 64 << 20
)

// wanted is what is known of one key that missing certificates have.
type wanted struct {
	first   string // fingerprint of the first missing certificate for the key
	several bool   // there is another one
	may     []candidate
	more    bool // candidates were left out
}

// candidate is a request for a wanted key, whose own bytes are at hand.
type candidate struct {
	arrival
	known ledger.Request // the zero Request for an entry of the inbox that the ledger has not seen
	name  string
}

// survey notes for which keys the ledger lacks certificates.
func (r *recovering) survey(ctx context.Context) error {
	return r.eachMissing(ctx, func(batch []missing) error {
		for _, m := range batch {
			fingerprint := pki.Fingerprint(m.leaf)
			if w := r.wanted[m.key]; w == nil {
				r.wanted[m.key] = &wanted{first: fingerprint}
			} else if w.first != fingerprint {
				w.several = true
			}
		}
		return nil
	})
}

// findRequests gathers the requests that missing certificates may be for: those that the ledger holds or has denied,
// and those in the inbox.
func (r *recovering) findRequests(ctx context.Context) error {
	if len(r.wanted) == 0 {
		return nil
	}
	size := 0
	for row, err := range r.Ledger().Unanswered(ctx) {
		if err != nil {
			return err
		}
		w := r.wanted[row.KeyFingerprint]
		if w == nil {
			continue
		}
		entry, err := r.Ledger().Entry(ctx, row.ID)
		if err != nil {
			return err
		}
		r.consider(w, candidate{arrival{bytes: entry}, row, row.Name}, &size)
	}
	for e, err := range r.x.Entries() {
		if err != nil {
			r.problem(err)
			continue
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := r.considerEntry(ctx, e, &size); err != nil {
			return err
		}
	}
	return nil
}

// considerEntry looks at the key of an entry, which costs no arithmetic, before it is parsed.
func (r *recovering) considerEntry(ctx context.Context, e inbox.Entry, size *int) error {
	if !e.Legal {
		return nil
	}
	content := r.x.Read(e)
	if content.State != inbox.Complete {
		return nil
	}
	w := r.wanted[peekKey(content.Bytes)]
	id, ok := request.PeekID(content.Bytes)
	if w == nil || !ok {
		return nil
	}
	known, err := r.Ledger().Lookup(ctx, []pki.ID{id})
	if err == nil && !known[id].Recorded() { // a recorded one was considered with the ledger's
		r.consider(w, candidate{arrival{bytes: content.Bytes}, ledger.Request{}, e.Name}, size)
	}
	return err
}

func (r *recovering) consider(w *wanted, c candidate, size *int) {
	c.request, c.found = request.Parse(c.bytes, r.rules.Blocked)
	switch {
	case c.request == nil:
		return
	case slices.ContainsFunc(w.may, func(have candidate) bool { return have.request.ID == c.request.ID }):
		return // a copy under another name
	case len(w.may) == candidatesOfKey || *size+len(c.bytes) > candidateBytes:
		w.more = true
		return
	}
	*size += len(c.bytes)
	w.may = append(w.may, c)
}

// peekKey is the key fingerprint of a request in PEM, "" where there is none. It proves nothing.
func peekKey(entry []byte) string {
	block, _ := pem.Decode(entry)
	if block == nil {
		return ""
	}
	csr, err := x509.ParseCertificateRequest(block.Bytes)
	if err != nil {
		return ""
	}
	return pki.SPKIFingerprint(csr.RawSubjectPublicKeyInfo)
}

// takeOver records what is missing. Where a whole batch cannot be recorded, its certificates are recorded one by one:
// one that the ledger does not take, such as a second one of a serial, keeps no other out.
func (r *recovering) takeOver(ctx context.Context) error {
	return r.eachMissing(ctx, func(batch []missing) error {
		found, err := r.recovered(ctx, batch)
		if err != nil {
			return err
		}
		if err := r.TakeOver(ctx, found); err == nil {
			r.tallyRecovered(found, batch)
			return nil
		}
		for i, one := range found {
			if err := r.TakeOver(ctx, []ledger.Recovered{one}); err != nil {
				if ctx.Err() != nil {
					return err
				}
				r.refused++
				r.problem(err)
				continue
			}
			r.tallyRecovered(found[i:i+1], batch[i:i+1])
		}
		return nil
	})
}

func (r *recovering) tallyRecovered(found []ledger.Recovered, batch []missing) {
	for i, f := range found {
		r.sum.Taken++
		if f.Request != nil {
			r.sum.Linked++
		}
		if r.past(batch[i]) {
			r.sum.Past++
		}
	}
}

// recovered makes the records of a batch. A name that the ledger knows as another request's stays that request's.
func (r *recovering) recovered(ctx context.Context, batch []missing) ([]ledger.Recovered, error) {
	addresses := make([]ledger.Address, len(batch))
	for i, m := range batch {
		addresses[i] = m.at
	}
	owners, err := r.Ledger().Owners(ctx, r.x.ID, addresses)
	if err != nil {
		return nil, err
	}
	all := make([]ledger.Recovered, len(batch))
	for i, m := range batch {
		all[i] = r.record(m)
		owner, owned := owners[m.at.Folded()]
		all[i].Unnamed = owned && (all[i].Request == nil || owner.Request != all[i].Request.ID)
	}
	return all, nil
}

// record is one certificate, with its request where exactly one fits.
func (r *recovering) record(m missing) ledger.Recovered {
	f := ledger.Recovered{
		Signed: &pki.Certificate{Leaf: m.leaf, Chain: m.by.Intermediates(), Issuer: m.by.Certificate},
		Issuer: m.by.Name, Profile: r.rules.ProfileOf(m.leaf), Address: m.at, At: r.Now(),
	}
	if r.past(m) {
		return f
	}
	w := r.wanted[m.key]
	if w == nil { // it came while the outbox was read
		return f
	}
	var fitting []candidate
	for _, c := range w.may {
		if r.isFor(m, c, &f) {
			fitting = append(fitting, c)
		}
	}
	switch {
	case len(fitting) == 0:
	case len(fitting) > 1 || w.several || w.more:
		if len(r.sum.Ambiguous) < mostAmbiguous {
			r.sum.Ambiguous = append(r.sum.Ambiguous, pki.SerialHex(m.leaf.SerialNumber))
		}
	default:
		r.link(&f, fitting[0])
	}
	return f
}

// isFor reports whether a certificate is what a request asks for: its key, the subject and usages of its profile, and
// no names beyond those asked for.
func (r *recovering) isFor(m missing, c candidate, f *ledger.Recovered) bool {
	plan, _, ok := r.planFor(c.arrival, f.Profile)
	return ok && asks(plan, m.leaf) && len(pki.NamesOf(m.leaf).Without(plan.Names)) == 0
}

func (r *recovering) link(f *ledger.Recovered, c candidate) {
	plan, decision, _ := r.planFor(c.arrival, f.Profile)
	f.Profile, f.Entry, f.Known = plan.Profile, c.bytes, c.known
	f.Request = &ledger.Arrived{
		ID: c.request.ID, Kind: ledger.KindRequest, Name: c.name, Size: len(c.bytes), Request: c.request, At: r.Now(),
	}
	if decision.Requester != nil {
		f.Known.Requester, f.Known.Authenticated = decision.Requester.Name, true
	}
}
