package main

import (
	"context"
	"errors"
	"strings"

	"ca-exchange/internal/ca"
	"ca-exchange/internal/cli"
	"ca-exchange/internal/pass"
)

type recoverCommand struct{ exchangeFlags }

// recoveryList is what `recover -o json` prints.
type recoveryList struct {
	APIVersion string          `json:"apiVersion"`
	Kind       string          `json:"kind"`
	Items      []pass.Recovery `json:"items"`
}

func (r *recoverCommand) Run(ctx context.Context, a *app) error {
	c, err := a.open()
	if err != nil {
		return err
	}
	defer c.Close()
	all, err := a.exchanges(c, r.exchangeFlags)
	if err != nil {
		return err
	}
	list := recoveryList{"ca-exchange/v1", "RecoveryList", []pass.Recovery{}}
	var errs []error
	for _, at := range all {
		done, err := recoverAt(ctx, c, at)
		if err != nil { // an exchange that cannot be read keeps no other one from being served again
			errs = append(errs, explain(err, at))
			continue
		}
		list.Items = append(list.Items, done)
		if !a.JSON {
			a.showRecovery(done)
		}
	}
	if a.JSON {
		errs = append(errs, a.Encode(list))
	}
	return errors.Join(errs...)
}

func recoverAt(ctx context.Context, c *ca.CA, at pass.Sides) (done pass.Recovery, err error) {
	x, err := pass.OpenExchange(ctx, c, at.WithOpenInbox())
	if err != nil {
		return done, err
	}
	done, err = pass.Recover(ctx, c, x)
	return done, errors.Join(err, x.Close())
}

// showRecovery says what was taken over, and what a person has to bring back.
func (a *app) showRecovery(r pass.Recovery) {
	a.Print("exchange   %s", r.Exchange)
	a.Print("head       the exchange knew event %d, the ledger ended with event %d", r.Head, r.Ledger)
	a.Print("recovered  %s, of them %d linked to their requests", cli.Count(r.Taken, "certificate", "certificates"),
		r.Linked)
	if r.Revoked > 0 {
		a.Print("revoked    %s, from the CRLs there", cli.Count(r.Revoked, "certificate", "certificates"))
	}
	if r.Past > 0 {
		a.Print("past       %s from before the ledger began", cli.Count(r.Past, "certificate", "certificates"))
	}
	if len(r.Ambiguous) > 0 {
		a.Warn("more than one request, or more than one certificate, fits %s; look at them: ca-admin show SERIAL",
			strings.Join(r.Ambiguous, ", "))
	}
	for _, p := range r.Problems {
		a.Warn("%s", p)
	}
	switch {
	case !r.Behind:
		a.Say("the ledger was not behind this exchange")
	case r.Lost < 0:
		a.Warn("the ledger and the exchange have different events; how many are lost cannot be determined")
	case r.Lost > 0:
		a.Warn("%s cannot be brought back: approvals, denials, enrolments, and certificates that were collected",
			cli.Count(int(r.Lost), "event", "events"))
	}
	if r.Behind {
		a.Hint("compare enrolments with your notes, and repeat what is missing: " +
			"ca-admin requesters, ca-admin unenroll NAME")
		a.Hint("from here on the exchange is served again: ca-admin sync")
	}
}
