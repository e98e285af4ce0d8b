package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
	"strings"
	"time"

	"ca-exchange/internal/cli"
	"ca-exchange/internal/component"
	"ca-exchange/internal/kube"
	"ca-exchange/internal/pki"
)

type requestCommand struct {
	exchangeFlag
	Profiles   []string      `arg:"" name:"profile" help:"What for: kube-apiserver, kube-scheduler, server, client, … (docs/profiles.md)."`
	Node       string        `placeholder:"NODE" help:"The node, where the profile has one."`
	DNS        []string      `name:"dns" placeholder:"NAME" help:"Another DNS name."`
	IP         []netip.Addr  `name:"ip" placeholder:"ADDRESS" help:"Another IP address."`
	CommonName string        `placeholder:"CN" help:"Common name of a server or client certificate; the first DNS name by default."`
	KeyType    string        `default:"RSA-2048" placeholder:"TYPE" help:"RSA-2048, RSA-3072, RSA-4096, ECDSA-P256, ECDSA-P384; server and client also ECDSA-P521, Ed25519."`
	Days       int           `placeholder:"N" help:"A wish; the CA's policy has the last word."`
	Kubernetes string        `placeholder:"RELEASE" help:"The cluster's release (the newest known)."`
	Server     string        `placeholder:"URL" help:"API server in the kubeconfigs; https://NODE:6443 by default."`
	Out        string        `placeholder:"FILE" help:"Certificate file of a server or client, below the component directory; pki/NAME.crt by default."`
	Wait       time.Duration `placeholder:"10m" help:"Wait for the answers, so long at most, and install them."`
}

func (r *requestCommand) Run(ctx context.Context, a *app) error {
	asks, wishes, err := r.asks()
	if err != nil {
		return err
	}
	c, err := a.open()
	if err != nil {
		return err
	}
	defer c.Close()
	for i, ask := range asks {
		s, err := c.Request(ask, wishes[i])
		if err != nil {
			return explain(err)
		}
		a.Say("made a key and a request for %s", s.Profile)
		a.Say("  request id %s", phone(s.ID))
	}
	err = a.sync(ctx, c, r.exchangeFlag, r.Wait, component.SyncOptions{})
	status, answered := errors.AsType[cli.Exit](err)
	switch {
	case err == nil:
		return nil
	case !answered:
		return cli.Hint(err, "the key and the request are kept: component-admin sync drops it")
	case r.Wait == 0 && cli.Status(status) != cli.Unverified:
		return nil // dropped: that is all it was asked to do
	}
	return err
}

// asks turns the command line into one ask a profile, before anything is made.
func (r *requestCommand) asks() ([]kube.Ask, []component.Wish, error) {
	usage := func(err error, hints ...string) ([]kube.Ask, []component.Wish, error) {
		return nil, nil, cli.WithStatus(cli.Usage, err, hints...)
	}
	release := kube.Latest()
	if r.Kubernetes != "" {
		var err error
		if release, err = kube.ParseRelease(r.Kubernetes); err != nil {
			return usage(err)
		}
	}
	keyType, err := pki.ParseKeyType(r.KeyType)
	if err != nil {
		return usage(err)
	}
	extra, err := r.names()
	if err != nil {
		return usage(err)
	}
	var asks []kube.Ask
	var wishes []component.Wish
	for _, name := range r.Profiles {
		profile, ok := kube.Find(release, name)
		if !ok {
			return usage(fmt.Errorf("no profile %q", name), "the profiles: "+strings.Join(profileNames(release), ", "))
		}
		if err := r.checkFlags(profile); err != nil {
			return usage(err)
		}
		ask := kube.AskFor(profile, kube.DefaultConfig().Values(r.Node), r.Node, extra)
		if profile.Generic() {
			ask.CommonName = r.commonName(extra)
		}
		if profile.Names == pki.RequiredNames && ask.Names.Len() == 0 {
			return usage(fmt.Errorf("a %s certificate needs a name: TLS clients ignore the common name", name), "--dns NAME, --ip ADDRESS")
		}
		asks = append(asks, ask)
		wishes = append(wishes, component.Wish{KeyType: keyType, Days: r.Days, Release: release, Files: r.files(profile, ask)})
	}
	return asks, wishes, nil
}

func (r *requestCommand) names() (pki.Names, error) {
	for _, name := range r.DNS {
		if err := pki.CheckDNSName(name); err != nil {
			return pki.Names{}, fmt.Errorf("--dns %q: %w", name, err)
		}
	}
	for _, ip := range r.IP {
		if err := pki.CheckIP(ip); err != nil {
			return pki.Names{}, fmt.Errorf("--ip %s: %w", ip, err)
		}
	}
	return pki.Names{DNS: r.DNS, IPs: r.IP}, nil
}

func (r *requestCommand) checkFlags(p kube.Profile) error {
	switch {
	case r.Days < 0:
		return fmt.Errorf("--days %d: at least 1", r.Days)
	case p.HasNode() && r.Node == "":
		return fmt.Errorf("profile %s needs a node: --node NAME", p.Name)
	case p.HasNode():
		return kube.CheckNode(r.Node)
	case p.Kubeconfig != "" && r.Server == "" && r.Node == "":
		return fmt.Errorf("profile %s is a kubeconfig: --server https://ADDRESS:6443", p.Name)
	case p.Names == pki.NoNames && len(r.Profiles) == 1 && len(r.DNS)+len(r.IP) > 0:
		return fmt.Errorf("profile %s has no names: leave --dns and --ip out", p.Name)
	case p.Generic() && r.commonName(pki.Names{DNS: r.DNS, IPs: r.IP}) == "":
		return fmt.Errorf("profile %s needs a name: --dns NAME or --common-name CN", p.Name)
	}
	return nil
}

// commonName of a generic certificate; it identifies a client, and names a file.
func (r *requestCommand) commonName(extra pki.Names) string {
	switch {
	case r.CommonName != "":
		return r.CommonName
	case len(extra.DNS) > 0:
		return extra.DNS[0]
	case r.Node != "":
		return r.Node
	case len(extra.IPs) > 0:
		return extra.IPs[0].String()
	}
	return ""
}

// files are where the result goes.
func (r *requestCommand) files(p kube.Profile, ask kube.Ask) component.Files {
	if p.Kubeconfig != "" {
		server := r.Server
		if server == "" {
			server = fmt.Sprintf("https://%s:6443", r.Node)
		}
		return component.Files{Kubeconfig: p.Kubeconfig, Server: server, Cluster: kube.DefaultConfig().ClusterName}
	}
	p = p.At(strings.NewReplacer("*", "_", ":", "_", "/", "_").Replace(ask.CommonName))
	f := component.Files{Certificate: p.Certificate, Key: p.Key}
	if p.Generic() && r.Out != "" {
		f.Certificate = filepath.ToSlash(filepath.Clean(r.Out))
		f.Key = strings.TrimSuffix(f.Certificate, filepath.Ext(f.Certificate)) + ".key"
	}
	return f
}

// Validate keeps files below the component directory.
func (r *requestCommand) Validate() error {
	if r.Out != "" && !filepath.IsLocal(r.Out) {
		return errors.New("--out is a path below the component directory")
	}
	return nil
}

func profileNames(release kube.Release) []string {
	var names []string
	for _, p := range kube.Profiles(release) {
		names = append(names, p.Name)
	}
	return names
}

func phone(id string) string {
	parsed, err := pki.ParseID(id)
	if err != nil {
		return id
	}
	return parsed.Phone()
}
