package main

import (
	"context"
	"errors"

	"ca-exchange/internal/cli"
	"ca-exchange/internal/component"
	"ca-exchange/internal/inbox"
)

type forgetCommand struct {
	exchangeFlag
	Requests []string `arg:"" name:"request" help:"Its id, its entry's name, or the file it is for."`
}

func (f *forgetCommand) Run(ctx context.Context, a *app) error {
	c, err := a.open()
	if err != nil {
		return err
	}
	defer c.Close()
	for _, what := range f.Requests {
		s, err := c.Find(what)
		if err != nil {
			return a.explainFind(err)
		}
		if err := c.Forget(s); err != nil {
			return a.explain(err)
		}
		if s.Status == component.StatusInstalled {
			a.Say("%s stays as it is, and is not renewed any more", s.Files.Place())
			continue
		}
		a.Say("gave up request %s for %s; its key is destroyed", s.ID[:16], s.Files.Place())
		f.withdraw(ctx, a, c, s)
	}
	return nil
}

// withdraw takes the request out of the exchange where it can be reached now; else the next sync does.
func (f *forgetCommand) withdraw(ctx context.Context, a *app, c *component.Component, s component.State) {
	path := f.path(c)
	err := patiently(ctx, path, patience, func(func()) error {
		x, err := inbox.Open(path)
		if err != nil {
			return err
		}
		defer x.Close()
		return c.Withdraw(x, s)
	})
	if err != nil {
		a.Warn("its entry is not withdrawn yet: %v", err)
		a.Hint("the next `component-admin sync` with its exchange does that")
	}
}

func (a *app) explainFind(err error) error {
	switch {
	case errors.Is(err, component.ErrUnknown):
		return cli.WithStatus(cli.Usage, err, "`component-admin status` lists them")
	case errors.Is(err, component.ErrAmbiguous):
		return cli.WithStatus(cli.Usage, err, "give its whole id: component-admin status -o json")
	}
	return a.explain(err)
}
