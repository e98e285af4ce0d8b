package main

import (
	"errors"
	"path/filepath"
	"strings"

	"ca-exchange/internal/cli"
	"ca-exchange/internal/component"
	"ca-exchange/internal/kube"
)

type doctorCommand struct {
	configFlags
	Node       string `placeholder:"NODE" help:"The node (the configuration's, or the one in kubelet.conf)."`
	Kubernetes string `placeholder:"RELEASE" help:"The cluster's release (the configuration's, or the newest known)."`
}

// doctorResult is what `doctor -o json` prints.
type doctorResult struct {
	APIVersion string              `json:"apiVersion"`
	Kind       string              `json:"kind"`
	Node       string              `json:"node"`
	Items      []component.Finding `json:"items"`
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
	host, err := d.host(a, config)
	if err != nil {
		return err
	}
	if host.Component != nil {
		defer host.Component.Close()
	}
	report, err := host.Examine()
	if err != nil {
		return explainHost(err)
	}
	status := statusOfHost(report)
	if a.JSON {
		items := append([]component.Finding{}, report.Findings...)
		if err := a.Encode(doctorResult{cli.APIVersion, "FindingList", report.Node, items}); err != nil {
			return err
		}
	} else {
		d.print(a, config, report, status)
	}
	return cli.ExitWith(status)
}

// host is what this host is meant to be. A host that component-admin has not set up is examined, too.
func (d *doctorCommand) host(a *app, config kube.Config) (component.Host, error) {
	path, err := filepath.Abs(a.dir)
	if err != nil {
		return component.Host{}, err
	}
	c, err := component.Open(path, a.settings())
	if err != nil {
		if !errors.Is(err, component.ErrNoComponent) {
			a.Warn("open requests and the pinned CA are not considered: %v", err)
		}
		c = nil
	}
	return component.Host{
		Path: path, Layout: d.layout(config, path, c), Component: c, Config: config, Known: len(d.Config) > 0,
		Node:    d.Node,
		Program: []string{"component-admin", "--dir", a.dir}, Flags: d.repeat(), Renewal: d.renewal(config),
		Now: cli.Now(),
	}, nil
}

// repeat is this command's flags for a request.
func (d *doctorCommand) repeat() (words []string) {
	for _, file := range d.Config {
		words = append(words, "--config", file)
	}
	if d.AdvertiseAddress.IsValid() {
		words = append(words, "--advertise-address", d.AdvertiseAddress.String())
	}
	return append(words, d.places()...)
}

// renewal is this command's flags for a request of what is installed. The configuration is not among them, since with
// it the names would be the configuration's.
func (d *doctorCommand) renewal(config kube.Config) (words []string) {
	if config.Release != kube.Latest() && d.Kubernetes == "" {
		words = append(words, "--kubernetes", config.Release.String())
	}
	if config.CertificatesDir != kube.DefaultCertificatesDir && d.CertDir == "" {
		words = append(words, "--cert-dir", config.CertificatesDir)
	}
	return append(words, d.places()...)
}

func (d *doctorCommand) places() (words []string) {
	for _, flag := range [][2]string{
		{"--cert-dir", d.CertDir}, {"--kubelet-dir", d.KubeletDir}, {"--kubernetes", d.Kubernetes},
	} {
		if flag[1] != "" {
			words = append(words, flag[0], flag[1])
		}
	}
	return words
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
	ends, lists := 0, 0
	for _, f := range report.Findings {
		a.Print("%s: %s: %s", strings.ToLower(f.Severity), f.File, f.Problem)
		a.Print("  fix: %s", f.Fix)
		switch {
		case f.Severity != component.Expiring:
		case strings.HasSuffix(f.File, ".crl"):
			lists++
		default:
			ends++
		}
	}
	if len(d.Config) == 0 {
		a.Say("without --config, names and servers were compared with the node's name alone")
	}
	switch {
	case status == cli.Unverified:
	case ends+lists > 0:
		a.Say("%s; nothing else is wrong", expire(ends, lists))
	case report.Runs || len(d.Config) == 0:
		a.Say("nothing is wrong")
	default:
		a.Say("nothing is wrong; next: %s", d.kubeadm(config, report))
	}
}

func expire(certificates, lists int) string {
	var parts []string
	if certificates > 0 {
		parts = append(parts, cli.Count(certificates, "certificate expires", "certificates expire")+" within 30 days")
	}
	if lists > 0 {
		parts = append(parts, cli.Count(lists, "CRL waits for its successor", "CRLs wait for their successors"))
	}
	return strings.Join(parts, ", ")
}

// kubeadm is the command that makes this host part of the cluster, with the files that join must be told to overlook:
// they are ours (docs/lab/kubernetes-observed.md).
func (d *doctorCommand) kubeadm(config kube.Config, report component.Report) string {
	const kubelet, ca = "FileAvailable--etc-kubernetes-kubelet.conf", "FileAvailable--etc-kubernetes-pki-ca.crt"
	verb, overlook := "join", " --ignore-preflight-errors="+kubelet
	switch {
	case !config.HasJoin:
		verb, overlook = "init", ""
	case report.Worker:
		overlook += "," + ca
	}
	return component.Command("kubeadm", verb, "--config", d.Config[0]) + overlook
}
