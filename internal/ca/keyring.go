package ca

import (
	"errors"
	"fmt"
	"sync"

	"ca-exchange/internal/pki"
)

// ErrKeyAbsent means that an issuer's key is not at hand: it is locked, or whoever holds it does not answer. What the
// issuer is to sign waits until it is.
var ErrKeyAbsent = errors.New("its key is not at hand")

// keyring holds the issuers that can sign now. The zero value holds none. It is safe for concurrent use: a watch may be
// given keys, and lose them, while it signs.
type keyring struct {
	mu      sync.RWMutex
	issuers map[string]*pki.Issuer // by name
	rests   rests
}

// of is the issuer of that name, nil where its key is not at hand.
func (k *keyring) of(name string) *pki.Issuer {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.issuers[name]
}

func (k *keyring) add(issuer *pki.Issuer) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.issuers == nil {
		k.issuers = map[string]*pki.Issuer{}
	}
	k.issuers[issuer.Name] = issuer
}

func (k *keyring) forget() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.issuers = nil
}

// Unlock gets the issuers' keys, asking for a passphrase where one is encrypted. Only commands that sign need it.
func (c *CA) Unlock() error {
	c.mu.Lock()
	c.unlocked = true
	c.mu.Unlock()
	return c.loadKeys()
}

func (c *CA) loadKeys() error {
	if c.ForgetPassphrase != nil {
		defer c.ForgetPassphrase()
	}
	for _, a := range c.Trust().Authorities {
		if c.keys.of(a.Name) != nil {
			continue
		}
		issuer, err := c.loadIssuer(a, c.Passphrase)
		if err != nil {
			return err
		}
		c.keys.add(issuer)
	}
	return nil
}

// UnlockPlain gets those of the issuers' keys that need no passphrase.
func (c *CA) UnlockPlain() error {
	for _, a := range c.Trust().Authorities {
		issuer, err := c.loadIssuer(a, nil)
		switch {
		case err == nil:
			c.keys.add(issuer)
		case !errors.Is(err, pki.ErrEncrypted):
			return err
		}
	}
	return nil
}

// HasKey reports whether the key of the issuer that signs under a name is at hand.
func (c *CA) HasKey(name string) bool {
	_, err := c.issuer(name)
	return err == nil
}

// Absent names the issuers whose keys are not at hand, in the trust's order.
func (c *CA) Absent() (names []string) {
	for _, a := range c.Trust().Authorities {
		if !c.HasKey(a.Name) {
			names = append(names, a.Name)
		}
	}
	return names
}

// issuer is the signing issuer of that name; ErrKeyAbsent says that it cannot sign now. In the single-CA form the one
// there is signs under each name, since a profile goes on naming its own.
func (c *CA) issuer(name string) (*pki.Issuer, error) {
	a, ok := c.Trust().Authority(name)
	if !ok {
		return nil, fmt.Errorf("no issuer %q in %q", name, c.dir.Path())
	}
	issuer := c.keys.of(a.Name)
	if issuer == nil {
		return nil, fmt.Errorf("issuer %q: %w, it is locked: ca-admin unlock", a.Name, ErrKeyAbsent)
	}
	if err := c.keys.rests.err(a.Name, c.Now); err != nil {
		return nil, fmt.Errorf("issuer %q: %w: %w", a.Name, ErrKeyAbsent, err)
	}
	if a.Name != name {
		issuer = issuer.Under(name)
	}
	return issuer, nil
}
