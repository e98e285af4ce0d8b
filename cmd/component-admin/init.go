package main

import (
	"errors"
	"fmt"
	"os"

	"ca-exchange/internal/cli"
	"ca-exchange/internal/component"
	"ca-exchange/internal/inbox"
	"ca-exchange/internal/pki"
)

type initCommand struct {
	Name     string `placeholder:"NAME" help:"The requester, as the CA admin enrolls it; the host's name by default."`
	Identity string `type:"existingfile" placeholder:"FILE" help:"An OpenSSH key to sign with, or by its agent."`
	Exchange string `env:"CA_EXCHANGE" type:"path" placeholder:"DIR" help:"Where the exchange is (${env})."`
	Trust    string `placeholder:"sha256:…" help:"The CA's trust fingerprint, received out of band."`

	Visit string `placeholder:"DURATION" help:"How often a carried exchange comes by."`

	NewIdentity bool `help:"Take another SSH key on a host that is set up; the CA admin has to enroll it."`
}

func (i *initCommand) Run(a *app) error {
	if i.NewIdentity {
		return i.newIdentity(a)
	}
	if i.Name == "" {
		i.Name, _ = os.Hostname()
	}
	if err := checkName(i.Name); err != nil {
		return err
	}
	trust := ""
	if i.Trust != "" {
		var err error
		if trust, err = pki.ParseFingerprint(i.Trust); err != nil {
			return cli.WithStatus(cli.Usage, fmt.Errorf("--trust: %w", err))
		}
	}
	config := component.Config{
		Name: i.Name, Exchange: i.Exchange, Trust: trust, Identity: i.Identity, Visit: i.Visit,
	}
	if _, err := config.Rule(); err != nil {
		return cli.WithStatus(cli.Usage, err)
	}
	c, err := component.Create(a.dir, config, a.settings())
	if errors.Is(err, component.ErrExists) {
		return cli.Hint(err, "change what it says: component-admin config --name NAME --exchange DIR",
			"or choose another directory: --dir DIR")
	}
	if err != nil {
		return a.explain(err)
	}
	defer c.Close()
	a.Say("set up %s for %q", a.dir, i.Name)
	if err := a.sayIdentity(c); err != nil {
		return err
	}
	i.compare(a, c)
	a.Say("%s", renewalSentence("/", i.Visit))
	if trust == "" {
		a.Say("next: component-admin trust --fingerprint sha256:…")
	} else {
		a.Say("next: component-admin request kube-apiserver --node NODE --ip ADDRESS")
	}
	return nil
}

// newIdentity takes another key on a host that is set up.
func (i *initCommand) newIdentity(a *app) error {
	if i.Name != "" || i.Exchange != "" && os.Getenv("CA_EXCHANGE") == "" || i.Trust != "" {
		return cli.WithStatus(cli.Usage, errors.New("--new-identity changes the key alone"),
			"component-admin config changes the rest")
	}
	c, err := a.open()
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.NewIdentity(i.Identity); err != nil {
		return a.explain(err)
	}
	a.Say("%q has another key; requests are signed with it from now on", c.Name)
	return a.sayIdentity(c)
}

// sayIdentity says what the CA admin has to enroll.
func (a *app) sayIdentity(c *component.Component) error {
	id, err := c.Identity()
	if err != nil {
		return a.explain(err)
	}
	a.Say("for the CA admin, who enrolls this key:")
	if a.JSON {
		if err := a.Encode(configurationOf(c, id)); err != nil {
			return err
		}
	} else {
		a.Print("%s", id.Authorized)
	}
	a.Say("its fingerprint, to be given to the CA admin out of band: %s", id.Fingerprint)
	return nil
}

// compare holds a fingerprint that was typed against the exchange, where that is there already: it is free to be
// replaced now.
func (i *initCommand) compare(a *app, c *component.Component) {
	x, err := inbox.Open(exchangeFlag{i.Exchange}.path(c))
	if err != nil {
		return
	}
	defer x.Close()
	if c.Trust != "" && x.Trust != c.Trust {
		a.Warn("the exchange names the CA %s, and %s is pinned", x.Trust, c.Trust)
		a.Hint("compare with the CA admin, out of band; component-admin trust --fingerprint replaces what is pinned")
	}
}
