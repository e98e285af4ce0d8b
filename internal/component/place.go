package component

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"

	"ca-exchange/internal/durable"
	"ca-exchange/internal/kube"
	"ca-exchange/internal/pki"
)

// previousSuffix ends the second name of what an installation replaced.
const previousSuffix = ".previous"

// place is one file to be installed: below the component directory, or below another one.
type place struct {
	root  string // "" for the component directory
	file  string
	bytes []byte
	mode  fs.FileMode
	stays bool   // a key that its new certificate shares with the old one
	dated string // of the kubelet's pair: the name of the file that a link in the place names; "" elsewhere
}

// places are a request's files, keys before certificates: a certificate whose key is missing breaks a component, a
// key that waits for its certificate does not.
func (c *Component) places(s State, authority pki.Authority, certificate, key []byte) []place {
	var places []place
	if s.Files.Certificate != "" {
		root := s.Files.pairRoot()
		places = []place{
			{root: root, file: s.Files.Key, bytes: key, mode: 0o600, stays: s.KeyInPlace},
			{root: root, file: s.Files.Certificate, bytes: certificate, mode: 0o644},
		}
	}
	if s.Files.Kubeconfig == "" {
		return places
	}
	k := kube.Kubeconfig{
		Cluster: s.Files.Cluster, Server: s.Files.Server, User: s.CommonName,
		CA: authority.Anchor(), Certificate: certificate, Key: key,
	}
	places = append(places, place{root: s.Files.Root, file: s.Files.Kubeconfig, bytes: k.Encode(), mode: 0o600})
	if s.Files.Combined != "" { // the kubelet reads both from one file, and renews them there by itself
		pair := slices.Concat(certificate, key)
		combined := place{root: s.Files.Kubelet, file: s.Files.Combined, bytes: pair, mode: 0o600}
		combined.dated = datedName(s.Files.Combined, s.Verified)
		places = append([]place{combined}, places...)
	}
	return places
}

// putAll installs files in their order. What they replace is kept first, all of it: between two replacements a kill
// leaves a new key beside an old certificate, and the old pair must then still be whole under its second names.
func (c *Component) putAll(places []place) error {
	for _, p := range places {
		if err := c.keepPrevious(p); err != nil {
			return err
		}
	}
	for _, p := range places {
		if err := c.write(p); err != nil {
			return err
		}
	}
	return nil
}

// keepPrevious gives what p will replace its second name. It may be repeated: what is in place already stays.
func (c *Component) keepPrevious(p place) error {
	dir, name, err := c.parent(p)
	if err != nil {
		return err
	}
	defer dir.Close()
	have, _, err := dir.Read(name, sizeLimit)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, durable.ErrLink): // what a link leads to stays
		return nil
	case err != nil:
		return err
	case bytes.Equal(have, p.bytes) && !p.stays, incomplete(have):
		return nil
	}
	if err := dir.Keep(name, name+previousSuffix); err != nil {
		return err
	}
	return dir.Sync()
}

func (c *Component) write(p place) error {
	dir, name, err := c.parent(p)
	if err != nil {
		return err
	}
	defer dir.Close()
	if p.dated != "" {
		return linkPair(dir, name, p)
	}
	_, err = dir.Ensure(name, p.bytes, p.mode)
	return err
}

// parent opens the directory that a place lies in, making what is missing on the way.
func (c *Component) parent(p place) (*durable.Dir, string, error) {
	p.root, p.file = rooted(p.root, p.file)
	if p.root != "" {
		if err := durable.MakeAll(p.root, 0o755); err != nil {
			return nil, "", err
		}
	}
	root, err := c.below(p.root)
	if err != nil {
		return nil, "", err
	}
	defer root.Close()
	return root.MakeParent(p.file)
}

// incomplete reports whether a file is a kubeconfig of kubeadm certs generate-csr, which waits for its certificate: a
// second name of it would keep nothing but another copy of the key.
func incomplete(file []byte) bool {
	k, err := kube.ParseKubeconfig(file)
	return err == nil && len(k.Key) > 0 && len(k.Certificate) == 0
}

// besideIssuer is an issuer whose files lie beside what a request brought.
type besideIssuer struct {
	kube.Issuer
	authority pki.Authority
}

// issuersBeside are the issuers that a host of a request has. One that runs no control plane has the one of its
// certificate alone: kubeadm join wants no other.
func issuersBeside(trust pki.Trust, s State) (all []besideIssuer, err error) {
	profile, err := profileOf(s)
	if err != nil {
		return nil, err
	}
	wanted := profile.Issuer
	if own, ok := trust.Authority(wanted); ok && s.Files.PEM {
		wanted = own.Name
	}
	for _, i := range kube.Issuers() {
		a, ok := trust.Authority(i.Name)
		twice := s.Files.PEM && i.Name != a.Name // one CA does for all, and then has one file there
		if ok && !twice && (!s.Worker || i.Name == wanted) {
			all = append(all, besideIssuer{i, a})
		}
	}
	return all, nil
}

// installIssuers puts the issuers where kubeadm looks.
func (c *Component) installIssuers(trust pki.Trust, s State) error {
	issuers, err := issuersBeside(trust, s)
	if err != nil {
		return err
	}
	for _, i := range issuers {
		root, file := s.Files.issuer(i.Certificate)
		if err := c.installIssuer(i.Name, root, file, i.authority); err != nil {
			return err
		}
	}
	return nil
}

// restoreIssuers puts issuers back that are missing beside what is installed. One that cannot be put back stops no
// answer: the doctor reports it.
func (c *Component) restoreIssuers(trust pki.Trust, states []State) {
	for _, s := range states {
		if s.Status != StatusInstalled {
			continue
		}
		if err := c.installIssuers(trust, s); err != nil {
			c.Log.Warn("an issuer's certificate is not in place", "error", err)
		}
	}
}

// installIssuer puts the certificate of the issuer that has a name into place: where one CA does for all, it has each
// name. Another CA's file there is never replaced.
func (c *Component) installIssuer(name, root, file string, a pki.Authority) error {
	have, err := c.readAt(root, file)
	if errors.Is(err, fs.ErrNotExist) {
		if err := c.oweIssuer(name, root, file, a); err != nil {
			return err
		}
		return c.write(place{root: root, file: file, bytes: a.Anchor(), mode: 0o644})
	}
	if err != nil {
		return err
	}
	certificates, err := pki.ParseCertificates(have)
	if err == nil && slices.ContainsFunc(certificates, a.Certificate.Equal) {
		return nil
	}
	return fmt.Errorf("%w: %q", ErrOtherCA, filepath.Join(cmp.Or(root, c.path), file))
}
