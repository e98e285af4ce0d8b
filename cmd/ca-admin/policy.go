package main

import (
	"context"
	"encoding/json"
	"path/filepath"
	"strings"

	"ca-exchange/internal/ca"
	"ca-exchange/internal/cli"
	"ca-exchange/internal/kube"
	"ca-exchange/internal/pki"
)

type policyCommand struct {
	Config []string `type:"existingfile" placeholder:"FILE" help:"Take over kubeadm's configuration, once you agree."`
	Node   []string `placeholder:"NODE[=ADDRESS]" help:"Add a known host, or another address of it."`
	Yes    bool     `short:"y" help:"Do not ask."`
}

func (p *policyCommand) Run(ctx context.Context, a *app) error {
	c, err := a.open()
	if err != nil {
		return err
	}
	defer c.Close()
	if len(p.Config)+len(p.Node) > 0 {
		return p.amend(ctx, a, c)
	}
	return a.printPolicy(c)
}

// printPolicy prints the policy in force. A mistake in the file is an error with its line and column.
func (a *app) printPolicy(c *ca.CA) error {
	rules, err := c.Rules()
	if err != nil {
		return err
	}
	for _, warning := range rules.Policy.Wide() {
		a.Warn("%s", warning)
	}
	release, err := c.Release()
	if err != nil {
		return err
	}
	config := rules.Policy.InForce(release.String())
	if a.JSON {
		text, err := config.EncodeJSON()
		if err != nil {
			return err
		}
		return a.Encode(json.RawMessage(text))
	}
	text, err := config.EncodeYAML()
	if err != nil {
		return err
	}
	a.Print("# in force: %s with its defaults", cli.Word(filepath.Join(a.dir, "policy.yaml")))
	a.Print("%s", strings.TrimRight(string(text), "\n"))
	profiles, err := inForce(c, release)
	if err != nil {
		return err
	}
	a.derived(profiles, config.Cluster.Values("{node}"))
	return nil
}

// derived says which names certificates may have although no list of the policy has them.
func (a *app) derived(profiles []kube.Profile, values pki.Values) {
	a.Print("# names that every certificate of a profile may have, beside those of the requester's scope:")
	for _, profile := range profiles {
		if names := profile.Own(values).Strings(); len(names) > 0 {
			a.Print("#   %s: %s", profile.Name, strings.Join(names, " "))
		}
	}
}
