package main

import (
	"context"
	"errors"
	"fmt"

	"ca-exchange/internal/ca"
	"ca-exchange/internal/cli"
	"ca-exchange/internal/pki"
	"ca-exchange/internal/policy"
	"ca-exchange/internal/refusal"
)

// renewals approves at once what only renews certificates as they are: it lists them, asks once, and signs each by the
// digest of the plan that was listed.
func (v *approveCommand) renewals(ctx context.Context, a *app) error {
	c, err := a.open()
	if err != nil {
		return err
	}
	defer c.Close()
	if err := a.checkHeads(ctx, c, v.exchangeFlags); err != nil {
		return err
	}
	all, err := c.Renewals(ctx)
	if err != nil {
		return err
	}
	serials, err := a.approveRenewals(ctx, c, all.Plain, v.planFlags)
	if len(serials) > 0 {
		a.publish(context.WithoutCancel(ctx), c, v.exchangeFlags)
	}
	a.sayLeft(all)
	if a.JSON {
		err = errors.Join(err, a.encodeCertificates(ctx, c, serials))
	}
	return err
}

// approveRenewals signs what a person agrees to. One that changed after it was listed is left for the next look.
func (a *app) approveRenewals(
	ctx context.Context, c *ca.CA, plain []*ca.Proposal, f planFlags,
) (serials []string, err error) {
	if len(plain) == 0 {
		a.Say("no held request is a plain renewal")
		return nil, nil
	}
	for _, p := range plain {
		a.sayRenewal(p)
	}
	if !f.Yes {
		agreed, err := a.Confirm(ctx, fmt.Sprintf("sign %s?", cli.Count(len(plain), "certificate", "certificates")))
		if errors.Is(err, cli.ErrNobody) {
			return nil, cli.Hint(err, "look at each with `ca-admin show`, then say --yes")
		}
		if err != nil || !agreed {
			return nil, errors.Join(err, cli.WithStatus(cli.Unanswered, errors.New("not signed")))
		}
	}
	changed := false
	for _, p := range plain {
		certificate, err := c.Approve(ctx, p)
		if errors.Is(err, policy.ErrOther) {
			a.Warn("%s: something changed since this was shown; it is left", p.ID.Short())
			changed = true
			continue
		}
		if err != nil {
			return serials, explainRequest(err)
		}
		a.signed(certificate)
		serials = append(serials, pki.SerialHex(certificate.Leaf.SerialNumber))
	}
	if changed {
		return serials, cli.Exit(cli.Unanswered)
	}
	return serials, nil
}

// sayRenewal is a renewal on three lines; the names are those of the replaced certificate, and the id comes last.
func (a *app) sayRenewal(p *ca.Proposal) {
	key := "a new key"
	if p.Replaced.KeyFingerprint == p.Request.CSR.Fingerprint {
		key = "the same key"
	}
	a.Say("%s  %s, names %s", p.Plan.Profile, p.Plan.Subject(), orNone(p.Plan.Names.Strings()))
	a.Say("  renews %s, until %s, with %s, for %d days", p.Replaced.Serial, p.Replaced.NotAfter.Format(day), key,
		p.Plan.Days)
	a.Say("  requester %s; request id %s", requesterLine(p), p.ID.Phone())
}

// sayLeft says which renewals are left and why, and how many requests are none.
func (a *app) sayLeft(all ca.Renewals) {
	for _, l := range all.Left {
		a.Say("left %s (%s, entry %s): %s", l.Record.ID.Short(), dash(l.Record.Profile), refusal.Quote(l.Record.Name),
			l.Why)
	}
	if all.Firsts > 0 {
		a.Say("left %s: no certificate of this CA is replaced", cli.Count(all.Firsts, "request", "requests"))
	}
	if len(all.Left)+all.Firsts > 0 {
		a.Say("look at what is left: ca-admin review")
	}
}
