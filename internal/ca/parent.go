package ca

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strings"

	"ca-exchange/internal/ledger"
	"ca-exchange/internal/pki"
	"ca-exchange/internal/refusal"
)

// Errors of issuers that a parent signs.
var (
	ErrNoIssuer   = errors.New("no issuer yet")
	ErrHasIssuer  = errors.New("the issuer has its certificate")
	ErrNotWaiting = errors.New("the issuer does not wait for a parent")
)

// requestFile is where the request of a key for its parent lies.
func requestFile(key string) string { return strings.TrimSuffix(key, ".key") + ".csr" }

// makeWaiting makes the key of an issuer and its request for the parent.
func makeWaiting(spec pki.IssuerSpec, g Guard) (made, error) {
	key, err := spec.KeyType.Generate()
	if err != nil {
		return made{}, err
	}
	pem, err := g.Encode(key)
	if err != nil {
		return made{}, err
	}
	csr, err := pki.AuthorityCSR(key, spec.CommonName)
	return made{Authority: pki.Authority{Name: spec.Name}, key: pem, request: csr}, err
}

// Waiting is an issuer that waits for its parent's signature, with the absolute paths of its key and its request.
type Waiting struct{ Name, Key, Request string }

// Waiting are the issuers that wait for their parent. While there is one, no issuer signs: the trust fingerprint
// covers all of them, and a component admin pins it once.
func (c *CA) Waiting() []Waiting {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := make([]Waiting, len(c.waiting))
	for i, name := range c.waiting {
		sub, _, key := issuerFiles(name)
		all[i] = Waiting{name, path.Join(c.dir.Path(), sub, key), path.Join(c.dir.Path(), sub, requestFile(key))}
	}
	return all
}

// IssuerCount is how many issuers the CA has, or will have once its parent has signed.
func (c *CA) IssuerCount() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.count
}

// IssuerAbsent is why a request is held that the rules would issue, were there an issuer.
func IssuerAbsent(profile *pki.Profile) refusal.Refusal {
	issuer := ""
	if profile != nil {
		issuer = profile.Issuer
	}
	return refusal.New(refusal.IssuerAbsent, "issuer", issuer, "an issuer that its parent has signed")
}

// Adopt puts the certificate that a parent signed beside the issuer's key. With the last one the CA has its trust.
func (c *CA) Adopt(ctx context.Context, issuer *pki.Issuer) error {
	if err := c.CheckClock(ctx); err != nil {
		return err
	}
	dir, sub, file := c.dir, "", ""
	if sub, file, _ = issuerFiles(issuer.Name); sub != "" {
		below, err := c.dir.OpenDir(sub)
		if err != nil {
			return err
		}
		defer below.Close()
		dir = below
	}
	if err := dir.Create(file, issuer.Bundle(), 0o644); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.loadTrust(); err != nil || len(c.waiting) > 0 {
		return err
	}
	fingerprint := c.Trust().Fingerprint
	detail := map[string]string{"trust": fingerprint}
	event := ledger.Event{Time: c.Now(), Kind: ledger.EventAdopted, Detail: detail}
	return c.ledger.Remember(ctx, trustsSetting, fingerprint, &event)
}

// loadTrust reads the issuers; a process that signs gets their keys at once. mu is held.
func (c *CA) loadTrust() error {
	authorities, waiting, err := loadAuthorities(c.dir)
	if err != nil {
		return err
	}
	c.count = len(authorities) + len(waiting)
	if len(waiting) > 0 {
		c.waiting = waiting
		return nil
	}
	trust, err := trustOf(authorities)
	if err != nil {
		return fmt.Errorf("reading the issuers of %q: %w", c.dir.Path(), err)
	}
	c.trust.Store(&trust)
	if c.unlocked {
		if err := c.loadKeys(); err != nil {
			return err // the next Rules tries again
		}
	}
	c.waiting = nil
	return nil
}
