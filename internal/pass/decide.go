package pass

import (
	"context"
	"time"

	"ca-exchange/internal/ca"
	"ca-exchange/internal/ledger"
	"ca-exchange/internal/pki"
	"ca-exchange/internal/policy"
	"ca-exchange/internal/refusal"
)

// decided is what becomes of an arrival, in the light of what the ledger knows. It is made by judge alone; sign adds
// the certificate.
type decided struct {
	arrival  arrival
	id       pki.ID // the arrival's, or that of its bytes where only these are denied
	kind     ledger.Kind
	known    ledger.Request // the zero Request where the id is new
	outcome  refusal.Outcome
	repeat   bool // the known answer stands
	decision policy.Decision
	refusals []refusal.Refusal

	recovered   *ledger.Certificate // taken over before this request was at hand, and its answer; nil for none
	plan        pki.Plan
	certificate *pki.Certificate // nil unless it is issued now
}

// arrivals are what a batch was decided from, to decide it again.
func arrivals(batch []decided) []arrival {
	all := make([]arrival, len(batch))
	for i, d := range batch {
		all[i] = d.arrival
	}
	return all
}

// decide looks a batch up and judges what is not settled yet.
func (p *pass) decide(ctx context.Context, batch []arrival) ([]decided, error) {
	ids := make([]pki.ID, 0, 2*len(batch))
	for _, a := range batch {
		ids = append(ids, a.id, pki.RefusedID(a.bytes))
	}
	known, err := p.Ledger().Lookup(ctx, ids)
	if err != nil {
		return nil, err
	}
	var issued []pki.ID
	for id, k := range known {
		if k.Status == ledger.Issued {
			issued = append(issued, id)
		}
	}
	certificates, err := p.Ledger().CertificatesFor(ctx, issued)
	if err != nil {
		return nil, err
	}
	trusts, err := p.Trusts(ctx)
	if err != nil {
		return nil, err
	}
	j := judge{p.rules.Policy, p.rules.Waiting, trusts, known, certificates, p.Now()}
	out := make([]decided, len(batch))
	parallel(len(batch), func(i int) { out[i] = j.judge(batch[i]) })
	out = p.holdWhereOpen(out)
	if err := p.recall(ctx, j, out); err != nil { // before the history: what has its certificate counts for no rate
		return nil, err
	}
	return out, p.weigh(ctx, j, out)
}

// judge holds what one batch is judged by.
type judge struct {
	policy       *policy.Policy
	waiting      bool // no issuer can sign yet
	trusts       []string
	known        map[pki.ID]ledger.Request
	certificates map[pki.ID]ledger.Certificate
	now          time.Time
}

// judge settles what one arrival becomes. The order matters: what a person denied stays denied, what was issued is
// repeated, and only then is the policy asked.
func (j judge) judge(a arrival) decided {
	d := decided{arrival: a, id: a.id, kind: a.kind, known: j.known[a.id], refusals: a.found, outcome: refusal.Deny}
	if a.request == nil {
		d.repeat = sameRefusals(d.known, d.refusals)
		return d
	}
	switch d.known.Status {
	case ledger.Denied: // by a person: only a person reopens it
		d.repeat = true
		return d
	case ledger.Superseded: // its requester asked again for the same
		d.repeat, d.outcome = true, refusal.Hold
		return d
	}
	if c, ok := j.certificates[a.id]; ok && d.known.Status == ledger.Issued && !over(c, j.now) {
		d.repeat, d.outcome = true, refusal.Issue
		return d
	}
	j.decide(&d, policy.History{})
	return d
}

// decide asks the policy.
func (j judge) decide(d *decided, h policy.History) {
	a := d.arrival
	d.decision = j.policy.Decide(policy.Input{
		Request: a.request, Found: a.found, Trusts: j.trusts, History: h, Now: j.now,
	})
	d.outcome, d.refusals = d.decision.Outcome, d.decision.Refusals
	switch {
	case d.known.Serial != "" && d.outcome != refusal.Deny:
		// One certificate per request (P1): another for the same id is a person's word, or a new cover's.
		d.outcome = refusal.Hold
		d.refusals = append(d.refusals, refusal.New(refusal.CertificateOver, "certificate", d.known.Serial,
			"a new request"))
	case d.outcome == refusal.Issue && j.waiting:
		d.outcome, d.refusals = refusal.Hold, append(d.refusals, ca.IssuerAbsent(d.decision.Profile))
	case d.outcome == refusal.Deny:
		// The denial binds these bytes only: the same request may come again better signed, or in time.
		d.id, d.kind = pki.RefusedID(a.bytes), ledger.KindRefused
		d.known = j.known[d.id]
	}
	d.repeat = d.outcome != refusal.Issue && sameRefusals(d.known, d.refusals)
}

// over reports whether a certificate is expired, in its last third, or revoked: it is not handed out again.
func over(c ledger.Certificate, now time.Time) bool {
	return c.Status == ledger.Revoked || now.After(c.NotAfter.Add(-c.NotAfter.Sub(c.NotBefore)/3))
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
