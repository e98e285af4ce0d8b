package ca

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"ca-exchange/internal/ledger"
	"ca-exchange/internal/pki"
	"ca-exchange/internal/policy"
	"ca-exchange/internal/refusal"
	"ca-exchange/internal/request"
)

// examined is an arrival taken apart. id is the request's, or that of the bytes where there is no request in them.
type examined struct {
	arrival
	id      pki.ID
	flight  pki.ID           // the id it took off under
	request *request.Request // nil where the bytes are denied
	found   []refusal.Refusal
}

// decided is what is to become of an examined arrival, in the light of what the ledger knows.
type decided struct {
	examined
	known    ledger.Request // the zero Request where the id is new
	outcome  refusal.Outcome
	repeat   bool // the known answer stands
	decision policy.Decision
	refusals []refusal.Refusal
}

// certified is a decided request with its certificate, where there is to be one.
type certified struct {
	decided
	plan        pki.Plan
	certificate *pki.Certificate
}

// certify takes batches from arrival to certificate, on all cores.
func (p *pass) certify(ctx context.Context, from <-chan []arrival, to chan<- []certified) error {
	for batch := range from {
		ready, err := p.certifyBatch(ctx, batch)
		if err != nil {
			return err
		}
		if err := send(ctx, to, ready); err != nil {
			return err
		}
	}
	return nil
}

func (p *pass) certifyBatch(ctx context.Context, batch []arrival) ([]certified, error) {
	decisions, err := p.decide(ctx, p.takeOff(p.examine(batch)))
	if err != nil {
		return nil, err
	}
	return p.sign(ctx, decisions), nil
}

// examine parses a batch; it depends on nothing but the bytes.
func (p *pass) examine(batch []arrival) []examined {
	out := make([]examined, len(batch))
	parallel(len(batch), func(i int) { out[i] = p.examineOne(batch[i]) })
	return out
}

func (p *pass) examineOne(a arrival) examined {
	e := examined{arrival: a, id: pki.RefusedID(a.bytes)}
	if a.refused != nil {
		e.found = []refusal.Refusal{*a.refused}
		return e
	}
	e.request, e.found = request.Parse(a.bytes, p.rules.blocked)
	if e.request != nil {
		e.id = e.request.ID
	}
	return e
}

// takeOff lets each id fly once: copies in the same or the next batch wait for the next round, when the ledger knows.
func (p *pass) takeOff(batch []examined) []examined {
	p.mu.Lock()
	defer p.mu.Unlock()
	kept := batch[:0]
	for _, e := range batch {
		if p.flying[e.id] {
			p.deferred = true
			continue
		}
		p.flying[e.id] = true
		e.flight = e.id
		kept = append(kept, e)
	}
	return kept
}

func (p *pass) land(id pki.ID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.flying, id)
}

// decide looks a batch up and judges what is not settled yet.
func (p *pass) decide(ctx context.Context, batch []examined) ([]decided, error) {
	ids := make([]pki.ID, 0, 2*len(batch))
	for _, e := range batch {
		ids = append(ids, e.id, pki.RefusedID(e.bytes))
	}
	known, err := p.ledger.Lookup(ctx, ids)
	if err != nil {
		return nil, err
	}
	var issued []pki.ID
	for id, k := range known {
		if k.Status == ledger.Issued {
			issued = append(issued, id)
		}
	}
	certificates, err := p.ledger.CertificatesFor(ctx, issued)
	if err != nil {
		return nil, err
	}
	former, err := p.ledger.Setting(ctx, trustsSetting)
	if err != nil {
		return nil, err
	}
	j := judge{p.rules, p.trusts(splitTrusts(former)), known, certificates, p.Now()}
	out := make([]decided, len(batch))
	parallel(len(batch), func(i int) { out[i] = j.judge(batch[i]) })
	return out, nil
}

// judge holds what one batch is judged by.
type judge struct {
	rules        *rules
	trusts       []string
	known        map[pki.ID]ledger.Request
	certificates map[pki.ID]ledger.Certificate
	now          time.Time
}

