package main

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"os"

	"ca-exchange/internal/cli"
	"ca-exchange/internal/component"
	"ca-exchange/internal/kube"
	"ca-exchange/internal/pki"
)

// The sets: one word for every request of a host.
const (
	controlPlane = "control-plane"
	worker       = "worker"
	etcdMember   = "etcd"
)

// isSet reports whether a word on the command line stands for a whole host.
func isSet(word string) bool { return word == controlPlane || word == worker || word == etcdMember }

// configFlags say what a host is, in kubeadm's words.
type configFlags struct {
	Config           []string   `type:"existingfile" placeholder:"FILE" help:"kubeadm's configuration (repeatable)."`
	AdvertiseAddress netip.Addr `placeholder:"ADDRESS" help:"The host's address, where the configuration names none."`
	CertDir          string     `type:"path" placeholder:"DIR" help:"Certificates, as kubeadm's certificatesDir (pki)."`
	KubeletDir       string     `type:"path" placeholder:"DIR" help:"The kubelet's: /var/lib/kubelet, or below --dir."`
}

// hostFlags describe a whole host that asks.
type hostFlags struct {
	configFlags
	SAKey string `name:"sa-key" type:"existingfile" placeholder:"FILE" help:"The cluster's service account key."`
}

// configuration reads kubeadm's files; without one it is kubeadm's defaults.
func (f configFlags) configuration() (kube.Config, error) {
	var files [][]byte
	for _, name := range f.Config {
		text, err := os.ReadFile(name)
		if err != nil {
			return kube.Config{}, err
		}
		files = append(files, text)
	}
	c, err := kube.ParseConfig(files...)
	if err != nil {
		return c, cli.WithStatus(cli.Usage, err)
	}
	if f.AdvertiseAddress.IsValid() {
		c.AdvertiseAddress = f.AdvertiseAddress
	}
	return c, nil
}

// hostAsks are the asks of a whole host.
func (r *requestCommand) hostAsks(c kube.Config, set string, extra pki.Names) (asks []kube.Ask, err error) {
	switch set {
	case controlPlane:
		asks, err = kube.ControlPlane(c, r.node(c), extra)
	case etcdMember:
		asks, err = kube.EtcdMember(c, r.node(c), extra)
	default:
		if r.Server == "" && c.Endpoint == "" && c.JoinServer == "" {
			err := errors.New("a worker needs the API server's URL")
			return nil, cli.WithStatus(cli.Usage, err, "--server https://HOST:6443")
		}
		asks, err = kube.Worker(c, r.node(c), extra)
	}
	for i, ask := range asks {
		shared := set == worker || ask.Profile.Server == kube.EndpointServer
		if r.Server != "" && ask.Profile.Kubeconfig != "" && shared {
			asks[i].Server = r.Server
		}
	}
	return asks, explainHost(err)
}

// node is the one that was named, else the configuration's.
func (r *requestCommand) node(c kube.Config) string {
	if r.Node != "" {
		return r.Node
	}
	return c.NodeName
}

// runsNoControlPlane goes by the configuration, and without one by what is on the host.
func (r *requestCommand) runsNoControlPlane(c kube.Config, dir string, layout component.Layout, profile string) bool {
	if len(r.Config) > 0 {
		return c.HasJoin && !c.JoinsControlPlane
	}
	return component.RunsNoControlPlane(dir, layout, profile)
}

// warnOfServing says what a kubelet's server will lack.
func warnOfServing(a *app, orders []order) {
	for _, o := range orders {
		if o.ask.Profile.InKubelet && len(o.ask.Names.IPs) == 0 {
			a.Warn("%s names no address: the metrics server and kubectl logs reach a kubelet by its address",
				o.ask.Profile.Name)
			a.Hint("add it: --ip ADDRESS, or node-ip in the kubeletExtraArgs of kubeadm's configuration")
		}
	}
}

// explainHost adds hints to what a configuration does not say of a host.
func explainHost(err error) error {
	switch {
	case errors.Is(err, kube.ErrNoCluster):
		return cli.WithStatus(cli.Usage, err,
			"add the cluster's part, --config with the first host's file, or what this "+
				"prints there: kubectl -n kube-system get cm kubeadm-config -o jsonpath='{.data.ClusterConfiguration}'")
	case errors.Is(err, kube.ErrNoNode):
		return cli.WithStatus(cli.Usage, err, "--node NAME")
	case errors.Is(err, kube.ErrNoAddress):
		return cli.WithStatus(cli.Usage, err, "--advertise-address ADDRESS")
	case err != nil:
		return cli.WithStatus(cli.Usage, err)
	}
	return nil
}

// hostFiles are where a host's certificate goes.
func (r *requestCommand) hostFiles(c kube.Config, ask kube.Ask, layout component.Layout) component.Files {
	f := layout.Files(ask.Profile)
	if f.Kubeconfig != "" {
		f.Server, f.Cluster = ask.Server, c.ClusterName
	}
	return f
}

// checkServer wants a URL that a client of Kubernetes takes.
func checkServer(server string) error {
	if u, err := url.Parse(server); err != nil || u.Scheme != "https" || u.Host == "" {
		return fmt.Errorf("--server %q: write https://HOST:PORT", server)
	}
	return nil
}
