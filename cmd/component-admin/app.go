package main

import (
	"errors"
	"io/fs"
	"log/slog"
	"time"

	"ca-exchange/internal/cli"
	"ca-exchange/internal/component"
	"ca-exchange/internal/inbox"
)

// app is what every command runs with.
type app struct {
	*cli.Terminal
	dir string
	log *slog.Logger
}

func (a *app) settings() component.Settings { return component.Settings{Now: time.Now, Log: a.log} }

// open opens the component directory and turns what may be wrong with it into hints.
func (a *app) open() (*component.Component, error) {
	c, err := component.Open(a.dir, a.settings())
	switch {
	case errors.Is(err, component.ErrNoComponent):
		return nil, cli.Hint(err, "set one up with `component-admin init --name NAME`, or say where it is: --dir DIR, COMPONENT_ADMIN_DIR")
	case errors.Is(err, fs.ErrPermission):
		return nil, cli.Hint(err, "run component-admin as the owner of the component directory, mostly root")
	}
	return c, err
}

// exchangeFlag says where the exchange is: flag, environment, then the component directory's configuration.
type exchangeFlag struct {
	Exchange string `env:"CA_EXCHANGE" type:"path" placeholder:"DIR" help:"The exchange; by default the one given to init, or ./exchange (${env})."`
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

func (f exchangeFlag) open(c *component.Component) (*inbox.Exchange, error) {
	x, err := inbox.Open(f.path(c))
	return x, explain(err)
}

// explain adds hints to what a first-time user can run into.
func explain(err error) error {
	switch {
	case errors.Is(err, inbox.ErrNoExchange):
		return cli.Hint(err, "is it mounted? say where it is: --exchange DIR, CA_EXCHANGE")
	case errors.Is(err, inbox.ErrNotExchange):
		return cli.Hint(err, "is the medium mounted? only the CA admin makes an exchange: ca-admin exchange DIR")
	case errors.Is(err, component.ErrUnpinned):
		return cli.Hint(err, "ask the CA admin for it, by another way than the exchange: component-admin trust --fingerprint sha256:…")
	case errors.Is(err, component.ErrOtherTrust):
		return cli.WithStatus(cli.Unverified, err, "this is another CA, or somebody changed the outbox: compare with `ca-admin status`", "a host that moves to another CA gets another component directory (--dir)")
	case errors.Is(err, component.ErrIssuers):
		return cli.WithStatus(cli.Unanswered, err, "the CA admin's `ca-admin watch` or `ca-admin sync` publishes them as outbox/issuers.pem")
	case errors.Is(err, component.ErrAgent):
		return cli.Hint(err, "ssh-add the key, or start an agent: eval $(ssh-agent)")
	case errors.Is(err, fs.ErrPermission):
		return cli.Hint(err, "the inbox lets only some drop requests: ask the CA admin who (its mode, its group)")
	}
	return err
}
