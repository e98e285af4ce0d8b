package main

import (
	"errors"
	"fmt"
	"os"

	"ca-exchange/internal/cli"
	"ca-exchange/internal/component"
	"ca-exchange/internal/pki"
)

type initCommand struct {
	Name     string `placeholder:"NAME" help:"The requester, as the CA admin enrolls it; the host's name by default."`
	Identity string `type:"existingfile" placeholder:"FILE" help:"An OpenSSH key to sign with, or by its agent."`
	Exchange string `env:"CA_EXCHANGE" type:"path" placeholder:"DIR" help:"Where the exchange is (${env})."`
	Trust    string `placeholder:"sha256:…" help:"The CA's trust fingerprint, received out of band."`
}

func (i *initCommand) Run(a *app) error {
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
	config := component.Config{Name: i.Name, Exchange: i.Exchange, Trust: trust, Identity: i.Identity}
	c, err := component.Create(a.dir, config, a.settings())
	if errors.Is(err, component.ErrExists) {
		return cli.Hint(err, "change what it says: component-admin config --name NAME --exchange DIR",
			"or choose another directory: --dir DIR")
	}
	if err != nil {
		return a.explain(err)
	}
	defer c.Close()
	id, err := c.Identity()
	if err != nil {
		return err
	}
	a.Say("set up %s for %q", a.dir, i.Name)
	a.Say("for the CA admin, who enrolls this key:")
	a.Print("%s", id.Authorized)
	a.Say("its fingerprint, to be given to the CA admin out of band: %s", id.Fingerprint)
	if trust == "" {
		a.Say("next: component-admin trust --fingerprint sha256:…")
	} else {
		a.Say("next: component-admin request kube-apiserver --node NODE --ip ADDRESS")
	}
	return nil
}
