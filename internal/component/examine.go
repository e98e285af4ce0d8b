package component

import (
	"bytes"
	"crypto"
	"encoding/pem"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"ca-exchange/internal/kube"
	"ca-exchange/internal/pki"
	"ca-exchange/internal/refusal"
)

// certificate examines what one request of the host brings.
func (e *examination) certificate(ask kube.Ask) {
	p := ask.Profile
	if p.Kubeconfig != "" {
		e.kubeconfig(ask)
		return
	}
	dir, severity := e.Path, Wrong
	if p.InKubelet {
		dir, severity = e.KubeletDir, Advice // without it the kubelet signs itself one, which nobody can verify
	}
	certificateFile, keyFile := filepath.Join(dir, p.Certificate), filepath.Join(dir, p.Key)
	certificate := e.read(certificateFile, false, severity, e.request(p))
	key := e.read(keyFile, true, severity, e.request(p))
	if certificate != nil && key != nil {
		e.pair(ask, certificateFile, certificate, keyFile, key)
	}
}

// kubeconfig examines a client's file: where it goes, whom it believes, who it is.
func (e *examination) kubeconfig(ask kube.Ask) {
	p, file, severity := ask.Profile, filepath.Join(e.Path, ask.Profile.Kubeconfig), Wrong
	if !e.Known && p.Name == "super-admin" {
		severity = "" // only the first control plane has one
	}
	text := e.read(file, true, severity, e.request(p))
	if text == nil {
		return
	}
	k, err := kube.ParseKubeconfig(text)
	if err != nil {
		e.find(Wrong, file, e.request(p), "%v", err)
		return
	}
	e.server(ask, file, k.Server)
	e.believed(ask, file, k.CA)
	combined := p.Combined != "" && e.combined(ask, len(k.Key) == 0)
	switch {
	case len(k.Certificate) > 0 && len(k.Key) > 0:
		e.pair(ask, file, k.Certificate, file, k.Key)
	case !combined:
		e.find(Wrong, file, e.request(p), "it has no client certificate with its key")
	}
}

// combined examines the kubelet's own file: once kubeadm init has run, kubelet.conf names it instead of the embedded pair.
func (e *examination) combined(ask kube.Ask, needed bool) bool {
	file, severity := filepath.Join(e.KubeletDir, ask.Profile.Combined), ""
	if needed {
		severity = Wrong
	}
	text := e.read(file, true, severity, e.request(ask.Profile))
	if text == nil {
		return false
	}
	certificates, key := splitPEM(text)
	e.pair(ask, file, certificates, file, key)
	return true
}

// server compares where a kubeconfig goes. A control plane's kubelet may speak to its own API server: kubeadm writes
// that itself when it upgrades.
func (e *examination) server(ask kube.Ask, file, server string) {
	wanted := []string{ask.Server}
	if ask.Profile.Combined != "" {
		wanted = append(wanted, e.Config.ServerURL(kube.LocalServer))
	}
	if ask.Server != "" && !slices.Contains(wanted, server) {
		e.find(Wrong, file, e.Program+" kubeconfig "+ask.Profile.Name+" --server "+ask.Server, "it goes to %s, not to %s", refusal.Quote(server), ask.Server)
	}
	if !strings.HasPrefix(server, "https://") {
		e.find(Wrong, file, e.Program+" kubeconfig "+ask.Profile.Name+" --server https://HOST:6443", "its server is no https URL: %s", refusal.Quote(server))
	}
}

// believed holds the CA data of a kubeconfig against the cluster's CA.
func (e *examination) believed(ask kube.Ask, file string, data []byte) {
	cluster, ok := e.authorities[kube.ClusterIssuer]
	if !ok {
		return
	}
	certificates, err := pki.ParseCertificates(data)
	switch {
	case err != nil:
		e.find(Wrong, file, e.request(ask.Profile), "it has no CA data: %v", err)
	case !slices.ContainsFunc(certificates, cluster.Certificate.Equal):
		e.find(Wrong, file, e.request(ask.Profile), "its CA data is not the cluster's CA in pki/ca.crt")
	}
}

// pair holds a certificate and its key against the profile, by the rules that sync installs by. The first broken one
// is named: the same request mends them all.
func (e *examination) pair(ask kube.Ask, file string, text []byte, keyFile string, key []byte) {
	fix := e.request(ask.Profile)
	certificates, err := pki.ParseCertificates(text)
	if err != nil {
		e.find(Wrong, file, fix, "it holds no certificate: %v", err)
		return
	}
	leaf := certificates[0]
	signer, authority := e.key(keyFile, key, fix), e.authorities[ask.Profile.Issuer]
	if signer == nil || authority.Certificate == nil {
		return // said already
	}
	e.validity(file, leaf.NotBefore, leaf.NotAfter, fix)
	// kubeadm names the first service address alone, and a dual-stack cluster works with it.
	needed, second := ask.Names, e.Config.ServiceIPs()[1:]
	needed.IPs = slices.DeleteFunc(slices.Clone(needed.IPs), func(ip netip.Addr) bool { return slices.Contains(second, ip) })
	lacking, err := pki.CheckInstalled(leaf, pki.Expected{
		Key: signer.Public(), Profile: ask.Profile.Profile, Node: ask.Node, CommonName: ask.CommonName, Names: needed, Authority: authority, AcceptNames: true,
	})
	switch {
	case err != nil && len(leaf.ExtKeyUsage) == 0:
		e.find(Wrong, file, fix, "%v: without usages any certificate of the cluster's CA is a client identity, too", err)
	case err != nil:
		e.find(Wrong, file, fix, "%v", err)
	}
	for _, l := range lacking {
		e.find(Wrong, file, fix, "%s", l)
	}
	if more := ask.Names.Without(needed.Merge(pki.NamesOf(leaf))); len(more) > 0 {
		e.find(Advice, file, fix, "it lacks the service address of the second family: %s", strings.Join(more, ", "))
	}
}

// key reads a private key and says what no component could do with it.
func (e *examination) key(file string, text []byte, fix string) crypto.Signer {
	signer, err := pki.ParsePrivateKey(text, nil)
	switch {
	case errors.Is(err, pki.ErrEncrypted):
		e.find(Wrong, file, fix, "the key is encrypted: no component asks for a passphrase")
		return nil
	case err != nil:
		e.find(Wrong, file, fix, "it holds no private key: %v", err)
		return nil
	}
	if kind := pki.KeyTypeOf(signer.Public()); !slices.Contains(pki.KubernetesKeyTypes(), kind) {
		e.find(Wrong, file, fix, "no component loads a key of this type (%s): one of %v", kind, pki.KubernetesKeyTypes())
	}
	return signer
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

// samePEM compares what two PEM files hold, not how they are written.
func samePEM(a, b []byte) bool {
	x, _ := pem.Decode(a)
	y, _ := pem.Decode(b)
	return x != nil && y != nil && bytes.Equal(x.Bytes, y.Bytes)
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}
