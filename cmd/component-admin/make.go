package main

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"ca-exchange/internal/cli"
	"ca-exchange/internal/component"
	"ca-exchange/internal/pki"
)

// makeAll makes the requests, all or none of those that the CA would always deny: what is wrong with the last one is
// said before the first one has a key.
func (r *requestCommand) makeAll(a *app, c *component.Component, orders []order) error {
	for i, o := range orders {
		for _, other := range orders[:i] {
			if o.wish.Files.Overlap(other.wish.Files) {
				err := fmt.Errorf("%s and %s would write the same file: %s",
					other.ask.Profile.Name, o.ask.Profile.Name, o.wish.Files.Place())
				return cli.WithStatus(cli.Usage, err, "ask for one of them with --out FILE")
			}
		}
		if p := o.ask.Profile; !o.wish.KeyInPlace && !slices.Contains(p.KeyTypes, o.wish.KeyType) {
			err := fmt.Errorf("a key of %s cannot be %s: one of %s", p.Name, o.wish.KeyType,
				pki.KeyTypeNames(p.KeyTypes))
			return cli.WithStatus(cli.Usage, err)
		}
		if err := c.Check(o.ask, o.wish); err != nil {
			return a.explainRequest(err)
		}
	}
	r.warnShort(a, c)
	profiles, wishes := make([]string, len(orders)), make([]*component.Wish, len(orders))
	for i := range orders {
		orders[i].wish.Again = r.Again
		profiles[i], wishes[i] = orders[i].ask.Profile.Name, &orders[i].wish
	}
	if err := c.MakeKeys(profiles, wishes); err != nil {
		return err
	}
	for _, o := range orders {
		s, err := c.Request(o.ask, o.wish)
		if open, ok := errors.AsType[*component.OpenError](err); ok {
			a.Say("%v", open)
			a.Hint("`component-admin sync` looks for its answer; --again withdraws it and asks anew")
			continue
		}
		if err != nil {
			return a.explainRequest(err)
		}
		if o.wish.KeyInPlace {
			a.Say("made a request for %s, with the key in place", s.Profile)
		} else {
			a.Say("made a key and a request for %s", s.Profile)
		}
		a.Say("  request id %s", phone(s.ID))
	}
	return nil
}

// warnShort says it before the first certificate is there: a validity that is too short for the visits lapses when one
// of them fails.
func (r *requestCommand) warnShort(a *app, c *component.Component) {
	rule, err := c.Rule()
	if err != nil || rule.Visit == 0 {
		return
	}
	needed := days(rule.NeededLife())
	if asked := cmp.Or(r.Days, defaultDays); asked < needed {
		a.Warn("%d days of validity are needed for visits every %d days, and %d are asked for", needed,
			days(rule.Visit), asked)
		a.Hint("ask the CA admin to allow more, then: component-admin request … --days %d", needed)
	}
}

// defaultDays is what the policy of a new CA gives where no days are asked for.
const defaultDays = 365

func (a *app) explainRequest(err error) error {
	switch {
	case errors.Is(err, component.ErrTaken):
		return cli.WithStatus(cli.Usage, err, "write another file: --out FILE",
			"or give that request up: component-admin forget ID")
	case errors.Is(err, component.ErrHostsFile):
		return cli.WithStatus(cli.Usage, err, "write another file: --out FILE, --key-out FILE")
	case errors.Is(err, component.ErrRefused):
		return cli.WithStatus(cli.Usage, err)
	}
	return a.explain(err)
}
