package pass

import (
	"context"

	"ca-exchange/internal/pki"
	"ca-exchange/internal/policy"
	"ca-exchange/internal/refusal"
)

// sign makes the certificates of a batch. A request whose issuer cannot sign is left where it is and said. A round that
// another stage stopped leaves nothing: the memory would keep what it did not sign from the passes that follow.
func (p *pass) sign(ctx context.Context, batch []decided) ([]decided, error) {
	parallel(len(batch), func(i int) {
		d := &batch[i]
		if grant, ok := d.decision.Issued(); ok && d.issues() && ctx.Err() == nil {
			d.plan, d.certificate = grant.Plan(), p.signOne(grant)
		}
	})
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	ready := batch[:0]
	for _, d := range batch {
		if d.issues() && d.certificate == nil {
			p.leave(d)
			continue
		}
		ready = append(ready, d)
	}
	return ready, nil
}

// issues reports whether a new certificate is to be made.
func (d decided) issues() bool { return d.outcome == refusal.Issue && !d.repeat && d.recovered == nil }

func (p *pass) signOne(grant policy.Grant) *pki.Certificate {
	certificate, err := p.Sign(grant)
	if err != nil {
		p.warnOnce("signing with issuer "+grant.Plan().Issuer, err)
		return nil
	}
	return certificate
}

// leave lets an entry lie until it or the rules change: nothing that another round brings would answer it.
func (p *pass) leave(d decided) {
	p.land(d)
	if !d.arrival.again {
		p.memory.leave(d.arrival.entry, d.arrival.stat)
	}
	p.count(func(s *Summary) { s.Left++ })
}
