package ca

import (
	"errors"
	"fmt"
	"io/fs"
	"path"

	"ca-exchange/internal/durable"
	"ca-exchange/internal/kube"
	"ca-exchange/internal/pki"
)

// issuerFiles gives the places of an issuer's certificate and key: kubeadm's names (kubeadm constants.go).
func issuerFiles(name string) (sub, certificate, key string) {
	if name == kube.EtcdIssuer {
		return "etcd", "ca.crt", "ca.key"
	}
	return "", name + ".crt", name + ".key"
}

// storeIssuer writes the key before the certificate, which would look like an issuer whose key is gone; and before the
// request, which would be signed for nothing. A key that is kept elsewhere has no file.
func storeIssuer(dir *durable.Dir, m made) error {
	sub, certificate, key := issuerFiles(m.Name)
	if sub != "" {
		below, _, err := dir.MakeDir(sub, 0o700, -1)
		if err != nil {
			return err
		}
		defer below.Close()
		dir = below
	}
	if m.key != nil {
		if err := dir.Create(key, m.key, 0o600); err != nil {
			return err
		}
	}
	if m.request != nil {
		return dir.Create(requestFile(key), m.request, 0o644)
	}
	return dir.Create(certificate, m.Bundle(), 0o644)
}

// loadAuthorities reads the issuers' certificates, in the trust's order, and names those that wait for their parent.
// Those that are not there are left out.
func loadAuthorities(dir *durable.Dir) (all []pki.Authority, waiting []string, err error) {
	for _, name := range []string{kube.ClusterIssuer, kube.EtcdIssuer, kube.FrontProxyIssuer} {
		sub, file, key := issuerFiles(name)
		pem, err := readBelow(dir, sub, file)
		if errors.Is(err, fs.ErrNotExist) {
			if _, err := readBelow(dir, sub, requestFile(key)); err == nil {
				waiting = append(waiting, name)
			}
			continue
		}
		if err != nil {
			return nil, nil, err
		}
		chain, err := pki.ParseCertificates(pem)
		if err != nil {
			return nil, nil, fmt.Errorf("reading %q: %w", path.Join(dir.Path(), sub, file), err)
		}
		all = append(all, pki.Authority{Name: name, Certificate: chain[0], Chain: chain[1:]})
	}
	if len(waiting) == 0 && (len(all) == 0 || all[0].Name != kube.ClusterIssuer) {
		return nil, nil, fmt.Errorf("%w: %q has no ca.crt", ErrNoDirectory, dir.Path())
	}
	return all, waiting, nil
}

// trustOf is the trust that component admins will read out of issuers.pem: each issuer must come back under its name.
func trustOf(authorities []pki.Authority) (pki.Trust, error) {
	trust, err := pki.ParseTrust(pki.EncodeTrust(authorities))
	if err != nil {
		return trust, err
	}
	for i, a := range trust.Authorities {
		if i >= len(authorities) || a.Name != authorities[i].Name {
			return trust,
				fmt.Errorf("issuer %q would be taken for %q: two issuers are ca and front-proxy-ca, or the second "+
					"has the common name etcd-ca", authorities[min(i, len(authorities)-1)].Name, a.Name)
		}
	}
	return trust, nil
}

// KeyName is the path of an issuer's key below a CA directory.
func KeyName(issuer string) string {
	sub, _, file := issuerFiles(issuer)
	return path.Join(sub, file)
}

// KeyFile is the path of an issuer's key.
func (c *CA) KeyFile(issuer string) string { return path.Join(c.dir.Path(), KeyName(issuer)) }

// loadIssuer joins an issuer's certificate with its key, or with who signs in its place.
func (c *CA) loadIssuer(a pki.Authority, ask Passphrase) (*pki.Issuer, error) {
	with, err := c.elsewhere(a)
	if err != nil {
		return nil, err
	}
	if with != nil {
		return pki.NewIssuer(a.Name, a.Path(), with)
	}
	sub, _, file := issuerFiles(a.Name)
	place := c.KeyFile(a.Name)
	pem, err := readBelow(c.dir, sub, file)
	if err != nil {
		return nil, err
	}
	key, _, err := ParseKey(pem, place, ask)
	if err != nil {
		return nil, fmt.Errorf("reading %q: %w", place, err)
	}
	return pki.NewIssuer(a.Name, a.Path(), key)
}

func readBelow(dir *durable.Dir, sub, file string) ([]byte, error) {
	at, done, err := below(dir, sub)
	if err != nil {
		return nil, err
	}
	defer done()
	b, _, err := at.Read(file, sizeLimit)
	return b, err
}
