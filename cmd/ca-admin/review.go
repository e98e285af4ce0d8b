package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"ca-exchange/internal/ca"
	"ca-exchange/internal/cli"
	"ca-exchange/internal/policy"
)

type reviewCommand struct{ exchangeFlags }

func (r *reviewCommand) Run(ctx context.Context, a *app) error {
	if !a.Interactive() {
		return cli.WithStatus(cli.Usage, cli.ErrNobody, "ca-admin pending, then ca-admin approve ID --yes")
	}
	c, err := a.open()
	if err != nil {
		return err
	}
	defer c.Close()
	var waiting []string
	for record, err := range c.Ledger().Pending(ctx) {
		if err != nil {
			return err
		}
		waiting = append(waiting, record.ID.String())
	}
	for i, id := range waiting {
		a.Say("\n%d of %d", i+1, len(waiting))
		quit, err := a.reviewOne(ctx, c, id)
		if err != nil {
			return err
		}
		if quit {
			break
		}
	}
	a.publish(ctx, c, r.exchangeFlags)
	return nil
}

// reviewOne shows one request until it is settled, skipped, or the person has had enough.
func (a *app) reviewOne(ctx context.Context, c *ca.CA, id string) (quit bool, err error) {
	for {
		record, err := c.Find(ctx, id)
		if err != nil {
			return false, err
		}
		p, err := c.Propose(ctx, record.ID, policy.Override{})
		if errors.Is(err, ca.ErrSettled) {
			return false, nil // somebody else was faster
		}
		if err != nil {
			return false, err
		}
		a.present(c, p)
		keys := "[a]pprove [d]eny [s]kip [q]uit"
		if err := p.Approvable(); err != nil {
			a.Say("  %v", err)
			keys = "[d]eny [s]kip [q]uit"
		}
		answer, err := a.Ask(ctx, keys+" > ")
		if err != nil {
			return true, err
		}
		switch strings.ToLower(answer) {
		case "a":
			certificate, err := c.Approve(ctx, p)
			if errors.Is(err, policy.ErrOther) {
				a.Warn("something changed since this was shown; here it is as it is now")
				continue
			}
			if err != nil {
				return false, explainRequest(err)
			}
			a.signed(certificate)
			return false, nil
		case "d":
			why, err := a.Ask(ctx, "why? ")
			if err != nil || why == "" {
				continue
			}
			return false, c.Deny(ctx, record, fmt.Sprintf("%q", why))
		case "s":
			return false, nil
		case "q":
			return true, nil
		}
	}
}
