package pass

import (
	"context"

	"ca-exchange/internal/ledger"
	"ca-exchange/internal/pki"
	"ca-exchange/internal/refusal"
)

// naming decides under which name a request is answered. A name belongs to the request that was answered under it,
// until that answer is taken away. A newer request may take it over (see takes); the older answer then moves beside
// it, to NAME.<16 digits of its request>. Whoever may not take it is answered beside it in the same way.
type naming struct {
	owners map[ledger.Address]ledger.Answer // by folded address: two names that vfat takes for one are one
	taken  map[ledger.Address]bool          // the owner's answer is still there, or will be
	rows   map[pki.ID]ledger.Request        // of the owners
}

// placed is where a request is answered, and what has to move for it.
type placed struct {
	answer ledger.Answer
	owned  bool           // the ledger knows the place already
	moved  *ledger.Answer // where the answer goes that had the name; nil where none had
	row    ledger.Request // of the moved answer's request
}

// names looks up all that a batch asks under: one query, and one more where names are in use.
func (p *pass) names(ctx context.Context, batch []decided) (*naming, error) {
	var addresses []ledger.Address
	for _, d := range batch {
		if !d.arrival.again {
			addresses = append(addresses, d.arrival.address, beside(d.arrival.address, d.id))
		}
	}
	owners, err := p.Ledger().Owners(ctx, p.x.ID, addresses)
	if err != nil {
		return nil, err
	}
	n := &naming{owners: owners, taken: map[ledger.Address]bool{}}
	var others []pki.ID
	for _, d := range batch {
		at := d.arrival.address.Folded()
		owner, ok := owners[at]
		if d.arrival.again || !ok || owner.Request == d.id {
			continue
		}
		n.taken[at] = p.x.Answered(owner.Team, owner.Name) || !owner.Published
		others = append(others, owner.Request)
	}
	n.rows, err = p.Ledger().Lookup(ctx, others)
	return n, err
}

func beside(a ledger.Address, id pki.ID) ledger.Address {
	a.Name += "." + id.Short()
	return a
}

// place is the place of a request's answer. Whoever comes later in the same batch finds it taken.
func (n *naming) place(d decided) placed {
	asked := d.arrival.address
	at := asked.Folded()
	owner, known := n.owners[at]
	switch {
	case known && owner.Request == d.id:
		return placed{answer: owner, owned: owner.Published}
	case !known || !n.taken[at], d.recovered != nil && owner.Request == d.recovered.Request:
		return n.give(asked, d.id)
	}
	if old, ok := n.rows[owner.Request]; ok && d.takes(old) {
		p := n.give(asked, d.id)
		moved := n.give(beside(owner.Address, old.ID), old.ID).answer
		p.moved, p.row = &moved, old
		return p
	}
	next := beside(asked, d.id)
	if own, ok := n.owners[next.Folded()]; ok && own.Request == d.id {
		return placed{answer: own, owned: own.Published}
	}
	return n.give(next, d.id)
}

// addressLimit is how many names one request may be asked under on all exchanges (promise P12): each is a row and a
// file.
const addressLimit = 16

// copiedTooOften reports whether a known request comes under yet another name, and has had its share of them.
func (p *pass) copiedTooOften(ctx context.Context, d decided, n *naming) (bool, error) {
	if !d.known.Recorded() || d.arrival.again || n.owns(d) {
		return false, nil
	}
	count := 0
	for _, err := range p.Ledger().AnswersFor(ctx, d.id) {
		if err != nil {
			return false, err
		}
		count++
	}
	return count >= addressLimit, nil
}

// owns reports whether a request has the name it came under, or the one beside it.
func (n *naming) owns(d decided) bool {
	for _, a := range []ledger.Address{d.arrival.address, beside(d.arrival.address, d.id)} {
		if owner, ok := n.owners[a.Folded()]; ok && owner.Request == d.id {
			return true
		}
	}
	return false
}

func (n *naming) give(address ledger.Address, id pki.ID) placed {
	a := ledger.Answer{Address: address, Request: id}
	n.owners[address.Folded()], n.taken[address.Folded()] = a, true
	return placed{answer: a}
}

// takes reports whether a new answer takes the name of an older one. What was refused displaces no request. A notice
// yields to any newer request, since whoever corrects a mistake expects the answer under the same name; a certificate
// yields only to a successor's certificate, since somebody's programs may read it.
func (d decided) takes(old ledger.Request) bool {
	switch {
	case d.repeat:
		return false // it is not newer
	case d.kind != ledger.KindRequest:
		return old.Kind != ledger.KindRequest
	case old.Status == ledger.Issued:
		return d.outcome == refusal.Issue && d.succeeds(old)
	}
	return true
}

// succeeds reports whether a request is the successor of another that had its name: the same enrolled requester or the
// same key, and the same profile. Where the policy issues unsigned requests, being in the inbox is the authentication,
// and the newest request of a name is the successor.
func (d decided) succeeds(old ledger.Request) bool {
	if d.outcome == refusal.Issue && d.decision.Requester == nil {
		return true
	}
	if profileName(d) != old.Profile {
		return false
	}
	requester := d.decision.Requester
	return requester != nil && old.Authenticated && requester.Name == old.Requester ||
		d.arrival.request.CSR.Fingerprint == old.KeyFingerprint
}
