package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"ca-exchange/internal/cli"
	"ca-exchange/internal/component"
	"ca-exchange/internal/kube"
	"ca-exchange/internal/pki"
)

// adoptFlags ask for certificates of keys that are there already.
type adoptFlags struct {
	FromKubeadm string `type:"existingdir" placeholder:"DIR" help:"Adopt the keys and requests that kubeadm certs generate-csr wrote: DIR/pki and DIR/*.conf. The keys stay there, and the certificates come to lie beside them."`
	FromPKI     bool   `name:"from-pki" help:"Ask anew for every certificate whose key the component directory has: the same keys, and the names they have now."`
	Rekey       bool   `help:"With --from-pki: for new keys."`
}

func (f adoptFlags) adopts() bool { return f.FromKubeadm != "" || f.FromPKI }

// validateAdoption refuses what cannot be changed about a key or a request that exists.
func (r *requestCommand) validateAdoption() error {
	fixed := len(r.DNS)+len(r.IP) > 0 && r.FromKubeadm != "" || r.Server != "" && r.FromKubeadm != ""
	switch {
	case r.FromKubeadm != "" && r.FromPKI:
		return errors.New("--from-kubeadm or --from-pki, not both")
	case r.Rekey && !r.FromPKI:
		return errors.New("--rekey goes with --from-pki")
	case r.KeyType != "" && r.adopts() && !r.Rekey:
		return errors.New("--key-type: the keys are there; new ones with --from-pki --rekey")
	case fixed:
		return errors.New("--dns, --ip and --server: kubeadm wrote names and servers already; say so in its --config, and let it generate again")
	case r.adopts() && (r.CommonName != "" || r.Out != ""):
		return errors.New("--common-name and --out are for server and client")
	}
	return nil
}

// adopted turns what lies on the host into requests.
func (r *requestCommand) adopted(config kube.Config, dir string, c *component.Component) ([]order, error) {
	wish, extra, err := r.wish(&config)
	if err != nil {
		return nil, err
	}
	found, err := r.find(config, dir, c)
	if err != nil {
		return nil, err
	}
	node := r.node(config)
	for _, f := range found {
		if node == "" {
			node = f.Node()
		}
	}
	if len(r.Profiles) > 0 {
		found = slices.DeleteFunc(found, func(f component.Found) bool { return !slices.Contains(r.Profiles, f.Profile.Name) })
	}
	if len(found) == 0 {
		return nil, r.explainFound(component.ErrNothingFound, cmp.Or(r.FromKubeadm, dir))
	}
	wish.Worker = r.FromPKI && !exists(dir, "pki/apiserver.key")
	var orders []order
	for _, f := range found {
		ask, err := r.adopt(config, f, node, extra)
		if err != nil {
			return nil, err
		}
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

// find lists the keys there are: of all profiles, since one may tell the node of another.
func (r *requestCommand) find(config kube.Config, dir string, c *component.Component) ([]component.Found, error) {
	profiles := kube.Profiles(config.Release)
	for _, name := range r.Profiles {
		if !slices.ContainsFunc(profiles, func(p kube.Profile) bool { return p.Name == name && !p.Generic() }) {
			return nil, cli.WithStatus(cli.Usage, fmt.Errorf("no profile %q whose files have a name of their own", name))
		}
	}
	if r.FromPKI {
		found, err := c.FromPKI(r.kubeletDir(dir), profiles)
		return found, r.explainFound(err, dir)
	}
	root := r.FromKubeadm
	if same, err := filepath.Abs(dir); err == nil && same == root {
		root = "" // its files are the component directory's own
	}
	found, err := c.FromKubeadm(root, profiles)
	return found, r.explainFound(err, r.FromKubeadm)
}

func (r *requestCommand) explainFound(err error, dir string) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, component.ErrRefused):
		return cli.WithStatus(cli.Usage, err, "names are kubeadm's --config's: localAPIEndpoint.advertiseAddress, apiServer.certSANs; take these files away, and let it generate again")
	case errors.Is(err, component.ErrOtherKey):
		return cli.WithStatus(cli.Usage, err, "put its key back, or take the files away and let kubeadm generate again")
	case errors.Is(err, pki.ErrEncrypted):
		return cli.WithStatus(cli.Usage, err, "no component asks for a passphrase: openssl pkey -in KEY -out KEY")
	case errors.Is(err, fs.ErrPermission):
		return cli.Hint(err, "run component-admin as the owner of the keys, mostly root")
	case !errors.Is(err, component.ErrNothingFound):
		return cli.WithStatus(cli.Usage, err, "component-admin doctor says what is wrong with a host's files, and what mends them")
	case r.FromPKI:
		return cli.WithStatus(cli.Usage, fmt.Errorf("%q: %w", dir, err), "for a new host: component-admin request control-plane, or worker")
	case exists(dir, "apiserver.csr"):
		return cli.WithStatus(cli.Usage, fmt.Errorf("%q: %w", dir, err), "it holds certificates only: give the directory that has pki/ and the .conf files in it, as kubeadm's --cert-dir DIR/pki --kubeconfig-dir DIR writes them")
	}
	return cli.WithStatus(cli.Usage, fmt.Errorf("%q: %w", dir, err), "kubeadm certs generate-csr --config FILE --cert-dir DIR/pki --kubeconfig-dir DIR, then --from-kubeadm DIR")
}

