package ca

import (
	"context"
	"time"

	"ca-exchange/internal/ledger"
	"ca-exchange/internal/policy"
	"ca-exchange/internal/request"
)

// historyWindow is how far back the certificates of one place count against another one.
const historyWindow = 24 * time.Hour

// Past is one request whose history is asked for, as a decision without history left it.
type Past struct {
	Request  *request.Request
	Decision policy.Decision
}

// replaced is the fingerprint of the certificate that the request's cover wants replaced, "" where it names none.
func (p Past) replaced() string {
	if p.Request == nil || p.Request.Cover == nil {
		return ""
	}
	return p.Request.Cover.Replaces
}

// Counts reports whether the history can change the decision: only what an enrolled requester asks for is weighed
// against it; whoever is not enrolled waits for a person anyway.
func (p Past) Counts() bool {
	_, ok := p.Decision.Plan()
	return ok && p.Decision.Requester != nil
}

// Place is what the certificate would be for.
func (p Past) Place() ledger.Place {
	plan, _ := p.Decision.Plan()
	place := ledger.Place{
		Requester: p.Decision.Requester.Name, Profile: plan.Profile, Subject: plan.Subject(),
		Names: plan.Names.Strings(),
	}
	if p.Request != nil && p.Request.Cover != nil {
		place.Node = p.Request.Cover.Node
	}
	return place
}

// Histories joins what the ledger knows of a batch, in its order: three queries, however many requests there are. Where
// Counts is false the history is that of a first request.
func (c *CA) Histories(ctx context.Context, batch []Past) ([]policy.History, error) {
	var fingerprints []string
	var places []ledger.Place
	var at []int
	for i, p := range batch {
		if !p.Counts() {
			continue
		}
		if f := p.replaced(); f != "" {
			fingerprints = append(fingerprints, f)
		}
		places, at = append(places, p.Place()), append(at, i)
	}
	old, err := c.ledger.ByFingerprints(ctx, fingerprints)
	if err != nil {
		return nil, err
	}
	successors, err := c.ledger.Successors(ctx, fingerprints)
	if err != nil {
		return nil, err
	}
	recent, err := c.ledger.Recent(ctx, places, c.Now().Add(-historyWindow))
	if err != nil {
		return nil, err
	}
	all := make([]policy.History, len(batch))
	for n, i := range at {
		f := batch[i].replaced()
		if k, ok := old[f]; ok {
			all[i].Replaced = replacedOf(k, successors[f])
		}
		for _, k := range recent[n] {
			if k.Request != batch[i].Request.ID { // decided again: it does not count against itself
				all[i].Recent = append(all[i].Recent, recentOf(k))
			}
		}
	}
	return all, nil
}

func replacedOf(k ledger.Certificate, successors []ledger.Certificate) *policy.Replaced {
	r := &policy.Replaced{
		Fingerprint: k.Fingerprint, Requester: k.Requester, Profile: k.Profile, Subject: k.Subject, Names: k.Names,
		Key: k.KeyFingerprint, Imported: k.Origin != ledger.OriginIssued, Revoked: k.Status == ledger.Revoked,
	}
	for _, s := range successors {
		r.Successors = append(r.Successors, policy.Successor{Requester: s.Requester, Key: s.KeyFingerprint,
			Issued: s.Issued})
	}
	return r
}

func recentOf(k ledger.Certificate) policy.Recent {
	return policy.Recent{
		Request: k.Request, Fingerprint: k.Fingerprint, Replaces: k.Replaces, Issued: k.Issued,
	}
}
