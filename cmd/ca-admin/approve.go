package main

import (
	"context"
	"fmt"

	"ca-exchange/internal/ca"
	"ca-exchange/internal/pass"
	"ca-exchange/internal/pki"
)

type approveCommand struct {
	exchangeFlags
	planFlags
	IDs []string `arg:"" name:"id" help:"Request ids (8 digits or more), or entry names."`
}

func (v *approveCommand) Run(ctx context.Context, a *app) error {
	override, err := v.override()
	if err != nil {
		return err
	}
	c, err := a.open()
	if err != nil {
		return err
	}
	defer c.Close()
	for _, what := range v.IDs {
		record, err := c.Find(ctx, what)
		if err != nil {
			return explainRequest(err)
		}
		certificate, err := a.decide(ctx, c, func() (*ca.Proposal, error) { return c.Propose(ctx, record.ID, override) }, v.Yes)
		if err != nil {
			return err
		}
		a.signed(certificate)
	}
	a.publish(ctx, c, v.exchangeFlags)
	return nil
}

// signed says that a certificate was made.
func (a *app) signed(certificate *pki.Certificate) {
	a.Say("issued serial %s, valid until %s", pki.SerialHex(certificate.Leaf.SerialNumber), certificate.Leaf.NotAfter.UTC().Format("2006-01-02"))
	if certificate.Shortened {
		a.Warn("the validity was shortened to the issuer's end")
	}
}

// publish brings decided answers to the exchange at hand; where there is none, the next pass over theirs does.
func (a *app) publish(ctx context.Context, c *ca.CA, f exchangeFlags) {
	x, err := pass.OpenExchange(ctx, c, f.sides().WithOpenInbox())
	if err == nil {
		defer x.Close()
		err = pass.Publish(ctx, c, x)
	}
	if err != nil {
		a.Warn("recorded, but not published now: %v", err)
		a.Hint("the next `ca-admin watch` or `ca-admin sync` on that exchange publishes it")
	}
}

type denyCommand struct {
	exchangeFlags
	IDs    []string `arg:"" name:"id" help:"Request ids (8 digits or more), or entry names."`
	Reason string   `required:"" placeholder:"TEXT" help:"Why; the requester reads it."`
}

func (d *denyCommand) Run(ctx context.Context, a *app) error {
	c, err := a.open()
	if err != nil {
		return err
	}
	defer c.Close()
	for _, what := range d.IDs {
		record, err := c.Find(ctx, what)
		if err == nil {
			err = c.Deny(ctx, record, fmt.Sprintf("%q", d.Reason))
		}
		if err != nil {
			return explainRequest(err)
		}
		a.Say("denied %s", record.ID.Short())
	}
	a.publish(ctx, c, d.exchangeFlags)
	return nil
}
