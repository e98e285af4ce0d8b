package component

import (
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"ca-exchange/internal/kube"
	"ca-exchange/internal/pki"
	"ca-exchange/internal/refusal"
)

// How grave a finding is.
const (
	Wrong    = "Wrong"    // kubeadm or a component would refuse it, or somebody else could use it
	Expiring = "Expiring" // within expiringSoon
	Advice   = "Advice"   // it works, and should be known
)

const expiringSoon = 30 * 24 * time.Hour

// Finding is one thing about a host, and what mends it.
type Finding struct {
	Severity string `json:"severity"`
	File     string `json:"file"`
	Problem  string `json:"problem"`
	Fix      string `json:"fix"`
}

// Host is what a host is meant to be. Names and servers are compared only where the configuration is the host's own
// (Known): kubeadm's defaults would be a guess.
type Host struct {
	Path, KubeletDir string
	Config           kube.Config
	Known            bool
	Node             string // "" where nobody said: then kubelet.conf does
	Program          string // how fixes begin: component-admin --dir DIR
	Flags            string // and what their requests end with: --config FILE
	Now              time.Time
}

// Report is what was found.
type Report struct {
	Node     string
	Worker   bool
	Findings []Finding
}

// Examine looks at every file that kubeadm and the components will read, offline and without changing any. Its error
// says what the configuration lacks to know what the host should be.
func (h Host) Examine() (Report, error) {
	if h.Node == "" {
		h.Node = h.nodeOfKubelet()
	}
	e := &examination{Host: h, worker: h.isWorker(), authorities: map[string]pki.Authority{}, anchors: map[string]string{}}
	asks, err := e.asks()
	if err != nil {
		return Report{}, err
	}
	e.issuers()
	for _, ask := range asks {
		e.certificate(ask)
	}
	if !e.worker {
		e.serviceAccount()
	}
	return Report{e.Node, e.worker, e.findings}, nil
}

// isWorker goes by the configuration; without one, a host that has nothing of a control plane is a worker.
func (h Host) isWorker() bool {
	if h.Known {
		return h.Config.HasJoin && !h.Config.JoinsControlPlane
	}
	return !slices.ContainsFunc([]string{"pki/apiserver.crt", "pki/apiserver.key", "admin.conf", "controller-manager.conf", "scheduler.conf", kube.ServiceAccountKey}, func(file string) bool {
		return exists(filepath.Join(h.Path, file))
	})
}

// nodeOfKubelet is the node whose kubelet this host's kubelet.conf speaks for.
func (h Host) nodeOfKubelet() string {
	text, err := os.ReadFile(filepath.Join(h.Path, "kubelet.conf"))
	if err != nil {
		return ""
	}
	k, err := kube.ParseKubeconfig(text)
	node, found := strings.CutPrefix(k.User, "system:node:")
	if err != nil || !found || kube.CheckNode(node) != nil {
		return ""
	}
	return node
}

// examination is one run of Examine.
type examination struct {
	Host
	worker      bool
	authorities map[string]pki.Authority
	anchors     map[string]string // certificates that stand beside an issuer's in its file, and that file
	findings    []Finding
}

func (e *examination) find(severity, file, fix, problem string, args ...any) {
	e.findings = append(e.findings, Finding{severity, file, fmt.Sprintf(problem, args...), fix})
}

// request is the command that brings a certificate anew.
func (e *examination) request(profile kube.Profile) string {
	command := e.Program + " request " + profile.Name
	if profile.HasNode() && e.Node != "" {
		command += " --node " + e.Node
	}
	if !e.Known && profile.Kubeconfig != "" {
		command += " --server https://HOST:6443"
	}
	return command + e.Flags
}

// read reads a file that should be there. The kubelet's current certificate is a link on real hosts, so links are
// followed: this is the host's own directory, not the exchange.
func (e *examination) read(file string, private bool, severity, fix string) []byte {
	text, err := os.ReadFile(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if severity != "" {
			e.find(severity, file, fix, "it is not there")
		}
		return nil
	case err != nil:
		e.find(Wrong, file, "run the doctor as the owner of the file, mostly root", "it cannot be read: %v", err)
		return nil
	}
	if s, err := os.Stat(file); err == nil {
		mode := s.Mode().Perm()
		switch {
		case private && mode&0o077 != 0:
			e.find(Wrong, file, "chmod 600 "+file, "others may read a private key: mode %#o", mode)
		case mode&0o022 != 0:
			e.find(Wrong, file, "chmod 644 "+file, "others may write it: mode %#o", mode)
		}
	}
	return text
}

// issuers reads the CA certificates, which everything else is held against.
func (e *examination) issuers() {
	for _, i := range kube.Issuers() {
		if i.Name != kube.ClusterIssuer && e.worker || i.Name == kube.EtcdIssuer && e.Config.ExternalEtcd {
			continue
		}
		e.issuer(i, filepath.Join(e.Path, "pki", i.Certificate))
	}
	cluster, there := e.authorities[kube.ClusterIssuer]
	for _, name := range []string{kube.EtcdIssuer, kube.FrontProxyIssuer} {
		if other, ok := e.authorities[name]; ok && there && other.Certificate.Equal(cluster.Certificate) {
			e.find(Advice, filepath.Join(e.Path, "pki"), "give the cluster three issuers: ca-admin init without --issuer ca",
				"%s is the cluster's own CA: any client certificate of the cluster is one of %[1]s's, too", name)
		}
	}
}

