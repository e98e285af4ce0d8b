package main

import (
	"ca-exchange/internal/cli"
	"ca-exchange/internal/component"
)

// warnDue says what has ended or is due and was not asked for again: somebody who brings a stick can do it now. What
// cannot be read is the business of status and doctor.
func (a *app) warnDue(c *component.Component) {
	items, err := c.Items()
	if err != nil {
		return
	}
	now, count, first := cli.Now(), 0, component.Item{}
	for _, i := range items {
		if !i.IsDue(now) || i.Open != nil {
			continue
		}
		if count++; count == 1 || i.Certificate.NotAfter.Before(first.Certificate.NotAfter) {
			first = i
		}
	}
	if count == 0 {
		return
	}
	a.Warn("%s due for renewal; %s is valid until %s (%s)", cli.Count(count, "certificate is", "certificates are"),
		first.State.Files.Place(), first.Certificate.NotAfter.UTC().Format("2006-01-02"),
		cli.Residual(first.Certificate.NotAfter, now))
	a.Hint("component-admin renew")
}
