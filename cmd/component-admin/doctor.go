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
	host.Flags = d.repeat()
	report, err := host.Examine()
	if err != nil {
		return explainHost(err)
	}
	status := statusOfHost(report)
	if a.JSON {
		if err := a.Encode(doctorResult{"FindingList", report.Node, append([]component.Finding{}, report.Findings...)}); err != nil {
			return err
		}
	} else {
		d.print(a, config, report, status)
	}
	return cli.ExitWith(status)
}

// repeat is this command's flags for those that mend.
func (d *doctorCommand) repeat() (flags string) {
	for _, file := range d.Config {
		flags += " --config " + file
	}
	if d.AdvertiseAddress.IsValid() {
		flags += " --advertise-address " + d.AdvertiseAddress.String()
	}
	if d.KubeletDir != "" {
		flags += " --kubelet-dir " + d.KubeletDir
	}
	if d.Kubernetes != "" {
		flags += " --kubernetes " + d.Kubernetes
	}
	return flags
}

func statusOfHost(report component.Report) cli.Status {
	status := cli.Done
	for _, f := range report.Findings {
		switch f.Severity {
		case component.Wrong:
			status = cli.Worst(status, cli.Unverified)
		case component.Expiring:
			status = cli.Worst(status, cli.RenewalIsDue)
		}
	}
	return status
}

func (d *doctorCommand) print(a *app, config kube.Config, report component.Report, status cli.Status) {
	for _, f := range report.Findings {
		a.Print("%s: %s: %s", strings.ToLower(f.Severity), f.File, f.Problem)
		a.Print("  fix: %s", f.Fix)
	}
	if len(d.Config) == 0 {
		a.Say("without --config, names and servers were compared with nothing but the node")
	} else if status != cli.Unverified {
		a.Say("nothing is wrong; next: %s", d.kubeadm(config, report.Worker))
	}
}

// kubeadm is the command that makes this host part of the cluster, with the files that join must be told to overlook:
// they are ours (docs/lab/kubernetes-observed.md).
func (d *doctorCommand) kubeadm(config kube.Config, worker bool) string {
	const overlook = " --ignore-preflight-errors=FileAvailable--etc-kubernetes-kubelet.conf"
	switch {
	case !config.HasJoin:
		return "kubeadm init --config " + d.Config[0]
	case worker:
		return "kubeadm join --config " + d.Config[0] + overlook + ",FileAvailable--etc-kubernetes-pki-ca.crt"
	}
	return "kubeadm join --config " + d.Config[0] + overlook
}
