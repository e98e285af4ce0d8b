package component

import (
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"ca-exchange/internal/durable"
	"ca-exchange/internal/kube"
	"ca-exchange/internal/pki"
	"ca-exchange/internal/request"
)

// Errors of adoption that the command line answers with a hint.
var (
	ErrNothingFound = errors.New("found no key to request a certificate for")
	ErrRefused      = errors.New("the CA would deny this request")
	ErrOtherKey     = errors.New("the request was made with another key than the one in place")
)

// Found is a key that is in its place already, with what is beside it.
type Found struct {
	Profile     kube.Profile
	Files       Files
	CSR         *request.CSR      // made by kubeadm certs generate-csr; else nil
	Certificate *x509.Certificate // nil where there is none
	Ask         *kube.Ask         // of a certificate that was made by hand: what takes its place; else nil
}

// Node is the node that a request or certificate names, as the kubelet or as an etcd member; "" where it names none.
func (f Found) Node() string {
	var commonName string
	switch {
	case f.CSR != nil:
		commonName = f.CSR.Subject.CommonName()
	case f.Certificate != nil:
		commonName = f.Certificate.Subject.CommonName
	}
	before, after, hasNode := strings.Cut(f.Profile.CommonName, "{node}")
	node, fits := strings.CutPrefix(strings.TrimSuffix(commonName, after), before)
	if !hasNode || !fits || kube.CheckNode(node) != nil {
		return ""
	}
	return node
}

// FromKubeadm finds what kubeadm certs generate-csr wrote: KEY and NAME.csr in a layout's certificates, NAME.conf and
// NAME.conf.csr in its root. The name of a file is the profile's.
func (c *Component) FromKubeadm(l Layout, profiles []kube.Profile) ([]Found, error) {
	var all []Found
	for _, p := range profiles {
		if p.Generic() || p.InKubelet {
			continue
		}
		f := Found{Profile: p, Files: l.Files(p)}
		f.Files.Kubelet, f.Files.Combined = "", "" // kubeadm writes the kubelet's certificate into kubelet.conf alone
		err := c.readCSR(&f)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			err = c.fill(&f)
		}
		if err != nil {
			return nil, err
		}
		all = append(all, f)
	}
	if len(all) == 0 {
		return nil, ErrNothingFound
	}
	return all, nil
}

// readCSR reads the request that kubeadm wrote beside a key.
func (c *Component) readCSR(f *Found) error {
	root, file := f.Files.pairRoot(), strings.TrimSuffix(f.Files.Certificate, ".crt")+".csr"
	if f.Files.embedded() {
		root, file = f.Files.Root, f.Files.Kubeconfig+".csr"
	}
	text, err := c.readAt(root, file)
	if err != nil {
		return err
	}
	req, refusals := request.Parse(text, nil)
	if req == nil {
		r := refusals[0]
		return fmt.Errorf("%q: %w: %s: %s %s (allowed: %s)", file, ErrRefused, r.Code.Meaning(), r.Field, r.Asked,
			r.Allowed)
	}
	f.CSR = req.CSR
	return nil
}

// FromPKI finds the keys of certificates that the host has.
func (c *Component) FromPKI(l Layout, profiles []kube.Profile) ([]Found, error) {
	requests, err := c.Requests()
	if err != nil {
		return nil, err
	}
	var all []Found
	for _, p := range profiles {
		if p.Generic() {
			continue
		}
		for _, files := range placesWith(l.Files(p), placesOf(p.Name, requests)) {
			f := Found{Profile: p, Files: files}
			switch err := c.fill(&f); {
			case errors.Is(err, fs.ErrNotExist):
				continue
			case err != nil:
				return nil, err
			}
			all = append(all, f)
		}
	}
	if len(all) == 0 {
		return nil, ErrNothingFound
	}
	return all, nil
}

// NodeInPlace is the node that a request or certificate on the host names; "" where none does. What cannot be read is
// passed over: it may have nothing to do with what is asked.
func (c *Component) NodeInPlace(l Layout, profiles []kube.Profile) string {
	for _, p := range profiles {
		if p.Generic() {
			continue
		}
		f := Found{Profile: p, Files: l.Files(p)}
		if c.readCSR(&f) == nil || c.fill(&f) == nil {
			if node := f.Node(); node != "" {
				return node
			}
		}
	}
	return ""
}

