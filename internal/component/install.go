package component

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"ca-exchange/internal/durable"
	"ca-exchange/internal/inbox"
	"ca-exchange/internal/kube"
	"ca-exchange/internal/pki"
	"ca-exchange/internal/request"
)

// certificateFile keeps a verified certificate beside its key until both are in place.
const certificateFile = "certificate.pem"

// install verifies an answer by everything that was asked and pinned, and puts it into place. The order is a journal:
// certificate beside the key, state "Installing", key, certificate, answer away, state "Installed"; finish goes on from any
// point.
func (c *Component) install(x *inbox.Exchange, out *Outcome, trust pki.Trust, answer []byte, o SyncOptions) error {
	profile, err := profileOf(out.State)
	if err != nil {
		return err
	}
	key, req, err := c.read(out.State)
	if err != nil {
		return err
	}
	authority, ok := trust.Authority(profile.Issuer)
	if !ok {
		return fmt.Errorf("the pinned trust has no issuer %q", profile.Issuer)
	}
	expected := pki.Expected{
		Key: key.Public(), Profile: profile.Profile, Node: out.Node, CommonName: out.CommonName, Names: req.CSR.Names,
		Authority: authority, AcceptNames: o.AcceptNames,
	}
	expected.NotAfter = c.installedUntil(out.Files, expected)
	leaf, warnings, err := pki.VerifyAnswer(answer, expected, c.Now())
	if err != nil {
		return err
	}
	out.Warnings = warnings
	dir, err := c.request(out.ID)
	if err != nil {
		return err
	}
	defer dir.Close()
	// The leaf as parsed, and what is pinned above it: never the answer's own bytes.
	chain := pki.Authority{Certificate: leaf, Chain: intermediates(authority)}
	if err := dir.Replace(certificateFile, chain.Bundle(), 0o644); err != nil {
		return err
	}
	out.Fingerprint, out.NotAfter = pki.Fingerprint(leaf), leaf.NotAfter
	if err := c.setStatus(&out.State, StatusInstalling); err != nil {
		return err
	}
	return c.finish(x, &out.State, trust)
}

// finish puts a verified pair into place, however far an earlier attempt came.
func (c *Component) finish(x *inbox.Exchange, s *State, trust pki.Trust) error {
	profile, err := profileOf(*s)
	if err != nil {
		return err
	}
	authority, ok := trust.Authority(profile.Issuer)
	if !ok {
		return fmt.Errorf("the pinned trust has no issuer %q", profile.Issuer)
	}
	if err := c.installIssuers(trust, s.Files.Root, s.Worker); err != nil {
		return err
	}
	dir, err := c.request(s.ID)
	if err != nil {
		return err
	}
	defer dir.Close()
	certificate, _, err := dir.Read(certificateFile, inbox.Limit)
	if err != nil {
		return err
	}
	key, err := c.key(*s, dir)
	if err != nil {
		return err
	}
	for _, place := range c.places(*s, authority, certificate, key) {
		if err := c.put(place); err != nil {
			return err
		}
	}
	removeAnswer(x, *s)
	x.SyncOutbox()
	if err := c.setStatus(s, StatusInstalled); err != nil {
		return err
	}
	if s.KeyInPlace {
		return nil
	}
	// The key has one home now. A crash before this leaves a copy that only its owner can read.
	return dir.Remove(keyFile)
}

// installIssuers puts the issuers where kubeadm looks: a worker gets the cluster's alone, and join wants no other.
func (c *Component) installIssuers(trust pki.Trust, root string, worker bool) error {
	for _, i := range kube.Issuers() {
		a, ok := trust.Authority(i.Name)
		if !ok || worker && i.Name != kube.ClusterIssuer {
			continue
		}
		if err := c.installIssuer(root, "pki/"+i.Certificate, a); err != nil {
			return err
		}
	}
	return nil
}

// intermediates are what a server sends below the root.
func intermediates(a pki.Authority) (chain []*x509.Certificate) {
	for _, c := range a.Path() {
		if !bytes.Equal(c.RawSubject, c.RawIssuer) {
			chain = append(chain, c)
		}
	}
	return chain
}

// place is one file to be installed: below the component directory, or below another one.
type place struct {
	root  string // "" for the component directory
	file  string
	bytes []byte
	mode  fs.FileMode
}

