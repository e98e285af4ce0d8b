package pass

import (
	"context"
	"slices"
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
	mu      sync.Mutex
	all     map[string][]policy.Recent // by place
	forgets int                        // how often what was recorded was forgotten here
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
	ask := func() ([]policy.History, error) { return p.Histories(ctx, past) }
	return p.issuing.beside(ask, func(histories []policy.History) {
		for i := range batch {
			if past[i].Counts() {
				p.issuing.weighOne(j, &batch[i], keyOf(past[i].Place()), histories[i])
			}
		}
	})
}

// beside calls weigh, under the lock, with the histories that the ledger has. What was recorded and forgotten while the
// ledger was asked may be missing in both, so it is asked again.
func (s *issuing) beside(ask func() ([]policy.History, error), weigh func([]policy.History)) error {
	for {
		s.mu.Lock()
		before := s.forgets
		s.mu.Unlock()
		histories, err := ask()
		if err != nil {
			return err
		}
		s.mu.Lock()
		if s.forgets == before {
			defer s.mu.Unlock()
			weigh(histories)
			return nil
		}
		s.mu.Unlock()
	}
}

// weighOne decides one request again beside the others of its place, and notes what it becomes.
func (s *issuing) weighOne(j judge, d *decided, key string, h policy.History) {
	h = s.with(key, d.arrival.id, h)
	if h.Replaced != nil || len(h.Recent) > 0 || d.arrival.request.Cover.Replaces != "" {
		j.decide(d, h)
	}
	if !d.issues() {
		return
	}
	if s.all == nil {
		s.all = map[string][]policy.Recent{}
	}
	s.all[key] = append(s.all[key], policy.Recent{
		Request: d.arrival.id, Fingerprint: d.arrival.id.String(), Replaces: d.decision.Replaces, Issued: j.now,
	})
}

// with adds to a history what this pass issues in the same place, and the ledger did not have when it was asked.
func (s *issuing) with(key string, id pki.ID, h policy.History) policy.History {
	known := map[pki.ID]bool{id: true}
	for _, one := range h.Recent {
		known[one.Request] = true
	}
	for _, one := range s.all[key] {
		if !known[one.Request] {
			h.Recent = append(h.Recent, one)
		}
	}
	return h
}

// forget takes out what the ledger has now, or what is not issued after all.
func (s *issuing) forget(batch []decided) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forgets++
	for _, d := range batch {
		past := ca.Past{Request: d.arrival.request, Decision: d.decision}
		if !d.issues() || !past.Counts() {
			continue
		}
		key, id := keyOf(past.Place()), d.arrival.id
		s.all[key] = slices.DeleteFunc(s.all[key], func(one policy.Recent) bool { return one.Request == id })
		if len(s.all[key]) == 0 {
			delete(s.all, key)
		}
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
