package main

import (
	"cmp"
	"fmt"
	"strings"

	"ca-exchange/internal/cli"
	"ca-exchange/internal/component"
	"ca-exchange/internal/inbox"
)

type configCommand struct {
	Name     string `placeholder:"NAME" help:"The requester: the name that the CA admin enrolled this key under."`
	Exchange string `type:"path" placeholder:"DIR" help:"Where the exchange is."`
	Visit    string `placeholder:"DURATION" help:"How often a carried exchange comes by, or none."`
	Renew    string `placeholder:"RULE" help:"How long before its end a certificate is due: 1/3 of its life, or 720h."`

	Reports string `enum:"on,off," default:"" placeholder:"on|off" help:"Tell the CA at each sync what is installed."`

	KeepKey []string `placeholder:"PROFILE" help:"Profiles that are renewed with the key they have, or none."`
	Layout  string   `placeholder:"LAYOUT" help:"How files are called: kubeadm, or pem, as by hand or with cfssl."`
}

// configResult is what config -o json and init -o json print.
type configResult struct {
	APIVersion  string   `json:"apiVersion"`
	Kind        string   `json:"kind"`
	Name        string   `json:"name"`
	Exchange    string   `json:"exchange"`
	Trust       string   `json:"trust"`
	Renew       string   `json:"renew"`
	Visit       string   `json:"visit"`
	KeepKey     []string `json:"keepKey"`
	Reports     string   `json:"reports"` // on or off
	Layout      string   `json:"layout"`
	Paths       []paths  `json:"paths"`
	PublicKey   string   `json:"publicKey"`
	Fingerprint string   `json:"fingerprint"`
}

func configurationOf(c *component.Component, id component.Identity) configResult {
	return configResult{
		APIVersion: cli.APIVersion, Kind: "Configuration", Name: c.Name, Exchange: c.Config.Exchange, Trust: c.Trust,
		Renew: cmp.Or(c.Config.Renew, defaultRenew), Visit: c.Visit, KeepKey: append([]string{}, c.KeepKey...),
		Reports: cmp.Or(c.Reports, "on"),
		Layout:  cmp.Or(c.Config.Layout, component.LayoutKubeadm), Paths: pathsOf(c.Config.Paths),
		PublicKey: id.Authorized, Fingerprint: id.Fingerprint,
	}
}

// paths are the files of one profile, as config.yaml names them.
type paths struct {
	Profile     string `json:"profile"`
	Certificate string `json:"certificate"`
	Key         string `json:"key"`
	Kubeconfig  string `json:"kubeconfig"`
}

func pathsOf(m component.PathMap) []paths {
	all := []paths{}
	for _, profile := range m.Profiles() {
		p := m[profile]
		all = append(all, paths{profile, p.Certificate, p.Key, p.Kubeconfig})
	}
	return all
}

// defaultRenew is how long before its end a certificate is due where nothing else is configured.
const defaultRenew = "1/3"

func (k *configCommand) Run(a *app) error {
	if k.Name != "" {
		if err := checkName(k.Name); err != nil {
			return err
		}
	}
	c, err := a.open()
	if err != nil {
		return err
	}
	defer c.Close()
	with := component.Config{
		Name: k.Name, Exchange: k.Exchange, Visit: k.Visit, Renew: k.Renew, KeepKey: k.KeepKey, Reports: k.Reports,
		Layout: k.Layout,
	}
	if err := with.Check(); err != nil {
		return cli.WithStatus(cli.Usage, err)
	}
	if err := c.Configure(with); err != nil {
		return a.explain(err)
	}
	id, err := c.Identity()
	if err != nil {
		return a.explain(err)
	}
	if a.JSON {
		return a.Encode(configurationOf(c, id))
	}
	a.Print("name         %s", c.Name)
	a.Print("exchange     %s", orDash(c.Config.Exchange))
	a.Print("trust        %s", orUnpinned(c.Trust))
	a.Print("renew        %s before the end, visits every %s", cmp.Or(c.Config.Renew, defaultRenew), orDash(c.Visit))
	a.Print("keep key     %s", orDash(strings.Join(c.KeepKey, ", ")))
	a.Print("reports      %s", cmp.Or(c.Reports, "on"))
	a.Print("layout       %s", cmp.Or(c.Config.Layout, component.LayoutKubeadm))
	for _, profile := range c.Config.Paths.Profiles() {
		a.Print("paths        %s: %s", profile, strings.Join(c.Config.Paths[profile].All(), ", "))
	}
	a.Print("key          %s", id.Authorized)
	a.Print("fingerprint  %s", id.Fingerprint)
	return nil
}

// checkName holds a requester's name against what a cover can say.
func checkName(name string) error {
	if inbox.LegalName(name) && len(name) <= 64 {
		return nil
	}
	return cli.WithStatus(cli.Usage, fmt.Errorf("--name %q: at most 64 letters, digits, dots, hyphens, underscores, "+
		"beginning with a letter or digit", name))
}
