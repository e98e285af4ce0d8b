package pass

import (
	"context"
	"errors"
	"time"

	"ca-exchange/internal/ca"
	"ca-exchange/internal/pki"
	"ca-exchange/internal/policy"
	"ca-exchange/internal/refusal"
)

// signingSlice is how long the rest of a batch waits for its signatures: a token or a person may take seconds for each,
// and what is held or denied has to go on.
const signingSlice = 30 * time.Second

// errLater means that a batch's time to sign is over: the next round goes on.
var errLater = errors.New("signed in the next round")

// sign makes the certificates of a batch. A request whose issuer cannot sign is left where it is and said. A round that
// another stage stopped leaves nothing: the memory would keep what it did not sign from the passes that follow.
func (p *pass) sign(ctx context.Context, batch []decided) ([]decided, error) {
	failures, over := make([]error, len(batch)), p.Now().Add(signingSlice)
	parallel(len(batch), func(i int) {
		d := &batch[i]
		grant, ok := d.decision.Issued()
		if !ok || !d.issues() || ctx.Err() != nil {
			return
		}
		if d.plan = grant.Plan(); p.Now().After(over) && p.HasKey(d.plan.Issuer) {
			failures[i] = errLater
			return
		}
		d.certificate, failures[i] = p.signOne(grant)
	})
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	ready := batch[:0]
	for i, d := range batch {
		switch {
		case failures[i] == errLater:
			p.putOff(d)
		case errors.Is(failures[i], ca.ErrKeyAbsent):
			p.leaveForKey(d)
		case d.issues() && d.certificate == nil:
			p.leave(d)
		default:
			ready = append(ready, d)
		}
	}
	return ready, nil
}

// issues reports whether a new certificate is to be made.
func (d decided) issues() bool { return d.outcome == refusal.Issue && !d.repeat && d.recovered == nil }

// signOne warns once where an issuer cannot sign, and again where it could meanwhile.
func (p *pass) signOne(grant policy.Grant) (*pki.Certificate, error) {
	certificate, err := p.Sign(grant)
	doing := "signing with issuer " + grant.Plan().Issuer
	if err != nil {
		p.warnOnce(doing, err)
		return nil, err
	}
	p.memory.well(doing)
	return certificate, nil
}

// leave lets an entry lie until it or the rules change: nothing that another round brings would answer it.
func (p *pass) leave(d decided) {
	p.land(d)
	if !d.arrival.again {
		p.memory.leave(d.arrival.entry, d.arrival.stat)
	}
	p.count(func(s *Summary) { s.Left++ })
}

// putOff leaves a request to the next round.
func (p *pass) putOff(d decided) {
	p.land(d)
	p.issuing.forget([]decided{d})
	if d.arrival.again {
		p.memory.waitForKey(d.plan.Issuer)
	}
	p.deferRest()
}

// leaveForKey leaves a request until its issuer's key is at hand. Nothing of it is recorded: by then the rules, or the
// time, may be others.
func (p *pass) leaveForKey(d decided) {
	p.land(d)
	p.issuing.forget([]decided{d})
	if d.arrival.again {
		p.memory.waitForKey(d.plan.Issuer)
	} else {
		p.memory.leaveForKey(d.arrival.entry, d.arrival.stat, d.plan.Issuer)
	}
	p.count(func(s *Summary) { s.Left++ })
}
