package component

import (
	"errors"

	"ca-exchange/internal/pki"
)

// Entry returns a request's bytes, for a CA admin who receives them without an exchange.
func (c *Component) Entry(s State) ([]byte, error) { return c.entry(s) }

// BelieveIssuers accepts issuers.pem from any source if it matches the pinned fingerprint.
func (c *Component) BelieveIssuers(text []byte) error {
	lock, err := c.Lock()
	if err != nil {
		return err
	}
	defer lock.Release()
	if c.Trust == "" {
		return ErrUnpinned
	}
	if _, err := c.Issuers(); !errors.Is(err, ErrIssuers) {
		return err
	}
	trust, err := c.believe(text)
	if err != nil {
		return err
	}
	return c.private.Create(trustFile, pki.EncodeTrust(trust.Authorities), 0o644)
}

// Install installs an answer that came by mail or without an exchange, under the same rules as one from an outbox.
func (c *Component) Install(s State, answer []byte, o SyncOptions) (Progress, error) {
	lock, err := c.Lock()
	if err != nil {
		return Progress{}, err
	}
	defer lock.Release()
	trust, err := c.Issuers()
	if err != nil {
		return Progress{}, err
	}
	if s, err = c.state(s.ID); err != nil {
		return Progress{}, err
	}
	out := Progress{State: s}
	switch s.Status {
	case StatusInstalling:
		err = c.finish(&out.State, trust)
	case StatusOpen:
		err = c.install(&out, trust, answer, o.complete())
	}
	return out, err
}