// places are a request's files, keys before certificates: a certificate whose key is missing breaks a component, a
// key that waits for its certificate does not.
func (c *Component) places(s State, authority pki.Authority, certificate, key []byte) []place {
	if s.Files.Kubeconfig != "" {
		k := kube.Kubeconfig{
			Cluster: s.Files.Cluster, Server: s.Files.Server, User: s.CommonName, CA: authority.Anchor(), Certificate: certificate, Key: key,
		}
		places := []place{{s.Files.Root, s.Files.Kubeconfig, k.Encode(), 0o600}}
		if s.Files.Combined != "" { // the kubelet reads both from one file, and renews them there by itself
			places = append([]place{{s.Files.Kubelet, s.Files.Combined, slices.Concat(certificate, key), 0o600}}, places...)
		}
		return places
	}
	root := s.Files.pairRoot()
	return []place{{root, s.Files.Key, key, 0o600}, {root, s.Files.Certificate, certificate, 0o644}}
}

// put installs one file and keeps what it replaces as .previous. It may be repeated: what is in place stays. A link is
// replaced itself, such as the kubelet's to its newest pair, and what it leads to stays.
func (c *Component) put(p place) error {
	if p.root != "" {
		if err := durable.MakeAll(p.root, 0o755); err != nil {
			return err
		}
	}
	return c.below(p.root, func(root *durable.Dir) error {
		have, err := readBelow(root, p.file)
		switch {
		case err == nil && !bytes.Equal(have, p.bytes) && !incomplete(have):
			if err := writeBelow(root, p.file+".previous", have, p.mode); err != nil {
				return err
			}
		case err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, durable.ErrLink):
			return err
		}
		return writeBelow(root, p.file, p.bytes, p.mode)
	})
}

// incomplete says that a file is a kubeconfig of kubeadm certs generate-csr, which waits for its certificate: nothing but
// another copy of the key would be kept with it.
func incomplete(file []byte) bool {
	k, err := kube.ParseKubeconfig(file)
	return err == nil && len(k.Key) > 0 && len(k.Certificate) == 0
}

// installedUntil is when the certificate ends that lies in a request's place; zero where there is none, or where what
// lies there is of no use for it: another CA's must not keep the right one out by ending later.
func (c *Component) installedUntil(f Files, e pki.Expected) (end time.Time) {
	b, err := c.installed(f)
	if err != nil {
		return end
	}
	if f.Kubeconfig != "" {
		k, err := kube.ParseKubeconfig(b)
		if err != nil {
			return end
		}
		b = k.Certificate
	}
	certificates, err := pki.ParseCertificates(b)
	if err != nil {
		return end
	}
	leaf := certificates[0]
	e.Key, e.AcceptNames = leaf.PublicKey, true
	if lacking, err := pki.CheckInstalled(leaf, e); err != nil || len(lacking) > 0 {
		return end
	}
	return leaf.NotAfter
}

// installed reads the file in a request's place.
func (c *Component) installed(f Files) ([]byte, error) {
	if f.Kubeconfig != "" {
		return c.readAt(f.Root, f.Kubeconfig)
	}
	return c.readAt(f.pairRoot(), f.Certificate)
}

// key reads a request's private key: kept beside the request until the answer comes, or in its place all along.
func (c *Component) key(s State, dir *durable.Dir) (pem []byte, err error) {
	if s.KeyInPlace {
		return c.keyInPlace(s.Files)
	}
	pem, _, err = dir.Read(keyFile, sizeLimit)
	return pem, err
}

// read gives a request's key and the request itself.
func (c *Component) read(s State) (crypto.Signer, *request.Request, error) {
	dir, err := c.request(s.ID)
	if err != nil {
		return nil, nil, err
	}
	defer dir.Close()
	pem, err := c.key(s, dir)
	if err != nil {
		return nil, nil, err
	}
	key, err := pki.ParsePrivateKey(pem, nil)
	if err != nil {
		return nil, nil, fmt.Errorf("reading the key of request %s: %w", s.ID[:16], err)
	}
	entry, _, err := dir.Read(requestFile, inbox.Limit)
	if err != nil {
		return nil, nil, err
	}
	req, refusals := request.Parse(entry, nil)
	if req == nil {
		return nil, nil, fmt.Errorf("reading request %s: %s", s.ID[:16], refusals[0].Code.Meaning())
	}
	if err := madeWith(req.CSR, key); err != nil {
		return nil, nil, fmt.Errorf("request %s: %w: ask again", s.ID[:16], err)
	}
	return key, req, nil
}

// SetServer writes an installed kubeconfig again for another API server.
func (c *Component) SetServer(file, server string) error {
	b, err := readBelow(c.root, file)
	if err != nil {
		return err
	}
	k, err := kube.ParseKubeconfig(b)
	if err != nil {
		return fmt.Errorf("reading %q: %w", file, err)
	}
	k.Server = server
	return c.put(place{"", file, k.Encode(), 0o600})
}
