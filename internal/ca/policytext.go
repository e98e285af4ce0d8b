package ca

import (
	"bytes"
	"context"
	"errors"
	"io/fs"

	"ca-exchange/internal/ledger"
)

// ErrPolicyChanged says that policy.yaml is not what it was when it was looked at.
var ErrPolicyChanged = errors.New("policy.yaml was changed in the meantime")

// PolicyText is policy.yaml as it stands.
func (c *CA) PolicyText() ([]byte, error) {
	text, _, err := c.dir.Read(policyFile, sizeLimit)
	return text, err
}

// ReplacePolicy writes policy.yaml, where it still is what it was. What is held is decided again by the next pass. A
// text that the CA could not work by is refused.
func (c *CA) ReplacePolicy(ctx context.Context, was, text []byte) error {
	requesters, _, err := c.dir.Read(requestersFile, sizeLimit)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if _, err := parseRules(text, requesters, nil); err != nil {
		return err
	}
	if err := c.CheckClock(ctx); err != nil {
		return err
	}
	if now, err := c.PolicyText(); err != nil || !bytes.Equal(now, was) {
		return errors.Join(ErrPolicyChanged, err)
	}
	if err := c.ledger.Append(ctx, ledger.Event{Time: c.Now(), Kind: "PolicyChanged", Detail: person()}); err != nil {
		return err
	}
	return c.dir.Replace(policyFile, text, 0o600)
}
