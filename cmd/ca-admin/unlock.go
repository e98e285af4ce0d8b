package main

import (
	"errors"
	"fmt"
	"strings"

	"ca-exchange/internal/ca"
	"ca-exchange/internal/cli"
)

type unlockCommand struct{}

// Run hands passphrases to the running watch until it has every key, or a person mistyped too often.
func (*unlockCommand) Run(a *app) error {
	c, err := a.open()
	if err != nil {
		return err
	}
	defer c.Close()
	defer a.forget()
	reply, err := c.UnlockWatch(nil) // says which keys need a passphrase
	for issuer, try := "", 0; err == nil && len(reply.Locked) > 0; try++ {
		if reply.Locked[0] != issuer {
			issuer, try = reply.Locked[0], 0
		}
		var secret []byte
		if secret, err = a.forKey(c.KeyFile(issuer), try); err != nil {
			err = fmt.Errorf("reading %q: %w", c.KeyFile(issuer), err)
			break
		}
		reply, err = c.UnlockWatch(secret)
	}
	for issuer, why := range reply.Failed {
		err = errors.Join(err, fmt.Errorf("issuer %q: %s", issuer, why))
	}
	if err != nil {
		return explainControl(err)
	}
	a.Say("the watch has the keys of all issuers")
	return nil
}

type lockCommand struct{}

// Run makes the running watch forget the keys.
func (*lockCommand) Run(a *app) error {
	c, err := a.open()
	if err != nil {
		return err
	}
	defer c.Close()
	reply, err := c.LockWatch()
	if err != nil {
		return explainControl(err)
	}
	a.Say("the watch has forgotten the keys of %s; to give them back: ca-admin unlock",
		strings.Join(reply.Locked, ", "))
	return nil
}

// explainControl says what to do where no watch answers.
func explainControl(err error) error {
	if errors.Is(err, ca.ErrNoWatch) {
		return cli.Hint(err, "start one that waits for its keys: ca-admin watch --locked",
			"a command that signs asks for the passphrase itself")
	}
	return err
}
