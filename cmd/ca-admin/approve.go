package main

import (
	"context"
	"errors"
	"fmt"

	"ca-exchange/internal/ca"
	"ca-exchange/internal/cli"
	"ca-exchange/internal/ledger"
	"ca-exchange/internal/pass"
	"ca-exchange/internal/pki"
	"ca-exchange/internal/policy"
)

type approveCommand struct {
	exchangeFlags
	planFlags
	Reopen bool     `help:"Approve a request that a person denied."`
	IDs    []string `arg:"" optional:"" name:"id" help:"Request IDs (16 digits or more); on a terminal, names too."`

	Renewals bool `help:"All that only renew a certificate as it is; never a guarded profile, never another name."`
}

// Validate holds the flags against each other: nothing is added to many certificates at once.
func (v *approveCommand) Validate() error {
	switch {
	case len(v.IDs) == 0 && !v.Renewals:
		return errors.New("expected \"<id> ...\" or --renewals")
	case v.Renewals && (len(v.IDs) > 0 || v.Reopen || v.adds()):
		return errors.New("--renewals goes with --yes alone: it approves certificates as they are")
	}
	return nil
}

func (v *approveCommand) Run(ctx context.Context, a *app) error {
	if v.Renewals {
		return v.renewals(ctx, a)
	}
	override, err := v.override()
	if err != nil {
		return err
	}
	c, err := a.open()
	if err != nil {
		return err
	}
	defer c.Close()
	if err := checkProfiles(c, v.Profile); err != nil {
		return err
	}
	if err := a.checkHeads(ctx, c, v.exchangeFlags); err != nil {
		return err
	}
	var serials []string
	for _, what := range v.IDs {
		certificate, approveErr := v.approve(ctx, a, c, what, override)
		if err = approveErr; err != nil {
			break
		}
		serials = append(serials, pki.SerialHex(certificate.Leaf.SerialNumber))
	}
	if len(serials) > 0 {
		a.publish(ctx, c, v.exchangeFlags)
	}
	if a.JSON {
		err = errors.Join(err, a.encodeCertificates(ctx, c, serials))
	}
	return err
}

func (v *approveCommand) approve(
	ctx context.Context, a *app, c *ca.CA, what string, o policy.Override,
) (*pki.Certificate, error) {
	record, err := a.findToDecide(ctx, c, what)
	if err != nil {
		return nil, err
	}
	again := func() (*ca.Proposal, error) {
		p, err := c.Propose(ctx, record.ID, o)
		if err == nil && v.Reopen {
			p.Reopen()
		}
		return p, err
	}
	certificate, err := a.decide(ctx, c, again, v.planFlags)
	if err == nil {
		a.signed(certificate)
	}
	return certificate, err
}

// findToDecide finds the request that a person is about to decide. A name can be chosen by anybody who writes to the
// inbox, so it counts only on a terminal, where the person sees what was found.
func (a *app) findToDecide(ctx context.Context, c *ca.CA, what string) (ledger.Request, error) {
	if ca.LooksLikeID(what) {
		record, err := c.FindID(ctx, what)
		return record, explainRequest(err)
	}
	if !a.Interactive() {
		return ledger.Request{}, cli.WithStatus(cli.Usage, fmt.Errorf("%q is not a request ID", what),
			"without a terminal, decide by ID: ca-admin pending")
	}
	record, err := c.FindName(ctx, what)
	return record, explainRequest(err)
}

// signed says that a certificate was made.
func (a *app) signed(certificate *pki.Certificate) {
	a.Say("issued serial %s, valid until %s", pki.SerialHex(certificate.Leaf.SerialNumber),
		certificate.Leaf.NotAfter.UTC().Format("2006-01-02"))
	if certificate.Shortened {
		a.Warn("the validity was shortened to the issuer's end")
	}
}

// publish brings decided answers to the exchanges at hand; the next pass over any other publishes what is owed there.
func (a *app) publish(ctx context.Context, c *ca.CA, f exchangeFlags) {
	all, err := a.exchanges(c, f)
	for _, at := range all {
		err = errors.Join(err, publishAt(ctx, c, at))
	}
	if err != nil {
		a.Warn("recorded, but not published now: %v", err)
		a.Hint("the next `ca-admin watch` or `ca-admin sync` on that exchange publishes it")
	}
}

func publishAt(ctx context.Context, c *ca.CA, at pass.Sides) error {
	x, err := pass.OpenExchange(ctx, c, at.WithOpenInbox())
	if err != nil {
		return err
	}
	defer x.Close()
	return pass.Publish(ctx, c, x)
}

type denyCommand struct {
	exchangeFlags
	IDs    []string `arg:"" name:"id" help:"Request IDs (16 digits or more); on a terminal, names too."`
	Reason string   `required:"" placeholder:"TEXT" help:"Why; the requester reads it."`
}

func (d *denyCommand) Run(ctx context.Context, a *app) error {
	c, err := a.open()
	if err != nil {
		return err
	}
	defer c.Close()
	var denied []requestItem
	for _, what := range d.IDs {
		record, findErr := a.findToDecide(ctx, c, what)
		if err = findErr; err == nil {
			err = explainRequest(c.Deny(ctx, record, d.Reason))
		}
		if err != nil {
			break
		}
		a.Say("denied %s; to undo: ca-admin approve %s --reopen", record.ID.Short(), record.ID.Short())
		denied = append(denied, itemOf(record))
	}
	if len(denied) > 0 {
		a.publish(ctx, c, d.exchangeFlags)
	}
	if a.JSON {
		err = errors.Join(err, a.Encode(newList("RequestList", denied)))
	}
	return err
}
