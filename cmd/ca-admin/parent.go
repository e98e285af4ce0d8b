package main

import (
	"context"
	"fmt"
	"slices"

	"ca-exchange/internal/ca"
	"ca-exchange/internal/cli"
	"ca-exchange/internal/pass"
	"ca-exchange/internal/refusal"
)

// sayWaiting says where the requests for the parent are, and what happens with them.
func (a *app) sayWaiting(c *ca.CA) {
	for _, w := range c.Waiting() {
		a.Say("made the key of issuer %s, and its request for the parent: %s", w.Name, cli.Word(w.Request))
	}
	a.Say("until the last issuer is adopted, requests are held as \"no issuer yet\", and decided by themselves then")
	a.sayAdopt(c)
}

func (a *app) sayAdopt(c *ca.CA) {
	for _, w := range c.Waiting() {
		a.Say("next: ca-admin issuer adopt %s FILE, the signed certificate with the chain above it", w.Name)
	}
}

// adopt holds what came back against the issuer's key and what verifiers ask of a CA, and puts it beside the key.
func (i *issuerCommand) adopt(ctx context.Context, a *app) error {
	c, err := a.open()
	if err != nil {
		return err
	}
	defer c.Close()
	waiting := c.Waiting()
	at := slices.IndexFunc(waiting, func(w ca.Waiting) bool { return w.Name == i.Name })
	if at < 0 {
		return notWaiting(a, c, i.Name)
	}
	imported, err := (&initCommand{}).adopt(a, i.Name, i.File[0], waiting[at].Key)
	if err != nil {
		return err
	}
	release, err := c.Release()
	if err != nil {
		return err
	}
	if err := prove(a, imported.Issuer, profilesOf(i.Name, c.IssuerCount(), release)); err != nil {
		return err
	}
	if err := c.Adopt(ctx, imported.Issuer); err != nil {
		return explainRequest(err)
	}
	signed := imported.Issuer.Certificate
	a.Say("issuer %s is signed by %s, until %s", i.Name, refusal.Quote(signed.Issuer.String()),
		signed.NotAfter.UTC().Format(day))
	if len(c.Waiting()) > 0 {
		a.sayAdopt(c)
		return nil
	}
	return a.announce(ctx, c)
}

// notWaiting says why an issuer takes no certificate. To replace one gives another trust fingerprint, which every
// component host has to pin anew.
func notWaiting(a *app, c *ca.CA, name string) error {
	for _, known := range c.Trust().Authorities {
		if known.Name == name {
			return cli.Hint(fmt.Errorf("issuer %s has its certificate, until %s", name,
				known.Certificate.NotAfter.UTC().Format(day)),
				"with another one the trust fingerprint changes, which every host pins: make another CA directory "+
					"for it (--dir DIR)")
		}
	}
	return cli.Hint(fmt.Errorf("issuer %s waits for no parent in %q", name, a.dir),
		"its key and its request are made together with the CA: ca-admin init --parent-request")
}

// announce publishes the issuers wherever the CA serves an exchange that is here; elsewhere the next pass does.
func (a *app) announce(ctx context.Context, c *ca.CA) error {
	known, err := c.Exchanges()
	if err != nil {
		return err
	}
	for _, p := range known {
		at := pass.Sides{Inbox: p.Inbox, Outbox: p.Outbox}
		if !there(p.Inbox) || !there(p.Outbox) {
			a.Say("%s is not here now: the next ca-admin sync publishes the issuers there", p.Inbox)
			continue
		}
		if err := pass.Announce(ctx, c, at); err != nil {
			a.Warn("%v; the next ca-admin sync publishes the issuers there", explain(err, at))
		}
	}
	if err := a.sayPlain(c); err != nil {
		return err
	}
	a.Say("trust fingerprint, which the component admins compare out of band:")
	a.Print("%s", c.Trust().Fingerprint)
	a.Say("next, on a component host: component-admin init --name NAME --trust %s", c.Trust().Fingerprint)
	a.Say("next, here:                ca-admin sync, which decides what was held; a watch does by itself")
	return nil
}
