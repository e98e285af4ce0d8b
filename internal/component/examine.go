package component

import (
	"crypto"
	"crypto/x509"
	"errors"
	"net/netip"
	"slices"
	"strings"

	"ca-exchange/internal/kube"
	"ca-exchange/internal/pki"
)

// generic examines what an installed request of a generic profile brought.
func (e *examination) generic(s State, p kube.Profile) {
	ask := kube.Ask{Profile: p, CommonName: s.CommonName, Organizations: s.Organizations, Server: s.Files.Server}
	if s.Files.Kubeconfig != "" {
		e.person(s, ask)
	}
	if s.Files.embedded() {
		return
	}
	file, keyFile := e.below(s.Files.Root, s.Files.Certificate), e.below(s.Files.Root, s.Files.Key)
	text, err := readHostFile(file)
	var leaf *x509.Certificate
	if certificates, parseErr := pki.ParseCertificates(text); err == nil && parseErr == nil {
		leaf = certificates[0]
	}
	anew := e.requestGeneric(s, leaf)
	text, key := e.public(file, anew), e.private(keyFile, anew)
	if text != nil && key != nil {
		e.pair(placed{ask, s.Files}, pair{file, text, keyFile, key, anew})
	}
}

// person examines a user's kubeconfig.
func (e *examination) person(s State, ask kube.Ask) {
	file, anew := e.below(s.Files.Root, s.Files.Kubeconfig), e.requestGeneric(s, nil)
	text := e.private(file, anew)
	if text == nil {
		return
	}
	k, err := kube.ParseKubeconfig(text)
	if err != nil {
		e.find(Wrong, file, anew, "%v", err)
		return
	}
	e.believed(file, k.CA, anew)
	if len(k.Certificate) == 0 || len(k.Key) == 0 {
		e.find(Wrong, file, anew, "it has no client certificate with its key")
		return
	}
	e.pair(placed{ask, s.Files}, pair{file, k.Certificate, file, k.Key, anew})
}

// pair is a certificate and its key as they lie in files.
type pair struct {
	file        string
	certificate []byte
	keyFile     string
	key         []byte
	anew        remedy // a new key and certificate
}

// pair holds a certificate and its key against the profile, by the rules that sync installs by. The first broken one
// is named: the same request mends them all.
func (e *examination) pair(ask placed, on pair) {
	p := ask.Profile
	certificates, err := pki.ParseCertificates(on.certificate)
	if err != nil {
		e.find(Wrong, on.file, on.anew, "cannot read its certificate: %v", err)
		return
	}
	leaf := certificates[0]
	signer := e.key(p, on)
	authority, ok := e.authorities[p.Issuer]
	if signer == nil || !ok {
		return // the key or the issuer is a finding already
	}
	// kubeadm names the first service address alone, and a dual-stack cluster works with it.
	needed, second := ask.Names, e.Config.ServiceIPs()[1:]
	needed.IPs = slices.DeleteFunc(slices.Clone(needed.IPs), func(ip netip.Addr) bool {
		return slices.Contains(second, ip)
	})
	lacking, err := pki.CheckInstalled(leaf, pki.Expected{
		Key: signer.Public(), Profile: p.Profile, Node: ask.Node, CommonName: ask.CommonName,
		Organizations: ask.Organizations, Names: needed, Authority: authority, AcceptNames: true,
	})
	renewal := on.anew
	switch has := pki.NamesOf(leaf); {
	case err != nil && len(leaf.ExtKeyUsage) == 0:
		e.find(Wrong, on.file, on.anew,
			"%v: without usages any certificate of the cluster's CA is a client identity, too", err)
	case err != nil:
		e.find(Wrong, on.file, on.anew, "%v", err)
	case len(lacking) > 0:
		renewal = e.add(ask, needed.Without(has))
	case !p.Generic():
		renewal = e.renew(p)
		e.worthKnowing(ask, on.file, has, needed)
	}
	for _, l := range lacking {
		e.find(Wrong, on.file, renewal, "%s", l)
	}
	e.validity(on.file, leaf.NotBefore, leaf.NotAfter, renewal)
}

// worthKnowing says what a certificate that works could have besides.
func (e *examination) worthKnowing(ask placed, file string, has, needed pki.Names) {
	if more := ask.Names.Without(needed.Merge(has)); len(more) > 0 {
		e.find(Advice, file, e.add(ask, more),
			"it lacks the service address of the second family: %s", strings.Join(more, ", "))
	}
	if ask.Profile.InKubelet && len(has.IPs) == 0 {
		e.find(Advice, file, e.add(ask, []string{"IP:ADDRESS"}),
			"it names no address: the metrics server and kubectl logs reach a kubelet by its address")
	}
}

// key reads a private key and says what no component could do with it.
func (e *examination) key(p kube.Profile, on pair) crypto.Signer {
	signer, err := pki.ParsePrivateKey(on.key, nil)
	switch {
	case errors.Is(err, pki.ErrEncrypted):
		e.find(Wrong, on.keyFile, on.anew, "the key is encrypted, and components cannot ask for a passphrase")
		return nil
	case err != nil:
		e.find(Wrong, on.keyFile, on.anew, "cannot read its private key: %v", err)
		return nil
	}
	if kind := pki.KeyTypeOf(signer.Public()); !slices.Contains(p.KeyTypes, kind) {
		e.find(Wrong, on.keyFile, on.anew, "no component loads a key of type %s: use one of %v", kind, p.KeyTypes)
		return nil
	}
	return signer
}