func (e *examination) issuer(i kube.Issuer, file string) {
	fix := "compare the trust fingerprint with the CA admin, then take " + i.Name + ".crt from the outbox"
	pinned, isPinned := e.pinned().Authority(i.Name)
	if isPinned {
		e.authorities[i.Name] = pinned
	}
	text := e.read(file, false, Wrong, fix)
	if text == nil {
		return
	}
	certificates, err := pki.ParseCertificates(text)
	if err != nil {
		e.find(Wrong, file, fix, "it holds no CA certificate: %v", err)
		return
	}
	ca := certificates[0]
	if !ca.IsCA {
		e.find(Wrong, file, fix, "its first certificate is no CA's: %s", refusal.Quote(ca.Subject.String()))
		return
	}
	if isPinned && !pinned.Certificate.Equal(ca) {
		e.find(Wrong, file, fix, "it is not the pinned CA, but %s", refusal.Quote(ca.Subject.String()))
		return
	}
	e.authorities[i.Name] = pki.Authority{Name: i.Name, Certificate: ca, Chain: certificates[1:]}
	e.beside(file, certificates[1:])
	e.validity(file, ca.NotBefore, ca.NotAfter, "the CA admin makes a new CA; plan it with them")
	if key := filepath.Join(e.Path, "pki", i.Key); exists(key) {
		e.find(Advice, key, "move it to the CA admin's host: ca-admin init --import-pki DIR", "the CA's private key lies on a cluster host, so kubeadm signs here itself and is not in external CA mode")
	}
}

// beside examines what stands beside an issuer in its file: components trust all below it, too. A root that two issuers
// have in common makes them one: etcd would serve whoever has a certificate of the cluster, each kubelet.
func (e *examination) beside(file string, certificates []*x509.Certificate) {
	fix := "openssl x509 -in " + file + " -out " + file
	for _, c := range certificates {
		severity, problem := Advice, "whoever has a certificate below "+refusal.Quote(c.Subject.String())+" is trusted, too: it stands beside the issuer"
		if other, seen := e.anchors[string(c.Raw)]; seen && other != file {
			severity, problem = Wrong, problem+", and in "+other
		}
		e.anchors[string(c.Raw)] = file
		e.find(severity, file, fix, "%s", problem)
	}
}

// pinned is the trust that component-admin has pinned on this host, empty where it never did.
func (e *examination) pinned() pki.Trust {
	text, err := os.ReadFile(filepath.Join(e.Path, privateDir, trustFile))
	if err != nil {
		return pki.Trust{}
	}
	trust, err := pki.ParseTrust(text)
	if err != nil {
		return pki.Trust{}
	}
	return trust
}

func (e *examination) validity(file string, from, until time.Time, fix string) {
	switch {
	case e.Now.Before(from):
		e.find(Wrong, file, "set the clock, or "+fix, "it is valid only from %s", from.UTC().Format(time.RFC3339))
	case e.Now.After(until):
		e.find(Wrong, file, fix, "it ended at %s", until.UTC().Format(time.RFC3339))
	case until.Sub(e.Now) < expiringSoon:
		e.find(Expiring, file, fix, "it ends at %s", until.UTC().Format(time.RFC3339))
	}
}

// asks are what the host should have asked for.
func (e *examination) asks() (asks []kube.Ask, err error) {
	switch {
	case e.Known && e.worker:
		return kube.Worker(e.Config, e.Node, pki.Names{})
	case e.Known:
		return kube.ControlPlane(e.Config, e.Node, pki.Names{})
	}
	profiles := e.Config.ControlPlaneProfiles()
	if e.worker {
		profiles = kube.WorkerProfiles()
	}
	for _, p := range profiles {
		ask := e.Config.Ask(p, e.Node, pki.Names{})
		ask.Server, ask.Names = "", pki.Names{}
		if e.Node != "" && p.Names != pki.NoNames { // what a guess is worth: the node's own name
			ask.Names.DNS = []string{e.Node}
		}
		asks = append(asks, ask)
	}
	return asks, nil
}

// serviceAccount holds sa.pub against sa.key: tokens are signed with one and checked with the other.
func (e *examination) serviceAccount() {
	fix := "copy sa.key and sa.pub from the cluster's first control plane, or on the first: " + e.Program + " request control-plane" + e.Flags
	private, public := filepath.Join(e.Path, kube.ServiceAccountKey), filepath.Join(e.Path, kube.ServiceAccountPublic)
	key, have := e.read(private, true, Wrong, fix), e.read(public, false, Wrong, fix)
	if key == nil || have == nil {
		return
	}
	signer := e.key(private, key, fix)
	if signer == nil {
		return
	}
	if want, err := pki.EncodePublicKey(signer.Public()); err != nil || !samePEM(want, have) {
		e.find(Wrong, public, "openssl pkey -in "+private+" -pubout -out "+public, "it is not the public half of sa.key: no token would be believed")
	}
}
