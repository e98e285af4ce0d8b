package component

import (
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"ca-exchange/internal/kube"
	"ca-exchange/internal/pki"
)

// Kept is a file for which nothing is asked, or not all that it is for.
type Kept struct {
	File string // absolute
	Why  string
	Fix  string // "" where it is right as it is
	Bad  bool   // no component can use it
}

// handMade is what lies in the directory of a cluster that was made by hand or with cfssl. What a certificate is for
// follows from its subject and its usages: the names of its files are anybody's.
type handMade struct {
	path    string // the component directory
	layout  Layout
	release kube.Release
	managed []Files         // those of this program's requests
	issuers []pki.Authority // those in place that sign for etcd or the front proxy alone
	pairs   []Found
	configs []Found // kubeconfigs that hold certificate and key
	kept    []Kept
}

// readHandMade reads the pairs and kubeconfigs of the component directory path. Files that paths: or a request names
// are left out: they are a profile's already.
func readHandMade(path string, l Layout, r kube.Release, requests []State) (*handMade, error) {
	h := &handMade{path: path, layout: l, release: r}
	for _, s := range openOrInstalled(requests) {
		h.managed = append(h.managed, s.Files)
	}
	dir := filepath.Dir(l.Path(path, pkiDir+"/ca.crt"))
	h.findIssuers()
	configs := filepath.Dir(l.Path(path, "admin.conf"))
	for _, look := range []struct {
		dir, suffix string
		at          func(name string)
	}{{dir, ".pem", h.pair}, {dir, ".crt", h.pair}, {configs, ".kubeconfig", h.kubeconfig}} {
		entries, err := os.ReadDir(look.dir)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		for _, entry := range entries {
			if strings.HasSuffix(entry.Name(), look.suffix) && !h.named(filepath.Join(look.dir, entry.Name())) {
				look.at(entry.Name())
			}
		}
	}
	h.join()
	return h, nil
}

// findIssuers reads the issuers of etcd and of the front proxy, where they have CAs of their own.
func (h *handMade) findIssuers() {
	for _, i := range kube.Issuers()[1:] {
		text, err := readHostFile(h.layout.Path(h.path, pkiDir+"/"+i.Certificate))
		if err != nil {
			continue
		}
		if certificates, err := pki.ParseCertificates(text); err == nil {
			h.issuers = append(h.issuers, pki.Authority{Name: i.Name, Certificate: certificates[0]})
		}
	}
}

// named reports whether a file is a profile's already.
func (h *handMade) named(file string) bool {
	same := func(path string) bool { return h.absolute("", path) == file }
	for _, paths := range h.layout.Paths {
		if slices.ContainsFunc(paths.All(), same) {
			return true
		}
	}
	return slices.ContainsFunc(h.managed, func(f Files) bool { return slices.ContainsFunc(f.paths(), same) })
}

func (h *handMade) absolute(root, file string) string { return Host{Path: h.path}.below(root, file) }

func (h *handMade) keep(file, fix, why string, args ...any) {
	h.kept = append(h.kept, Kept{File: file, Why: fmt.Sprintf(why, args...), Fix: fix})
}

// bad keeps a pair or a kubeconfig that cannot be used.
func (h *handMade) bad(file, fix, why string, args ...any) {
	h.keep(file, fix, why, args...)
	h.kept[len(h.kept)-1].Bad = true
}

// unread keeps a file that was not read. A link works, and is only never written through.
func (h *handMade) unread(file, fix string, err error) {
	h.keep(file, fix, "%v", err)
	h.kept[len(h.kept)-1].Bad = !errors.Is(err, errLinked)
}

// pair reads NAME.pem where there is a NAME-key.pem, or NAME.crt with NAME.key. A CA's is passed over: it is no
// component's.
func (h *handMade) pair(name string) {
	f := Files{Root: h.layout.Root, Issuers: h.layout.Certificates, PEM: true}
	_, f.Certificate = amongCertificates(f.Root, f.Issuers, name)
	f.Root, f.Key = amongCertificates(f.Root, f.Issuers, h.layout.KeyBeside(name))
	if f.Root != h.layout.Root {
		f.Issuers = "."
	}
	file, keyFile := h.absolute(f.Root, f.Certificate), h.absolute(f.Root, f.Key)
	if !exists(keyFile) {
		return
	}
	text, err := readRegular(file)
	if err != nil {
		h.unread(file, anotherPair(file), err)
		return
	}
	key, err := readRegular(keyFile)
	if err != nil {
		h.unread(keyFile, anotherPair(file), err)
		return
	}
	if c, err := pki.ParseCertificates(text); err == nil && c[0].IsCA {
		return
	}
	if isServiceAccounts(name) {
		h.keep(file, "", "it stays as it is: Kubernetes reads its public key and no date")
		return
	}
	h.pairs = append(h.pairs, h.successors(file, text, key, f)...)
}

// isServiceAccounts goes by the names that guides give the key pair of service accounts: its certificate says nothing.
func isServiceAccounts(name string) bool {
	switch strings.TrimSuffix(name, filepath.Ext(name)) {
	case "service-account", "service-accounts", "sa":
		return true
	}
	return false
}

