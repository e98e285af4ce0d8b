package ca

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"ca-exchange/internal/ledger"
	"ca-exchange/internal/pki"
)

// Revoking is what a person revokes: certificates of the ledger, and serials that it never saw.
type Revoking struct {
	Certificates []ledger.Certificate
	Unseen       []ledger.Target
	Keys         []string // of unseen certificates, where they are known: SHA-256 of the SubjectPublicKeyInfo, hex
	Reason       pki.Reason
	Since        time.Time
}

// ErrSince reports a time of the loss that is in the future.
var ErrSince = errors.New("--since is in the future")

// BlockedKeys are the keys that a compromise blocks: of all certificates, each once.
func (r Revoking) BlockedKeys() []string {
	keys := slices.Clone(r.Keys)
	for _, k := range r.Certificates {
		keys = append(keys, k.KeyFingerprint)
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// WithKeys adds the live certificates that share a key with those to be revoked, where the reason is a compromise: who
// has the key can use each of them.
func (c *CA) WithKeys(ctx context.Context, r Revoking) (Revoking, error) {
	if r.Reason != pki.KeyCompromise {
		return r, nil
	}
	known := map[string]bool{}
	for _, k := range r.Certificates {
		known[k.Fingerprint] = true
	}
	for keys := range slices.Chunk(r.BlockedKeys(), keysAtOnce) {
		filter := ledger.Filter{Keys: keys, Status: ledger.Valid, EndsFrom: c.Now(), Order: ledger.ByIssue}
		for k, err := range c.ledger.Certificates(ctx, filter) {
			if err != nil {
				return r, err
			}
			if !known[k.Fingerprint] {
				known[k.Fingerprint] = true
				r.Certificates = append(r.Certificates, k.Certificate)
			}
		}
	}
	return r, nil
}

// keysAtOnce bounds the values of one query.
const keysAtOnce = 10_000

// Revoke records revocations: durable when it returns, before any CRL names them. The keys of a compromise are blocked
// first: killed in between, nobody gets a certificate for such a key, and the same command completes the rest.
func (c *CA) Revoke(ctx context.Context, r Revoking) error {
	if err := c.CheckClock(ctx); err != nil {
		return err
	}
	now := c.Now().UTC().Truncate(time.Second)
	if r.Since.After(now) {
		return fmt.Errorf("%w: %s, and it is %s", ErrSince, pki.Stamp(r.Since), pki.Stamp(now))
	}
	if r.Reason == pki.KeyCompromise {
		if err := c.Block(r.BlockedKeys()); err != nil {
			return err
		}
	}
	targets := slices.Clone(r.Unseen)
	for _, k := range r.Certificates {
		targets = append(targets, ledger.Target{Issuer: k.Issuer, Generation: k.Generation, Serial: k.Serial})
	}
	return c.ledger.Revoke(ctx, ledger.Revoking{Targets: targets, Reason: r.Reason, Since: r.Since, At: now,
		By: person()})
}

// Unseen is a serial of an issuer that the ledger never saw.
func (c *CA) Unseen(issuer, serial string) (ledger.Target, error) {
	a, ok := c.Trust().Authority(issuer)
	if !ok {
		return ledger.Target{}, fmt.Errorf("no issuer %q in %q", issuer, c.dir.Path())
	}
	return ledger.Target{Issuer: a.Name, Authority: a.Certificate, Serial: serial}, nil
}
