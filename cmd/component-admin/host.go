package main

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"

	"ca-exchange/internal/cli"
	"ca-exchange/internal/component"
	"ca-exchange/internal/kube"
	"ca-exchange/internal/pki"
)

// The sets: one word for every request of a host.
const (
	controlPlane = "control-plane"
	worker       = "worker"
)

// configFlags say what a host is, in kubeadm's words.
type configFlags struct {
	Config           []string   `type:"existingfile" placeholder:"FILE" help:"kubeadm's configuration file; again for a JoinConfiguration beside a ClusterConfiguration."`
	AdvertiseAddress netip.Addr `placeholder:"ADDRESS" help:"The control-plane host's address, where the configuration names none."`
	KubeletDir       string     `type:"path" placeholder:"DIR" help:"The kubelet's directory: /var/lib/kubelet beside /etc/kubernetes, else DIR/kubelet."`
}

// hostFlags describe a whole host that asks.
type hostFlags struct {
	configFlags
	SAKey string `name:"sa-key" type:"existingfile" placeholder:"FILE" help:"The cluster's service account key, for a further control plane."`
}

// kubeletDir is where the kubelet's own files go.
func (f configFlags) kubeletDir(dir string) string {
	switch {
	case f.KubeletDir != "":
		return f.KubeletDir
	case filepath.Clean(dir) == "/etc/kubernetes":
		return "/var/lib/kubelet"
	}
	return filepath.Join(dir, "kubelet")
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
func (r *requestCommand) hostAsks(c kube.Config, set string, extra pki.Names) ([]kube.Ask, error) {
	var asks []kube.Ask
	var err error
	if set == controlPlane {
		asks, err = kube.ControlPlane(c, r.node(c), extra)
	} else {
		if extra.Len() == 0 && r.Server == "" && c.Endpoint == "" && c.JoinServer == "" {
			return nil, cli.WithStatus(cli.Usage, errors.New("a worker needs the API server's URL"), "--server https://HOST:6443")
		}
		asks, err = kube.Worker(c, r.node(c), extra)
	}
	for i := range asks {
		if r.Server != "" && asks[i].Profile.Kubeconfig != "" && (set == worker || asks[i].Profile.Server == kube.EndpointServer) {
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

// explainHost adds hints to what a configuration does not say of a host.
func explainHost(err error) error {
	switch {
	case errors.Is(err, kube.ErrNoCluster):
		return cli.WithStatus(cli.Usage, err, "give the cluster's part, too: --config with the first host's file, or what this prints there: kubectl -n kube-system get cm kubeadm-config -o jsonpath='{.data.ClusterConfiguration}'")
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
func (r *requestCommand) hostFiles(c kube.Config, ask kube.Ask, dir string) component.Files {
	p := ask.Profile
	f := component.Files{Certificate: p.Certificate, Key: p.Key}
	if p.Kubeconfig != "" {
		f = component.Files{Kubeconfig: p.Kubeconfig, Server: ask.Server, Cluster: c.ClusterName, Combined: p.Combined}
	}
	if p.InKubelet || p.Combined != "" {
		f.Kubelet = r.kubeletDir(dir)
	}
	return f
}

// serviceAccount puts the key pair in place that a control plane needs beside its certificates.
func (r *requestCommand) serviceAccount(a *app, c *component.Component, config kube.Config, root string, kind pki.KeyType) error {
	var given []byte
	if r.SAKey != "" {
		var err error
		if given, err = os.ReadFile(r.SAKey); err != nil {
			return err
		}
	}
	made, err := c.ServiceAccount(root, given, kind)
	if errors.Is(err, component.ErrServiceAccount) {
		return cli.Hint(err, "tokens signed by one are nothing to the other: take the cluster's away only if this host was never part of it")
	}
	if err != nil || !made {
		return err
	}
	a.Say("made the service account key pair %s, %s", filepath.Join(root, kube.ServiceAccountKey), filepath.Join(root, kube.ServiceAccountPublic))
	if config.HasJoin {
		a.Warn("a further control plane needs the first one's: remove pki/sa.key and pki/sa.pub, and ask again with --sa-key FILE")
	} else {
		a.Say("every further control plane needs this very key: component-admin request control-plane --sa-key FILE …, FILE being a copy of %s", filepath.Join(cmp.Or(root, a.dir), kube.ServiceAccountKey))
	}
	return nil
}

// checkServer wants a URL that a client of Kubernetes takes.
func checkServer(server string) error {
	if u, err := url.Parse(server); err != nil || u.Scheme != "https" || u.Host == "" {
		return fmt.Errorf("--server %q: https://HOST:PORT", server)
	}
	return nil
}
