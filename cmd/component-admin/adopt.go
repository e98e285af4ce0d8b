package main

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"ca-exchange/internal/cli"
	"ca-exchange/internal/component"
	"ca-exchange/internal/kube"
	"ca-exchange/internal/pki"
)

// adoptFlags ask for certificates of keys that are there already.
type adoptFlags struct {
	FromKubeadm string `type:"existingdir" placeholder:"DIR" help:"Adopt what kubeadm certs generate-csr wrote to DIR."`
	FromPKI     bool   `name:"from-pki" help:"Ask anew for every certificate there is: the same key, the same names."`
	Rekey       bool   `help:"With --from-pki: for new keys."`
}

func (f adoptFlags) adopts() bool { return f.FromKubeadm != "" || f.FromPKI }

// validateAdoption refuses what cannot be changed about a key or a request that exists.
func (r *requestCommand) validateAdoption() error {
	fixed := len(r.DNS)+len(r.IP) > 0 && r.FromKubeadm != "" || r.Server != "" && r.FromKubeadm != ""
	switch {
	case r.FromKubeadm != "" && r.FromPKI:
		return errors.New("use either --from-kubeadm or --from-pki")
	case r.Rekey && !r.FromPKI:
		return errors.New("--rekey goes with --from-pki")
	case r.KeyType != "" && r.adopts() && !r.Rekey:
		return errors.New("--key-type: the keys exist already; for new ones: --from-pki --rekey")
	case fixed:
		return errors.New("--dns, --ip and --server: kubeadm wrote names and servers already; " +
			"put them into its --config and let it generate again")
	case r.adopts() && (r.CommonName != "" || r.Out != ""):
		return errors.New("--common-name and --out are for server and client")
	}
	return nil
}

// adopted turns what lies on the host into requests.
func (r *requestCommand) adopted(
	a *app, config kube.Config, layout component.Layout, c *component.Component,
) ([]order, error) {
	wish, extra, err := r.wish(&config)
	if err != nil {
		return nil, err
	}
	profiles, err := r.adoptable(config, layout)
	if err != nil {
		return nil, err
	}
	found, err := r.find(a, c, config, layout, profiles)
	if err != nil {
		return nil, err
	}
	node := r.node(config)
	if node == "" {
		node = c.NodeInPlace(layout, kube.Profiles(config.Release))
	}
	var orders []order
	for _, f := range found {
		wish.Worker = r.runsNoControlPlane(config, c.Path(), layout, f.Profile.Name)
		ask, err := r.adopt(config, f, node, extra)
		if err != nil {
			return nil, err
		}
		explainSuccessor(a, f, ask)
		wish.KeyInPlace, wish.Files = !r.Rekey, f.Files
		if wish.Files.Kubeconfig != "" {
			wish.Files.Server = ask.Server
		}
		if f.CSR != nil {
			wish.CSR = f.CSR.Raw
		}
		orders = append(orders, order{ask, wish})
	}
	return orders, nil
}

func names(profiles []kube.Profile) (all []string) {
	for _, p := range profiles {
		all = append(all, p.Name)
	}
	return all
}

// adoptable are the profiles whose keys are looked for: those that were named, or all.
func (r *requestCommand) adoptable(config kube.Config, layout component.Layout) ([]kube.Profile, error) {
	profiles := kube.Profiles(config.Release)
	if !layout.PEM {
		profiles = slices.DeleteFunc(profiles, kube.Profile.Generic)
	}
	if len(r.Profiles) == 0 {
		return profiles, nil
	}
	for _, name := range r.Profiles {
		if !slices.ContainsFunc(profiles, func(p kube.Profile) bool { return p.Name == name }) {
			err := fmt.Errorf("%q is not a profile whose files have a name of their own", name)
			return nil, cli.WithStatus(cli.Usage, err, "one of: "+list(names(profiles)))
		}
	}
	return slices.DeleteFunc(profiles, func(p kube.Profile) bool { return !slices.Contains(r.Profiles, p.Name) }), nil
}

// find lists the keys of the profiles.
func (r *requestCommand) find(
	a *app, c *component.Component, config kube.Config, layout component.Layout, profiles []kube.Profile,
) ([]component.Found, error) {
	switch {
	case !r.FromPKI:
		found, err := c.FromKubeadm(layout, profiles)
		return found, r.explainFound(err, r.FromKubeadm)
	case layout.PEM:
		found, err := r.findHandMade(a, c, config, layout, profiles)
		return found, r.explainFound(err, c.Path())
	}
	found, err := c.FromPKI(layout, profiles)
	return found, r.explainFound(err, c.Path())
}

func (r *requestCommand) explainFound(err error, dir string) error {
	named := fmt.Errorf("%q: %w", dir, err)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, component.ErrRefused):
		return cli.WithStatus(cli.Usage, err, "names come from kubeadm's --config (localAPIEndpoint.advertiseAddress, "+
			"apiServer.certSANs): correct it, remove these files and let kubeadm generate them again")
	case errors.Is(err, component.ErrOtherKey):
		return cli.WithStatus(cli.Usage, err,
			"put its key back, or remove the files and let kubeadm generate them again")
	case errors.Is(err, pki.ErrEncrypted):
		return cli.WithStatus(cli.Usage, err, "components cannot ask for a passphrase: openssl pkey -in KEY -out KEY")
	case errors.Is(err, fs.ErrPermission):
		return cli.Hint(err, "run component-admin as the owner of the keys, usually root")
	case !errors.Is(err, component.ErrNothingFound):
		return cli.WithStatus(cli.Usage, err, "`component-admin doctor` shows what is wrong with the files of a host")
	case r.FromPKI && len(r.Profiles) == 0 && component.LooksHandMade(dir):
		return cli.WithStatus(cli.Usage, named, "its files are called .pem: component-admin config --layout pem")
	case r.FromPKI:
		return cli.WithStatus(cli.Usage, named, "for a new host: component-admin request control-plane, or worker")
	case exists(dir, "apiserver.csr"):
		return cli.WithStatus(cli.Usage, named,
			"it holds certificates only: give the directory that has pki/ and the .conf "+
				"files in it, as kubeadm's --cert-dir DIR/pki --kubeconfig-dir DIR writes them")
	}
	return cli.WithStatus(cli.Usage, named,
		"kubeadm certs generate-csr --config FILE --cert-dir DIR/pki --kubeconfig-dir DIR, then --from-kubeadm DIR")
}
