package pass

import (
	"context"
	"crypto/x509"
	"fmt"
	"slices"

	"ca-exchange/internal/ledger"
	"ca-exchange/internal/pki"
	"ca-exchange/internal/policy"
	"ca-exchange/internal/refusal"
)

// recall answers new requests with certificates that were taken over before these requests were at hand: a request that
// is dropped again gets the certificate that it had in the records that are lost, and no second one (P1, P13). What the
// policy issues and what it holds are treated alike: the certificate shows that it was granted. One query a batch.
func (p *pass) recall(ctx context.Context, j judge, batch []decided) error {
	var keys []string
	for _, d := range batch {
		if d.linkable() {
			keys = append(keys, d.arrival.request.CSR.Fingerprint)
		}
	}
	unlinked, err := p.Ledger().Unlinked(ctx, keys)
	if err != nil || len(unlinked) == 0 {
		return err
	}
	for i := range batch {
		d := &batch[i]
		if !d.linkable() {
			continue
		}
		key := d.arrival.request.CSR.Fingerprint
		for n, k := range unlinked[key] { // the one that ends last comes first
			ok, err := p.answers(ctx, j, *d, k)
			if err != nil {
				return err
			}
			if ok {
				unlinked[key] = slices.Delete(unlinked[key], n, n+1)
				d.recovered, d.outcome, d.repeat, d.refusals = &k, refusal.Issue, false, nil
				break
			}
		}
	}
	return nil
}

// linkable reports whether a request may be one whose record is lost: the ledger has never seen it, and nothing denies
// it.
func (d decided) linkable() bool {
	return d.kind == ledger.KindRequest && d.arrival.request != nil && !d.known.Recorded() && d.outcome != refusal.Deny
}

// answers reports whether a certificate that was taken over is what a request would be issued now: the same key,
// subject and usages, no fewer names, and as much time left as for any answer that is repeated.
func (p *pass) answers(ctx context.Context, j judge, d decided, k ledger.Certificate) (bool, error) {
	if k.Status != ledger.Valid || over(k, j.now) || j.now.Before(k.NotBefore) {
		return false, nil
	}
	if cover := d.arrival.request.Cover; cover != nil && cover.Replaces == k.Fingerprint {
		return false, nil // it asks for the successor of this very certificate
	}
	plan, _, ok := j.planFor(d.arrival, k.Profile)
	if !ok {
		return false, nil
	}
	content, err := p.Ledger().Content(ctx, ledger.Request{ID: k.Request, Status: ledger.Issued})
	if err != nil {
		return false, err
	}
	chain, err := pki.ParseCertificates(content)
	if err != nil {
		return false, fmt.Errorf("reading certificate %s: %w", k.Serial, err)
	}
	return asks(plan, chain[0]) && len(plan.Names.Without(pki.NamesOf(chain[0]))) == 0, nil
}

// planFor is what a request would be signed as. Where nobody names its profile, profile is taken for it: a person named
// it when the certificate was signed.
func (j judge) planFor(a arrival, profile string) (pki.Plan, policy.Decision, bool) {
	in := policy.Input{Request: a.request, Found: a.found, Trusts: j.trusts, Now: j.now}
	d := j.policy.Decide(in)
	plan, ok := d.Plan()
	if !ok && d.Profile == nil && profile != "" {
		in.Override.Profile = profile
		d = j.policy.Decide(in)
		plan, ok = d.Plan()
	}
	return plan, d, ok
}

// asks compares a plan with a certificate: key, subject and usages. Which names may differ is the caller's question.
func asks(p pki.Plan, leaf *x509.Certificate) bool {
	planned, err := pki.KeyFingerprint(p.Key)
	if err != nil {
		return false
	}
	signed, err := pki.KeyFingerprint(leaf.PublicKey)
	attributes := len(p.Organizations)
	if p.CommonName != "" {
		attributes++
	}
	return err == nil && signed == planned && leaf.Subject.CommonName == p.CommonName &&
		pki.EqualSets(leaf.Subject.Organization, p.Organizations) && len(leaf.Subject.Names) == attributes &&
		pki.EqualSets(leaf.ExtKeyUsage, p.Usages) && len(leaf.UnknownExtKeyUsage) == 0
}