// fill reads what lies in a request's place: the key, which must be there, the certificate, the kubeconfig's server.
func (c *Component) fill(f *Found) error {
	key, err := c.signerInPlace(f.Files)
	if err != nil {
		return err
	}
	if f.CSR != nil {
		if err := madeWith(f.CSR, key); err != nil {
			return fmt.Errorf("%q: %w", f.Files.keyPlace(), err)
		}
	}
	certificate, err := c.installed(f.Files)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if f.Files.Kubeconfig != "" {
		k, err := c.kubeconfig(f.Files)
		if err != nil && (f.Files.embedded() || !errors.Is(err, fs.ErrNotExist)) {
			return err
		}
		f.Files.Server, f.Files.Cluster = k.Server, k.Cluster
		if f.Files.embedded() {
			certificate = k.Certificate
		}
		if len(certificate) == 0 && f.Files.Combined != "" {
			certificate, _, err = c.combined(f.Files)
			if err != nil {
				return err
			}
		}
	}
	if len(certificate) == 0 {
		return nil
	}
	chain, err := pki.ParseCertificates(certificate)
	if err != nil {
		return fmt.Errorf("%q: %w", f.Files.Place(), err)
	}
	f.Certificate = chain[0]
	return nil
}

// kubeconfig reads the kubeconfig of a request's place.
func (c *Component) kubeconfig(f Files) (kube.Kubeconfig, error) {
	text, err := c.readAt(f.Root, f.Kubeconfig)
	if err != nil {
		return kube.Kubeconfig{}, err
	}
	k, err := kube.ParseKubeconfig(text)
	if err != nil {
		return k, fmt.Errorf("%q: %w", f.Kubeconfig, err)
	}
	return k, nil
}

// keyInPlace reads the key that lies where a request's result goes: in its own file, in the kubeconfig, or in the file
// that a kubelet's kubeconfig leaves it to.
func (c *Component) keyInPlace(f Files) ([]byte, error) {
	if !f.embedded() {
		return c.readAt(f.pairRoot(), f.Key)
	}
	k, err := c.kubeconfig(f)
	switch {
	case err != nil:
		return nil, err
	case len(k.Key) > 0:
		return k.Key, nil
	case f.Combined == "":
		return nil, fmt.Errorf("%q holds no key: %w", f.Kubeconfig, fs.ErrNotExist)
	}
	_, key, err := c.combined(f)
	return key, err
}

// combined reads the kubelet's certificate and key. The kubelet makes it a link to its newest pair beside it; a link to
// anywhere else is not followed.
func (c *Component) combined(f Files) (certificates, key []byte, err error) {
	text, err := c.readAt(f.Kubelet, f.Combined)
	if errors.Is(err, durable.ErrLink) {
		var target string
		if target, err = os.Readlink(filepath.Join(f.Kubelet, f.Combined)); err == nil {
			text, err = c.readAt(f.Kubelet, filepath.Join(filepath.Dir(f.Combined), filepath.Base(target)))
		}
	}
	if err != nil {
		return nil, nil, err
	}
	certificates, key = splitPEM(text)
	return certificates, key, nil
}

// splitPEM takes the kubelet's combined file apart.
func splitPEM(text []byte) (certificates, key []byte) {
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type == "CERTIFICATE" {
			certificates = append(certificates, pem.EncodeToMemory(block)...)
		} else {
			key = append(key, pem.EncodeToMemory(block)...)
		}
	}
	return certificates, key
}

// signerInPlace parses the key in place.
func (c *Component) signerInPlace(f Files) (crypto.Signer, error) {
	pem, err := c.keyInPlace(f)
	if err != nil {
		return nil, err
	}
	key, err := pki.ParsePrivateKey(pem, nil)
	if err != nil {
		return nil, fmt.Errorf("reading the key in %q: %w", f.keyPlace(), err)
	}
	return key, nil
}

// madeWith says whether a CSR was made with a key.
func madeWith(csr *request.CSR, key crypto.Signer) error {
	fingerprint, err := pki.KeyFingerprint(key.Public())
	if err == nil && fingerprint != csr.Fingerprint {
		err = ErrOtherKey
	}
	return err
}

// keyPlace is the file that holds the key in place.
func (f Files) keyPlace() string {
	if f.embedded() {
		return joined(f.Root, f.Kubeconfig)
	}
	return joined(f.pairRoot(), f.Key)
}