func exists(dir, file string) bool {
	_, err := os.Stat(filepath.Join(dir, file))
	return err == nil
}

// adopt is what one found key asks for: what kubeadm wrote; else what the configuration says now, where there is one,
// or what the certificate says that is in place.
func (r *requestCommand) adopt(config kube.Config, f component.Found, node string, extra pki.Names) (kube.Ask, error) {
	if f.Profile.HasNode() {
		if node == "" {
			return kube.Ask{}, cli.WithStatus(cli.Usage, fmt.Errorf("no file names the node that %s is for", f.Files.Place()), "--node NAME")
		}
		if err := kube.CheckNode(node); err != nil {
			return kube.Ask{}, cli.WithStatus(cli.Usage, err)
		}
	}
	if f.Profile.Issuer == kube.EtcdIssuer {
		extra = pki.Names{}
	}
	ask := config.Ask(f.Profile, node, extra)
	switch {
	case f.CSR != nil:
		ask.Names = f.CSR.Names
		if err := r.checkSubject(config, f, ask); err != nil {
			return ask, err
		}
	case f.Certificate != nil && len(r.Config) == 0 && f.Profile.Names != pki.NoNames:
		ask.Names = pki.NamesOf(f.Certificate).Merge(extra)
	}
	if r.Server != "" && f.Profile.Server == kube.EndpointServer {
		ask.Server = r.Server
	} else if ask.Server == "" || f.CSR != nil || len(r.Config) == 0 {
		ask.Server = f.Files.Server
	}
	return ask, nil
}

// checkSubject tells a wrong release before the CA does.
func (r *requestCommand) checkSubject(config kube.Config, f component.Found, ask kube.Ask) error {
	subject := f.CSR.Subject
	have, want := slices.Sorted(slices.Values(subject.Organizations())), slices.Sorted(slices.Values(ask.Organizations))
	if subject.CommonName() == ask.CommonName && slices.Equal(have, want) {
		return nil
	}
	wanted := "CN=" + ask.CommonName
	for _, o := range ask.Organizations {
		wanted += ", O=" + o
	}
	return cli.WithStatus(cli.Usage, fmt.Errorf("kubeadm's request for %s has the subject %s; in Kubernetes %s it is %s", f.Profile.Name, subject, config.Release, wanted),
		"--kubernetes RELEASE: the cluster's own", "--node NAME, where the node is another")
}
