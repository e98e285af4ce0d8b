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
	Name     string `placeholder:"NAME" help:"Who asks: the name the CA admin will know this host's admin by; the host's name by default."`
	Identity string `type:"existingfile" placeholder:"FILE" help:"Sign requests with this OpenSSH key instead of a new one; a protected or security key is used through the SSH agent."`
	Exchange string `env:"CA_EXCHANGE" type:"path" placeholder:"DIR" help:"Where the exchange is (${env})."`
	Trust    string `placeholder:"sha256:…" help:"The CA's trust fingerprint, as its admin told it."`
}

func (i *initCommand) Run(a *app) error {
	if i.Name == "" {
		i.Name, _ = os.Hostname()
	}
	if !inbox.LegalName(i.Name) {
		return cli.WithStatus(cli.Usage, fmt.Errorf("--name %q: letters, digits, dots, hyphens and underscores, beginning with a letter or digit", i.Name))
	}
	trust := ""
	if i.Trust != "" {
		var err error
		if trust, err = pki.ParseFingerprint(i.Trust); err != nil {
			return cli.WithStatus(cli.Usage, fmt.Errorf("--trust: %w", err))
		}
	}
	c, err := component.Create(a.dir, component.Config{Name: i.Name, Exchange: i.Exchange, Trust: trust, Identity: i.Identity}, a.settings())
	if errors.Is(err, component.ErrExists) {
		return cli.Hint(err, "use it as it is, or choose another with --dir DIR")
	}
	if err != nil {
		return err
	}
	defer c.Close()
	id, err := c.Identity()
	if err != nil {
		return err
	}
	a.Say("set up %s for %q", a.dir, i.Name)
	a.Say("for the CA admin, who enrolls this key:")
	a.Print("%s", id.Authorized)
	a.Say("its fingerprint, to be told by another way than the exchange: %s", id.Fingerprint)
	if trust == "" {
		a.Say("next: component-admin trust --fingerprint sha256:…")
	} else {
		a.Say("next: component-admin request kube-apiserver --node NODE --ip ADDRESS")
	}
	return nil
}
