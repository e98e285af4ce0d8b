package component

import (
	"path/filepath"
	"slices"
	"strings"

	"ca-exchange/internal/kube"
	"ca-exchange/internal/pki"
	"ca-exchange/internal/refusal"
)

// kubeconfig examines a client's file: where it goes, whom it believes, who it is.
func (e *examination) kubeconfig(ask placed) {
	p, file := ask.Profile, e.below(ask.Root, ask.Kubeconfig)
	if !e.Known && p.Name == "super-admin" && !exists(file) {
		return // only the first control plane has one
	}
	text := e.private(file, e.request(ask))
	if text == nil {
		return
	}
	k, err := kube.ParseKubeconfig(text)
	if err != nil {
		e.find(Wrong, file, e.request(ask), "%v", err)
		return
	}
	e.server(ask, file, k.Server)
	e.believed(file, k.CA, e.request(ask))
	combined := e.combined(ask, k)
	switch {
	case len(k.Certificate) > 0 && len(k.Key) > 0:
		e.pair(ask, pair{file, k.Certificate, file, k.Key, e.request(ask)})
	case !combined:
		e.find(Wrong, file, e.request(ask), "it has no client certificate with its key")
	}
}

// combined examines the kubelet's own file: once kubeadm init has run, kubelet.conf names it instead of the embedded
// pair.
func (e *examination) combined(ask placed, k kube.Kubeconfig) bool {
	file := filepath.Join(ask.Kubelet, ask.Combined)
	if ask.Combined == "" || len(k.Key) > 0 && !exists(file) {
		return false
	}
	text := e.private(file, e.request(ask))
	if text == nil {
		return false
	}
	certificates, key := splitPEM(text)
	e.pair(ask, pair{file, certificates, file, key, e.request(ask)})
	return true
}

// server compares where a kubeconfig goes. A control plane's kubelet may speak to its own API server: kubeadm writes
// that itself when it upgrades.
func (e *examination) server(ask placed, file, server string) {
	wanted := []string{ask.Ask.Server}
	if ask.Profile.Combined != "" {
		wanted = append(wanted, e.Config.ServerURL(kube.LocalServer))
	}
	if ask.Ask.Server != "" && !slices.Contains(wanted, server) {
		e.find(Wrong, file, e.pointAt(ask, ask.Ask.Server), "its server is %s, expected %s", refusal.Quote(server),
			ask.Ask.Server)
		return
	}
	if !strings.HasPrefix(server, "https://") {
		e.find(Wrong, file, e.pointAt(ask, "https://HOST:6443"), "its server is not an https URL: %s",
			refusal.Quote(server))
	}
}

// pointAt mends a kubeconfig that goes to another server.
func (e *examination) pointAt(ask placed, server string) remedy {
	words := append(slices.Clone(e.Program), "kubeconfig", ask.Profile.Name, "--server", server)
	return remedy{fix: Command(words...), asks: true}
}

// believed holds the CA data of a kubeconfig against the cluster's CA.
func (e *examination) believed(file string, data []byte, anew remedy) {
	cluster, ok := e.authorities[kube.ClusterIssuer]
	if !ok {
		return
	}
	certificates, err := pki.ParseCertificates(data)
	switch {
	case err != nil:
		e.find(Wrong, file, anew, "it has no CA data: %v", err)
	case !slices.ContainsFunc(certificates, cluster.Certificate.Equal):
		e.find(Wrong, file, anew, "its CA data is not the cluster's CA in pki/ca.crt")
	}
}