func (j judge) judge(e examined) decided {
	d := decided{examined: e, known: j.known[e.id], refusals: e.found, outcome: refusal.Deny}
	if e.request == nil {
		d.repeat = sameRefusals(d.known, d.refusals)
		return d
	}
	if d.known.Status == ledger.Denied { // by a person: only a person reopens it
		d.repeat = true
		return d
	}
	if c, ok := j.certificates[e.id]; ok && d.known.Status == ledger.Issued && !over(c, j.now) {
		d.repeat, d.outcome = true, refusal.Issue
		return d
	}
	d.decision = j.rules.policy.Decide(e.request, e.found, j.trusts, policy.Override{}, j.now)
	d.outcome, d.refusals = d.decision.Outcome, d.decision.Refusals
	switch {
	case d.known.Serial != "" && d.outcome != refusal.Deny:
		// One certificate per request: another for the same id is a person's word, or a new cover's.
		d.outcome = refusal.Hold
		d.refusals = append(d.refusals, refusal.New(refusal.CertificateOver, "certificate", d.known.Serial, "a new request"))
	case d.outcome == refusal.Deny:
		// The denial binds these bytes only: the same request may come again better signed, or in time.
		d.id = pki.RefusedID(e.bytes)
		d.known = j.known[d.id]
	}
	d.repeat = d.outcome != refusal.Issue && sameRefusals(d.known, d.refusals)
	return d
}

// over says that a certificate is expired or in its last third: too late to hand it out again.
func over(c ledger.Certificate, now time.Time) bool {
	return now.After(c.NotAfter.Add(-c.NotAfter.Sub(c.NotBefore) / 3))
}

func sameRefusals(known ledger.Request, refusals []refusal.Refusal) bool {
	if known.Version == 0 || len(known.Refusals) != len(refusals) {
		return false
	}
	for i, r := range refusals {
		if known.Refusals[i] != r {
			return false
		}
	}
	return true
}

// sign makes the certificates of a batch. A request whose issuer can't sign is left where it is and said.
func (p *pass) sign(ctx context.Context, batch []decided) []certified {
	out := make([]certified, len(batch))
	parallel(len(batch), func(i int) {
		out[i].decided = batch[i]
		if grant, ok := batch[i].decision.Issued(); ok && batch[i].outcome == refusal.Issue && !batch[i].repeat && ctx.Err() == nil {
			out[i].plan = grant.Plan()
			out[i].certificate = p.signOne(grant)
		}
	})
	ready := out[:0]
	for _, c := range out {
		if c.outcome == refusal.Issue && !c.repeat && c.certificate == nil {
			p.land(c.flight)
			p.count(func(s *Summary) { s.Left++ })
			continue
		}
		ready = append(ready, c)
	}
	return ready
}

func (p *pass) signOne(grant policy.Grant) *pki.Certificate {
	certificate, err := p.CA.signGrant(grant)
	if err != nil {
		p.warnOnce("signing "+grant.Plan().Issuer, "signing", err)
		return nil
	}
	return certificate
}

// signGrant is the only way to a certificate: what it takes is made by a policy's decision or a person's approval.
func (c *CA) signGrant(grant policy.Grant) (*pki.Certificate, error) {
	plan := grant.Plan()
	issuer, err := c.issuer(plan.Issuer)
	if err != nil {
		return nil, err
	}
	if issuer == nil {
		return nil, fmt.Errorf("the key of issuer %q is locked", plan.Issuer)
	}
	return grant.Sign(issuer, c.Now())
}

// parallel calls do for 0 … n−1 on all cores and waits.
func parallel(n int, do func(i int)) {
	workers := min(n, runtime.GOMAXPROCS(0))
	if workers <= 1 {
		for i := range n {
			do(i)
		}
		return
	}
	var next atomic.Int64
	var wait sync.WaitGroup
	for range workers {
		wait.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				do(i)
			}
		})
	}
	wait.Wait()
}
