package component

import (
	"errors"
	"fmt"
	"io/fs"

	"ca-exchange/internal/inbox"
	"ca-exchange/internal/pki"
)

// Pin records the fingerprint of the CA to trust. Another one is replaced until something was installed under it: a
// mistyped fingerprint is worth nothing. Afterwards it is ErrOtherTrust.
func (c *Component) Pin(fingerprint string) error {
	lock, err := c.Lock()
	if err != nil {
		return err
	}
	defer lock.Release()
	if c.Trust == fingerprint {
		return nil
	}
	states, err := c.Requests()
	if err != nil {
		return err
	}
	for _, s := range states {
		if c.Trust != "" && !s.Verified.IsZero() || s.Status == StatusInstalled {
			return fmt.Errorf("%w: %s, and %s is installed under it", ErrOtherTrust, c.Trust, s.Files.Place())
		}
	}
	return c.repin(fingerprint)
}

// Repin is Pin for a person who knows that the host moves to another CA. What is installed stays as it is; the next
// Sync asks under the new one.
func (c *Component) Repin(fingerprint string) error {
	lock, err := c.Lock()
	if err != nil {
		return err
	}
	defer lock.Release()
	return c.repin(fingerprint)
}

// repin forgets the former issuers before it records the fingerprint of others: killed in between, the host takes the
// former ones from its outbox again.
func (c *Component) repin(fingerprint string) error {
	if err := existing(c.private.Remove(trustFile)); err != nil {
		return err
	}
	return c.updateLocked(func(to *Config) { to.Trust = fingerprint })
}

// Issuers are the pinned issuers. ErrUnpinned: no fingerprint is recorded; ErrIssuers: their certificates were not
// seen yet.
func (c *Component) Issuers() (pki.Trust, error) {
	if c.Trust == "" {
		return pki.Trust{}, ErrUnpinned
	}
	text, _, err := c.private.Read(trustFile, sizeLimit)
	if errors.Is(err, fs.ErrNotExist) {
		return pki.Trust{}, ErrIssuers
	}
	if err != nil {
		return pki.Trust{}, err
	}
	return c.believe(text)
}

// believe reads issuers and accepts them only under the pinned fingerprint.
func (c *Component) believe(text []byte) (pki.Trust, error) {
	trust, err := pki.ParseTrust(text)
	if err != nil {
		return pki.Trust{}, err
	}
	if trust.Fingerprint != c.Trust {
		return pki.Trust{}, fmt.Errorf("%w: the issuers have %s, pinned is %s",
			ErrOtherTrust, trust.Fingerprint, c.Trust)
	}
	return trust, nil
}

// Offered is the trust that an exchange shows. It is unverified: a person must compare it.
func Offered(x *inbox.Exchange) (pki.Trust, error) {
	content, err := x.ReadAnswer("", trustFile)
	if err != nil {
		return pki.Trust{}, err
	}
	if content.Bytes == nil {
		return pki.Trust{}, ErrIssuers
	}
	return pki.ParseTrust(content.Bytes)
}

// TakeIssuers takes the issuers from the outbox once they lie there and match the pinned fingerprint.
func (c *Component) TakeIssuers(x *inbox.Exchange) (pki.Trust, error) {
	// The marker is only a hint, but an honest CA's names its own trust: this exchange is another CA's.
	if c.Trust != "" && x.Trust != c.Trust {
		return pki.Trust{}, fmt.Errorf("%w: the exchange names %s, pinned is %s", ErrOtherTrust, x.Trust, c.Trust)
	}
	trust, err := c.Issuers()
	if !errors.Is(err, ErrIssuers) {
		return trust, err
	}
	content, err := x.ReadAnswer("", trustFile)
	if err != nil {
		return pki.Trust{}, err
	}
	if content.Bytes == nil {
		return pki.Trust{}, ErrIssuers
	}
	if trust, err = c.believe(content.Bytes); err != nil {
		return pki.Trust{}, err
	}
	return trust, c.private.Create(trustFile, pki.EncodeTrust(trust.Authorities), 0o644)
}
