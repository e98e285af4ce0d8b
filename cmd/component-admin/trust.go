package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"ca-exchange/internal/cli"
	"ca-exchange/internal/component"
	"ca-exchange/internal/pki"
)

type trustCommand struct {
	exchangeFlag
	Fingerprint string `placeholder:"sha256:…" help:"The CA's trust fingerprint, received out of band."`
	Replace     bool   `help:"Although certificates are installed under another one: the host moves to another CA."`
}

// typedDigits are how many digits a person types to show that they compared.
const typedDigits = 16

func (k *trustCommand) Run(ctx context.Context, a *app) error {
	c, err := a.open()
	if err != nil {
		return err
	}
	defer c.Close()
	fingerprint, err := k.fingerprint(ctx, a, c)
	if err != nil {
		return err
	}
	pin := c.Pin
	if k.Replace {
		pin = c.Repin
	}
	if err := pin(fingerprint); err != nil {
		return a.explain(err)
	}
	a.Say("pinned %s", fingerprint)
	x, err := k.open(ctx, a, c)
	if err != nil {
		a.Say("the issuers are taken from the exchange by the next: component-admin sync")
		return nil
	}
	defer x.Close()
	switch _, err := c.TakeIssuers(x); {
	case errors.Is(err, component.ErrIssuers):
		a.Say("the issuers are not in the outbox yet; the next `component-admin sync` takes them")
	case err != nil:
		return a.explain(err)
	}
	return nil
}

// fingerprint is the flag's, or what a person types after comparing.
func (k *trustCommand) fingerprint(ctx context.Context, a *app, c *component.Component) (string, error) {
	if k.Fingerprint != "" {
		f, err := pki.ParseFingerprint(k.Fingerprint)
		if err != nil {
			err = cli.WithStatus(cli.Usage, err)
		}
		return f, err
	}
	x, err := k.open(ctx, a, c)
	if err != nil {
		return "", err
	}
	defer x.Close()
	offered, err := component.Offered(x)
	if err != nil {
		return "", a.explain(err)
	}
	if !a.Interactive() {
		return "", cli.WithStatus(cli.Usage, cli.ErrNobody,
			"give it: component-admin trust --fingerprint sha256:…, as the CA admin's `ca-admin status` prints it")
	}
	a.Say("the exchange shows a CA; ask its admin out of band for its trust fingerprint")
	for range typedTries {
		typed, err := a.Ask(ctx, fmt.Sprintf("its first %d digits: ", typedDigits))
		if err != nil {
			return "", err
		}
		// As people read digits out: in groups, in either case.
		typed = strings.ToLower(strings.NewReplacer("-", "", ":", "", " ", "").Replace(typed))
		typed = strings.TrimPrefix(typed, "sha256")
		if len(typed) >= typedDigits && strings.HasPrefix(strings.TrimPrefix(offered.Fingerprint, "sha256:"), typed) {
			return offered.Fingerprint, nil
		}
		a.Say("these are not the first %d digits of the CA that the exchange shows", typedDigits)
	}
	return "", cli.WithStatus(cli.Unverified, errors.New("the exchange shows another CA than that"),
		"nothing was pinned; tell the CA admin")
}

// typedTries are for slips of the finger; more would let a person guess until it fits.
const typedTries = 3