// successors are the requests for what a certificate and its key are now.
func (h *handMade) successors(file string, text, key []byte, files Files) (all []Found) {
	certificates, err := pki.ParseCertificates(text)
	if err != nil {
		h.bad(file, anotherPair(file), "cannot read its certificate: %v", err)
		return nil
	}
	signer, err := pki.ParsePrivateKey(key, nil)
	if err != nil {
		h.bad(file, anotherPair(file), "cannot read its private key: %v", err)
		return nil
	}
	leaf := certificates[0]
	if public, ok := leaf.PublicKey.(interface{ Equal(crypto.PublicKey) bool }); !ok || !public.Equal(signer.Public()) {
		h.bad(file, anotherPair(file), "the certificate is for another key than the one beside it")
		return nil
	}
	asks, err := kube.SuccessorsOf(h.release, leaf, h.issuerOf(leaf), filepath.Base(file))
	if err != nil {
		h.keep(file, anotherPair(file), "%v", err)
	}
	for _, ask := range asks {
		all = append(all, Found{Profile: ask.Profile, Files: files, Certificate: leaf, Ask: &ask})
	}
	return all
}

// anotherPair and anotherConfig ask for what would take the place of a file that cannot be used.
func anotherPair(file string) string {
	return Command("component-admin", "request", "PROFILE", "--out", filepath.Base(file))
}

func anotherConfig(name string) string {
	return Command("component-admin", "request", "PROFILE", "--kubeconfig-out", name)
}

func (h *handMade) issuerOf(leaf *x509.Certificate) string {
	for _, a := range h.issuers {
		if leaf.CheckSignatureFrom(a.Certificate) == nil {
			return a.Name
		}
	}
	return kube.ClusterIssuer
}

// kubeconfig reads one that has certificate and key embedded: in any other there is nothing to renew.
func (h *handMade) kubeconfig(name string) {
	f := Files{Root: h.layout.Root, Issuers: h.layout.Certificates, PEM: true, Kubeconfig: name}
	file := h.absolute(f.Root, name)
	text, err := readRegular(file)
	if err != nil {
		h.unread(file, anotherConfig(name), err)
		return
	}
	k, err := kube.ParseKubeconfig(text)
	switch {
	case err != nil:
		h.bad(file, anotherConfig(name), "%v", err)
		return
	case len(k.Certificate) == 0 || len(k.Key) == 0:
		return
	case kube.HasOthers(text):
		h.keep(file, anotherConfig(name), "it has more than one cluster, user or context, and would lose them")
		return
	}
	f.Server, f.Cluster = k.Server, k.Cluster
	for _, one := range h.successors(file, k.Certificate, k.Key, f) {
		switch one.Profile.Name {
		case "kubelet-serving", "server", "peer": // a kubeconfig is a client's
			continue
		case "client":
			one.Ask.Profile, _ = kube.Find(h.release, "user")
			one.Ask.Names, one.Profile = pki.Names{}, one.Ask.Profile
		}
		h.configs = append(h.configs, one)
	}
}

var errLinked = errors.New("it is a link: name the file itself under paths: in config.yaml")

// readRegular reads a file of the host that is not a link: what is installed later is never written through one.
func readRegular(file string) ([]byte, error) {
	s, err := os.Lstat(file)
	switch {
	case err != nil:
		return nil, err
	case s.Mode()&fs.ModeSymlink != 0:
		return nil, errLinked
	case !s.Mode().IsRegular() || s.Size() > sizeLimit:
		return nil, errors.New("it is not a file of certificates")
	}
	return readHostFile(file)
}

// FromHandMade finds what can be asked for anew in the directory of a cluster that was made by hand or with cfssl, and
// what is kept as it is. What is a profile's already, by a request or by paths:, comes first.
func (c *Component) FromHandMade(l Layout, r kube.Release, profiles []kube.Profile) ([]Found, []Kept, error) {
	requests, err := c.Requests()
	if err != nil {
		return nil, nil, err
	}
	placed := slices.DeleteFunc(slices.Clone(profiles), func(p kube.Profile) bool {
		_, elsewhere := l.Paths[p.Name]
		return !elsewhere || len(placesOf(p.Name, requests)) > 0
	})
	found, err := c.FromPKI(l, placed)
	if err != nil && !errors.Is(err, ErrNothingFound) {
		return nil, nil, err
	}
	h, err := readHandMade(c.path, l, r, requests)
	if err != nil {
		return nil, nil, err
	}
	found = slices.Concat(c.asked(requests), found, h.all())
	found = slices.DeleteFunc(found, func(f Found) bool {
		return !slices.ContainsFunc(profiles, func(p kube.Profile) bool { return p.Name == f.Profile.Name })
	})
	if len(found) == 0 {
		return nil, h.kept, ErrNothingFound
	}
	return found, h.kept, nil
}

// asked are the certificates of this program's own requests that lie in their places.
func (c *Component) asked(requests []State) (all []Found) {
	for _, s := range openOrInstalled(requests) {
		p, err := profileOf(s)
		leaf, unread := c.leaf(s.Files)
		twice := slices.ContainsFunc(all, func(f Found) bool { return f.Files.Place() == s.Files.Place() })
		if err != nil || unread != nil || twice {
			continue
		}
		ask := kube.Ask{Profile: p, Node: s.Node, CommonName: s.CommonName, Organizations: s.Organizations}
		if p.Names != pki.NoNames {
			ask.Names = pki.NamesOf(leaf)
		}
		all = append(all, Found{Profile: p, Files: s.Files, Certificate: leaf, Ask: &ask})
	}
	return all
}

// LooksHandMade reports whether a component directory has a cluster's files under the names that cfssl gives them.
func LooksHandMade(path string) bool {
	return exists(filepath.Join(path, "ca.pem")) || exists(filepath.Join(path, "ca.crt"))
}
