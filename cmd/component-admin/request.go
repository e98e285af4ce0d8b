package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"ca-exchange/internal/cli"
	"ca-exchange/internal/component"
	"ca-exchange/internal/kube"
	"ca-exchange/internal/pki"
)

type requestCommand struct {
	exchangeFlag
	hostFlags
	adoptFlags
	Profiles   []string      `arg:"" optional:"" name:"profile" help:"What for: control-plane or worker for all that a host needs; kube-apiserver, kube-scheduler, …; server, client."`
	Node       string        `placeholder:"NODE" help:"The node, where the profile has one."`
	DNS        []string      `name:"dns" placeholder:"NAME" help:"Another DNS name."`
	IP         []netip.Addr  `name:"ip" placeholder:"ADDRESS" help:"Another IP address."`
	CommonName string        `placeholder:"CN" help:"Common name of a server or client certificate; the first DNS name by default."`
	KeyType    string        `placeholder:"TYPE" help:"RSA-2048 (as kubeadm, unless its configuration says otherwise), RSA-3072, RSA-4096, ECDSA-P256, ECDSA-P384; server and client also ECDSA-P521, Ed25519."`
	Days       int           `placeholder:"N" help:"A wish; the CA's policy has the last word."`
	Kubernetes string        `placeholder:"RELEASE" help:"The cluster's release (the newest known)."`
	Server     string        `placeholder:"URL" help:"API server in the kubeconfigs; https://NODE:6443 by default."`
	Out        string        `placeholder:"FILE" help:"Certificate file of a server or client, below the component directory; pki/NAME.crt by default."`
	Wait       time.Duration `placeholder:"10m" help:"Wait for the answers, so long at most, and install them."`
}

// order is one request to be made.
type order struct {
	ask  kube.Ask
	wish component.Wish
}

func (r *requestCommand) Run(ctx context.Context, a *app) error {
	config, err := r.configuration()
	if err != nil {
		return err
	}
	var orders []order
	if !r.adopts() {
		if orders, err = r.orders(config, a.dir); err != nil {
			return err
		}
	}
	c, err := a.open()
	if err != nil {
		return err
	}
	defer c.Close()
	if r.adopts() {
		if orders, err = r.adopted(config, a.dir, c); err != nil {
			return err
		}
	}
	for _, o := range orders {
		s, err := c.Request(o.ask, o.wish)
		if err != nil {
			return explain(err)
		}
		if o.wish.KeyInPlace {
			a.Say("made a request for %s, with the key in place", s.Profile)
		} else {
			a.Say("made a key and a request for %s", s.Profile)
		}
		a.Say("  request id %s", phone(s.ID))
	}
	if r.makesControlPlane(orders) {
		if err := r.serviceAccount(a, c, config, orders[0].wish.Files.Root, orders[0].wish.KeyType); err != nil {
			return err
		}
	}
	return r.drop(ctx, a, c)
}

// makesControlPlane says whether the requests are those of a new control plane, which needs a service account key, too.
func (r *requestCommand) makesControlPlane(orders []order) bool {
	if r.FromKubeadm != "" {
		return slices.ContainsFunc(orders, func(o order) bool { return o.ask.Profile.Name == "kube-apiserver" })
	}
	return len(r.Profiles) > 0 && r.Profiles[0] == controlPlane
}

