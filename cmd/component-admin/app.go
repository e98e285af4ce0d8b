package main

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"

	"ca-exchange/internal/cli"
	"ca-exchange/internal/component"
	"ca-exchange/internal/inbox"
)

// app is what every command runs with.
type app struct {
	*cli.Terminal
	dir string
	log *slog.Logger

	synced bool // the exchange was there
}

// defaultDir is the component directory where neither a flag nor the environment names one.
const defaultDir = "./component"

func (a *app) settings() component.Settings { return component.Settings{Now: cli.Now, Log: a.log} }

// open opens the component directory and turns what may be wrong with it into hints.
func (a *app) open() (*component.Component, error) {
	c, err := component.Open(a.dir, a.settings())
	switch {
	case errors.Is(err, component.ErrNoComponent):
		return nil, cli.Hint(err, "set one up with `component-admin init --name NAME`, or say where it is: "+
			"--dir DIR, COMPONENT_ADMIN_DIR")
	case err != nil:
		return nil, a.explain(err)
	}
	return c, nil
}

// exchangeFlag says where the exchange is: flag, environment, then the component directory's configuration.
type exchangeFlag struct {
	Exchange string `env:"CA_EXCHANGE" type:"path" placeholder:"DIR" help:"The exchange (the one that worked before)."`
}

func (f exchangeFlag) path(c *component.Component) string {
	switch {
	case f.Exchange != "":
		return f.Exchange
	case c.Config.Exchange != "":
		return c.Config.Exchange
	}
	return "./exchange"
}

// open opens the exchange for a command that only looks at it.
func (f exchangeFlag) open(ctx context.Context, a *app, c *component.Component) (x *inbox.Exchange, err error) {
	err = patiently(ctx, f.path(c), patience, func(func()) (err error) {
		x, err = inbox.Open(f.path(c))
		return err
	})
	return x, a.explain(err)
}

// private is the part of the component directory that one user owns.
func (a *app) private() string { return filepath.Join(a.dir, "component-admin") }
