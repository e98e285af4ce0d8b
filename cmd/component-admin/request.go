package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
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
	whoFlags
	placeFlags

	Profiles []string `arg:"" optional:"" name:"profile" help:"control-plane, worker, etcd, profiles, user NAME."`

	Node       string        `placeholder:"NODE" help:"The node, where the profile has one."`
	DNS        []string      `name:"dns" placeholder:"NAME" help:"Another DNS name."`
	IP         []netip.Addr  `name:"ip" placeholder:"ADDRESS" help:"Another IP address, for profiles with addresses."`
	CommonName string        `placeholder:"CN" help:"Common name of a server or client (the first DNS name)."`
	KeyType    string        `placeholder:"TYPE" help:"RSA-2048 (as kubeadm), RSA-3072, RSA-4096, ECDSA-P256, …"`
	Days       int           `placeholder:"N" help:"Validity to ask for, in days; the CA's policy decides."`
	Kubernetes string        `placeholder:"RELEASE" help:"The cluster's release (the newest known)."`
	Server     string        `placeholder:"URL" help:"API server in the kubeconfigs; https://NODE:6443 by default."`
	Wait       time.Duration `placeholder:"DURATION" help:"Wait so long at most for the answers, and install them."`
	Again      bool          `help:"Ask again although a request is open, and withdraw that one."`
	CSROut     string        `name:"csr-out" placeholder:"FILE" help:"Write the request here, for mail; - is stdout."`
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
	c, closed := a.open() // what is wrong with the command line is said first
	if closed == nil {
		defer c.Close()
	}
	layout, err := r.places(config, a.dir, c)
	if err != nil {
		return err
	}
	var orders []order
	if !r.adopts() {
		if orders, err = r.orders(config, a.dir, layout); err != nil {
			return err
		}
	}
	if closed != nil {
		return closed
	}
	if r.adopts() {
		if orders, err = r.adopted(a, config, layout, c); err != nil {
			return err
		}
	}
	warnOfServing(a, orders)
	if r.CSROut != "" && len(orders) != 1 {
		return cli.WithStatus(cli.Usage, fmt.Errorf("--csr-out: %d requests in one file", len(orders)),
			"ask for one profile at a time")
	}
	if a.JSON && (r.CSROut == "-" || r.Secret != "") {
		return cli.WithStatus(cli.Usage, errors.New("standard output is the request's or the JSON's, not both"),
			"write the request to a file, --csr-out FILE, or leave -o json out")
	}
	if err := r.makeAll(a, c, orders); err != nil {
		return err
	}
	controls := r.makesControlPlane(orders)
	if controls {
		if err := r.serviceAccount(a, c, config, layout, orders[0].wish.KeyType); err != nil {
			return err
		}
	}
	if r.CSROut != "" {
		return r.mail(a, c, orders[0].wish.Files.Place())
	}
	if err = r.drop(ctx, a, c); err == nil && r.Secret != "" {
		return r.printSecret(a, c, orders[0].wish.Files)
	}
	if controls && r.waitsForServiceAccount(config, a.dir, layout) {
		r.remindOfServiceAccount(a, layout)
	}
	return err
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
	err := a.sync(ctx, c, syncRun{
		exchangeFlag: r.exchangeFlag, wait: r.Wait, noReport: true, report: a.encodeProgress,
	})
	status, answered := errors.AsType[cli.Exit](err)
	switch {
	case err == nil:
		return nil
	case !answered:
		return cli.Hint(err, "the key and the request are kept: component-admin sync drops it")
	case r.Wait == 0 && (cli.Status(status) == cli.Unanswered || cli.Status(status) == cli.Denied):
		return nil // dropped: that is all it was asked to do
	}
	return err
}

// orders turns the command line into requests, before anything is made.
func (r *requestCommand) orders(config kube.Config, dir string, layout component.Layout) ([]order, error) {
	wish, extra, err := r.wish(&config)
	if err != nil {
		return nil, err
	}
	if set := r.Profiles[0]; isSet(set) {
		return r.hostOrders(config, set, extra, wish, layout)
	}
	var orders []order
	for _, name := range r.asked() {
		ask, err := r.ask(config, name, extra, layout)
		if err != nil {
			return nil, err
		}
		if wish.Files, err = r.files(config, ask, layout); err != nil {
			return nil, err
		}
		wish.Worker = r.runsNoControlPlane(config, dir, layout, name)
		orders = append(orders, order{ask, wish})
	}
	return orders, nil
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
