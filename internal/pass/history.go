package pass

import (
	"context"
	"strings"
	"sync"
	"time"

	"ca-exchange/internal/ca"
	"ca-exchange/internal/ledger"
	"ca-exchange/internal/pki"
	"ca-exchange/internal/policy"
	"ca-exchange/internal/refusal"
)

// issuing is what this pass has decided to issue: the ledger may not have it yet when the next batch is decided, and a
// loop of requests would slip through between the two.
type issuing struct {
	mu  sync.Mutex
	all map[string][]deciding // by place
}

// deciding is one request of a place.
type deciding struct {
	id pki.ID
	policy.Recent
}

// weigh decides a batch again in the light of its history, where that can change anything: what replaces a certificate,
// and what comes beside others of the same place. Requests are taken in order, since each counts against the next.
func (p *pass) weigh(ctx context.Context, j judge, batch []decided) error {
	past := make([]ca.Past, len(batch))
	for i, d := range batch {
		if d.issues() {
			past[i] = ca.Past{Request: d.arrival.request, Decision: d.decision}
		}
	}
	histories, err := p.Histories(ctx, past)
	if err != nil {
		return err
	}
	p.issuing.mu.Lock()
	defer p.issuing.mu.Unlock()
	if p.issuing.all == nil {
		p.issuing.all = map[string][]deciding{}
	}
	for i := range batch {
		if !past[i].Counts() {
			continue
		}
		d := &batch[i]
		key := keyOf(past[i].Place())
		h := p.issuing.beside(key, d.arrival.id, histories[i])
		if h.Replaced != nil || len(h.Recent) > 0 || d.arrival.request.Cover.Replaces != "" {
			j.decide(d, h)
		}
		if d.issues() {
			p.issuing.all[key] = append(p.issuing.all[key], deciding{d.arrival.id, policy.Recent{
				Fingerprint: d.arrival.id.String(), Replaces: d.decision.Replaces, Issued: j.now,
			}})
		}
	}
	return nil
}

// beside adds to a history what this pass issues in the same place, and the ledger does not have yet.
func (s *issuing) beside(key string, id pki.ID, h policy.History) policy.History {
	for _, one := range s.all[key] {
		if one.id != id {
			h.Recent = append(h.Recent, one.Recent)
		}
	}
	return h
}

// recorded forgets what the ledger has now.
func (s *issuing) recorded(batch []decided) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range batch {
		past := ca.Past{Request: d.arrival.request, Decision: d.decision}
		if !d.issues() || !past.Counts() {
			continue
		}
		key := keyOf(past.Place())
		kept := s.all[key][:0]
		for _, one := range s.all[key] {
			if one.id != d.arrival.id {
				kept = append(kept, one)
			}
		}
		if len(kept) == 0 {
			delete(s.all, key)
			continue
		}
		s.all[key] = kept
	}
}

func keyOf(p ledger.Place) string {
	key := []string{p.Requester, p.Profile, p.Subject, p.Node}
	if p.Node == "" {
		key = append(key, p.Names...)
	}
	return strings.Join(key, "\x00")
}

// againFrom is when a request that is held for its rate is to be decided again; zero for any other.
func againFrom(refusals []refusal.Refusal) time.Time {
	for _, r := range refusals {
		if r.Code != refusal.CertificateRate {
			continue
		}
		_, stamp, _ := strings.Cut(r.Allowed, "from ")
		if at, err := time.Parse(time.RFC3339, stamp); err == nil {
			return at
		}
	}
	return time.Time{}
}
