package main

import (
	"cmp"
	"fmt"
	"strings"

	"ca-exchange/internal/cli"
	"ca-exchange/internal/component"
	"ca-exchange/internal/kube"
	"ca-exchange/internal/pki"
)

// wish is what every request of this command line has in common, with the names that were added; the flags win over
// the configuration.
func (r *requestCommand) wish(config *kube.Config) (w component.Wish, extra pki.Names, err error) {
	if r.Kubernetes != "" {
		if config.Release, err = kube.ParseRelease(r.Kubernetes); err != nil {
			return w, extra, cli.WithStatus(cli.Usage, err)
		}
	}
	w = component.Wish{Days: r.Days, Release: config.Release}
	if w.KeyType, err = pki.ParseKeyType(cmp.Or(r.KeyType, string(config.KeyType), string(pki.RSA2048))); err == nil {
		extra, err = r.names()
	}
	if err != nil {
		return w, extra, cli.WithStatus(cli.Usage, err)
	}
	return w, extra, nil
}

func (r *requestCommand) hostOrders(
	config kube.Config, set string, extra pki.Names, wish component.Wish, layout component.Layout,
) ([]order, error) {
	asks, err := r.hostAsks(config, set, extra)
	if err != nil {
		return nil, err
	}
	wish.Worker = set != controlPlane
	var orders []order
	for _, ask := range asks {
		wish.Files = r.hostFiles(config, ask, layout)
		orders = append(orders, order{ask, wish})
	}
	return orders, nil
}

// ask is what one profile's request asks for.
func (r *requestCommand) ask(
	config kube.Config, name string, extra pki.Names, layout component.Layout,
) (kube.Ask, error) {
	profile, ok := r.profile(config.Release, name)
	if !ok {
		return kube.Ask{}, noProfile(config.Release, name)
	}
	node := r.node(config)
	if err := r.checkFlags(profile, node); err != nil {
		return kube.Ask{}, cli.WithStatus(cli.Usage, err)
	}
	ask := config.Ask(profile, node, extra)
	if profile.Generic() {
		ask.CommonName, ask.Organizations = r.commonName(extra), r.Group
	}
	if profile.Like != "" { // only the CA's policy knows whether its subject has a node
		ask.Node = r.Node
	}
	if profile.Names == pki.RequiredNames && ask.Names.Len() == 0 {
		err := fmt.Errorf("a %s certificate needs a name: TLS clients ignore the common name", name)
		return ask, cli.WithStatus(cli.Usage, err, "--dns NAME, --ip ADDRESS")
	}
	if r.Server != "" {
		ask.Server = r.Server
	}
	if ask.Server == "" && node != "" {
		ask.Server = fmt.Sprintf("https://%s:6443", node)
	}
	if r.writesKubeconfig(profile, layout) && ask.Server == "" {
		err := fmt.Errorf("profile %s is a kubeconfig: --server https://ADDRESS:6443", name)
		return ask, cli.WithStatus(cli.Usage, err)
	}
	return ask, nil
}

// commonName of a generic certificate; it identifies a client, and names a file.
func (r *requestCommand) commonName(extra pki.Names) string {
	switch {
	case r.user() != "":
		return r.user()
	case len(extra.DNS) > 0:
		return extra.DNS[0]
	case r.Node != "":
		return r.Node
	case len(extra.IPs) > 0:
		return extra.IPs[0].String()
	}
	return ""
}

// files are where one profile's result goes.
func (r *requestCommand) files(config kube.Config, ask kube.Ask, layout component.Layout) (component.Files, error) {
	if !ask.Profile.Generic() {
		return r.place(ask.Profile, r.hostFiles(config, ask, layout), layout)
	}
	ask.Profile = ask.Profile.At(strings.NewReplacer("*", "_", ":", "_", "/", "_").Replace(ask.CommonName))
	if err := r.checkKubeconfig(config, ask.Profile); err != nil {
		return component.Files{}, err
	}
	return r.place(ask.Profile, r.hostFiles(config, ask, layout), layout)
}

// checkKubeconfig: a user whose name is that of a component must not take the component's file.
func (r *requestCommand) checkKubeconfig(config kube.Config, own kube.Profile) error {
	for _, p := range kube.Profiles(config.Release) {
		named := r.Out+r.KubeconfigOut != "" || own.Kubeconfig == ""
		if !named && p.Kubeconfig == own.Kubeconfig && !p.Generic() {
			err := fmt.Errorf("%s is the kubeconfig of profile %s", p.Kubeconfig, p.Name)
			return cli.WithStatus(cli.Usage, err, "write another file: --out FILE")
		}
	}
	return nil
}

// noProfile says that no profile has this name, and which one was probably meant.
func noProfile(release kube.Release, name string) error {
	err := cli.WithStatus(cli.Usage, fmt.Errorf("no profile %q", name))
	names := append([]string{controlPlane, worker, etcdMember}, profileNames(release)...)
	if guess := cli.Guess(name, names); guess != "" {
		return cli.Hint(err, "did you mean "+guess+"?")
	}
	return cli.Hint(err, "for a whole host: control-plane, worker, etcd",
		"one of the CA's own policy: --like server, client, peer or user",
		"the profiles: "+strings.Join(names[3:], ", "))
}
