package pass

import (
	"context"

	"ca-exchange/internal/ledger"
	"ca-exchange/internal/pki"
)

// naming says under which name a request is answered. A name belongs to the request that was answered under it, until
// that answer is taken away; another request for the same name is answered beside it, as NAME.<16 digits>.
type naming struct {
	owners map[ledger.Address]ledger.Answer // by folded address: two names that vfat takes for one are one
	taken  map[ledger.Address]bool          // the owner's answer still lies there, or will
}

// names looks up all that a batch asks under, in one query.
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
	n := &naming{owners, map[ledger.Address]bool{}}
	for _, d := range batch {
		at := d.arrival.address.Folded()
		owner, ok := owners[at]
		if d.arrival.again || !ok || owner.Request == d.id {
			continue
		}
		n.taken[at] = p.x.Answered(owner.Team, owner.Name) || !owner.Published
	}
	return n, nil
}

func beside(a ledger.Address, id pki.ID) ledger.Address {
	a.Name += "." + id.Short()
	return a
}

// place is the place of a request's answer; owned says that the ledger knows it already.
func (n *naming) place(asked ledger.Address, id pki.ID) (a ledger.Answer, owned bool) {
	for _, address := range []ledger.Address{asked, beside(asked, id)} {
		at := address.Folded()
		owner, ok := n.owners[at]
		if ok && owner.Request == id {
			return owner, owner.Published
		}
		if !ok || !n.taken[at] {
			a := ledger.Answer{Address: address, Request: id}
			// Whoever comes later in the same batch finds the name taken.
			n.owners[at], n.taken[at] = a, true
			return a, false
		}
	}
	return ledger.Answer{Address: beside(asked, id), Request: id}, false
}
