package component

import (
	"os"
	"path/filepath"
	"strings"
	"time"

	"ca-exchange/internal/kube"
	"ca-exchange/internal/pki"
)

// How grave a finding is.
const (
	Wrong    = "Wrong"    // kubeadm or a component would refuse it, or somebody else could use it
	Expiring = "Expiring" // within expiringSoon
	Advice   = "Advice"   // it works, and should be known
)

const expiringSoon = 30 * 24 * time.Hour

// Finding is one thing about a host, and the command that mends it or, where only people can, what they do.
type Finding struct {
	Severity string `json:"severity"`
	File     string `json:"file"`
	Problem  string `json:"problem"`
	Fix      string `json:"fix"`
}

// Host is what a host is meant to be. Names and servers are compared only where the configuration is the host's own
// (Known): kubeadm's defaults would be a guess.
type Host struct {
	Path      string     // the component directory, absolute
	Layout    Layout     // Kubelet is absolute
	Component *Component // nil where the directory is not set up, or not readable for this user
	Config    kube.Config
	Known     bool
	Node      string   // "" where nobody said: then kubelet.conf does
	Program   []string // how commands that mend begin: component-admin --dir DIR
	Flags     []string // what a request is told besides: --config FILE
	Renewal   []string // what a request of an installed certificate's successor is told: --kubernetes RELEASE
	Now       time.Time
}

// Report is what was found.
type Report struct {
	Node     string
	Worker   bool // the host runs no control plane
	Runs     bool // kubeadm or the kubelet have run here
	Findings []Finding
}

// runs reports whether kubeadm or a kubelet has worked on this host: both leave files that nobody else writes.
func (h Host) runs() bool {
	return exists(filepath.Join(h.Path, "manifests/kube-apiserver.yaml")) ||
		exists(filepath.Join(h.Layout.Kubelet, "config.yaml")) ||
		exists(filepath.Join(h.Layout.Kubelet, "kubeadm-flags.env"))
}

// nodeOfKubelet is the node whose kubelet this host's kubelet.conf speaks for.
func (h Host) nodeOfKubelet() string {
	k := h.kubeconfigInPlace("kubelet.conf")
	node, found := strings.CutPrefix(k.User, "system:node:")
	if !found || kube.CheckNode(node) != nil {
		return ""
	}
	return node
}

// nodeOfEtcd is the node that an etcd member's certificate is for: its common name.
func (h Host) nodeOfEtcd() string {
	text, err := readHostFile(h.at("pki/etcd/server.crt"))
	if err != nil {
		return ""
	}
	certificates, err := pki.ParseCertificates(text)
	if err != nil || kube.CheckNode(certificates[0].Subject.CommonName) != nil {
		return ""
	}
	return certificates[0].Subject.CommonName
}

// nodeAsked is the node that requests name, "" where none does.
func nodeAsked(requests []State) string {
	for _, s := range requests {
		if s.Status != StatusSuperseded && s.Node != "" {
			return s.Node
		}
	}
	return ""
}

// kubeconfigInPlace reads one of the host's kubeconfigs; it is empty where there is none.
func (h Host) kubeconfigInPlace(file string) kube.Kubeconfig {
	text, err := readHostFile(h.at(file))
	if err != nil {
		return kube.Kubeconfig{}
	}
	k, err := kube.ParseKubeconfig(text)
	if err != nil {
		return kube.Kubeconfig{}
	}
	return k
}

// at is the absolute path of a file that package kube puts into a component directory.
func (h Host) at(file string) string { return h.Layout.Path(h.Path, file) }

// below is the absolute path of a file below a root: "" is the component directory.
func (h Host) below(root, file string) string {
	file = joined(root, file)
	if filepath.IsAbs(file) {
		return file
	}
	return filepath.Join(h.Path, file)
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}
