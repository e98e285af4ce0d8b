package main

import (
	"strings"
	"time"

	"ca-exchange/internal/cli"
	"ca-exchange/internal/component"
	"ca-exchange/internal/kube"
)

type doctorCommand struct {
	configFlags
	Node       string `placeholder:"NODE" help:"The node; by default the configuration's, or the one in kubelet.conf."`
	Kubernetes string `placeholder:"RELEASE" help:"The cluster's release (the configuration's, or the newest known)."`
}

// doctorResult is what `doctor -o json` prints.
type doctorResult struct {
	Kind  string              `json:"kind"`
	Node  string              `json:"node"`
	Items []component.Finding `json:"items"`
}

func (d *doctorCommand) Run(a *app) error {
	config, err := d.configuration()
	if err != nil {
		return err
	}
	if d.Kubernetes != "" {
		if config.Release, err = kube.ParseRelease(d.Kubernetes); err != nil {
			return cli.WithStatus(cli.Usage, err)
		}
	}
	if d.Node == "" {
		d.Node = config.NodeName
	}
	host := component.Host{
		Path: a.dir, KubeletDir: d.kubeletDir(a.dir), Config: config, Known: len(d.Config) > 0, Node: d.Node,
		Program: "component-admin --dir " + a.dir, Now: time.Now(),
	}
	for _, file := range d.Config {
		host.Flags += " --config " + file
	}
	return d.report(a, host.Examine())
}

func (d *doctorCommand) report(a *app, findings []component.Finding) error {
	status := []cli.Status{cli.Done}
	for _, f := range findings {
		switch f.Severity {
		case component.Wrong:
			status = append(status, cli.Unverified)
		case component.Expiring:
			status = append(status, cli.RenewalIsDue)
		}
	}
	if a.JSON {
		if err := a.Encode(doctorResult{"FindingList", d.Node, append([]component.Finding{}, findings...)}); err != nil {
			return err
		}
		return cli.ExitWith(cli.Worst(status...))
	}
	for _, f := range findings {
		a.Print("%s: %s: %s", strings.ToLower(f.Severity), f.File, f.Problem)
		a.Print("  fix: %s", f.Fix)
	}
	if len(d.Config) == 0 {
		a.Say("without --config, names and servers were compared with nothing but the node")
	}
	if len(findings) == 0 {
		a.Say("nothing is wrong with this host")
	}
	return cli.ExitWith(cli.Worst(status...))
}