// drop puts the requests into the inbox, and waits for the answers if it may.
func (r *requestCommand) drop(ctx context.Context, a *app, c *component.Component) error {
	err := a.sync(ctx, c, r.exchangeFlag, r.Wait, component.SyncOptions{})
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

// orders turns the command line into requests, before anything is made.
func (r *requestCommand) orders(config kube.Config, dir string) ([]order, error) {
	wish, extra, err := r.wish(&config)
	if err != nil {
		return nil, err
	}
	if set := r.Profiles[0]; set == controlPlane || set == worker {
		return r.hostOrders(config, set, extra, wish, dir)
	}
	var orders []order
	for _, name := range r.Profiles {
		ask, err := r.ask(config, name, extra)
		if err != nil {
			return nil, err
		}
		wish.Files = r.files(config, ask, dir)
		orders = append(orders, order{ask, wish})
	}
	return orders, nil
}

// wish is what every request of this command line has in common, with the names that were added; the flags win over the
// configuration.
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

func (r *requestCommand) hostOrders(config kube.Config, set string, extra pki.Names, wish component.Wish, dir string) ([]order, error) {
	asks, err := r.hostAsks(config, set, extra)
	if err != nil {
		return nil, err
	}
	wish.Worker = set == worker
	var orders []order
	for _, ask := range asks {
		wish.Files = r.hostFiles(config, ask, dir)
		orders = append(orders, order{ask, wish})
	}
	return orders, nil
}

// ask is what one profile's request asks for.
func (r *requestCommand) ask(config kube.Config, name string, extra pki.Names) (kube.Ask, error) {
	profile, ok := kube.Find(config.Release, name)
	if !ok {
		return kube.Ask{}, cli.WithStatus(cli.Usage, fmt.Errorf("no profile %q", name),
			"for a whole host: control-plane, worker", "the profiles: "+strings.Join(profileNames(config.Release), ", "))
	}
	node := r.node(config)
	if err := r.checkFlags(profile, node); err != nil {
		return kube.Ask{}, cli.WithStatus(cli.Usage, err)
	}
	ask := config.Ask(profile, node, extra)
	if profile.Generic() {
		ask.CommonName = r.commonName(extra)
	}
	if profile.Names == pki.RequiredNames && ask.Names.Len() == 0 {
		return ask, cli.WithStatus(cli.Usage, fmt.Errorf("a %s certificate needs a name: TLS clients ignore the common name", name), "--dns NAME, --ip ADDRESS")
	}
	if r.Server != "" {
		ask.Server = r.Server
	}
	if ask.Server == "" && node != "" {
		ask.Server = fmt.Sprintf("https://%s:6443", node)
	}
	if profile.Kubeconfig != "" && ask.Server == "" {
		return ask, cli.WithStatus(cli.Usage, fmt.Errorf("profile %s is a kubeconfig: --server https://ADDRESS:6443", name))
	}
	return ask, nil
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

func (r *requestCommand) checkFlags(p kube.Profile, node string) error {
	switch {
	case r.Days < 0:
		return fmt.Errorf("--days %d: at least 1", r.Days)
	case p.HasNode() && node == "":
		return fmt.Errorf("profile %s needs a node: --node NAME", p.Name)
	case p.HasNode():
		return kube.CheckNode(node)
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

// files are where one profile's result goes.
func (r *requestCommand) files(config kube.Config, ask kube.Ask, dir string) component.Files {
	if !ask.Profile.Generic() {
		return r.hostFiles(config, ask, dir)
	}
	p := ask.Profile.At(strings.NewReplacer("*", "_", ":", "_", "/", "_").Replace(ask.CommonName))
	f := component.Files{Certificate: p.Certificate, Key: p.Key}
	if r.Out != "" {
		f.Certificate = filepath.ToSlash(filepath.Clean(r.Out))
		f.Key = strings.TrimSuffix(f.Certificate, filepath.Ext(f.Certificate)) + ".key"
	}
	return f
}

// Validate holds the flags against each other.
func (r *requestCommand) Validate() error {
	if len(r.Profiles) == 0 && !r.adopts() {
		return errors.New("what for? control-plane, worker, or profiles: " + strings.Join(profileNames(kube.Latest()), ", "))
	}
	if err := r.validateAdoption(); err != nil {
		return err
	}
	for _, name := range r.Profiles {
		if (name == controlPlane || name == worker) && (len(r.Profiles) > 1 || r.adopts()) {
			return fmt.Errorf("%s is a whole host: nothing else beside it", name)
		}
	}
	if r.Server != "" {
		if err := checkServer(r.Server); err != nil {
			return err
		}
	}
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
