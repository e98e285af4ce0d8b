package component

import (
	"errors"
	"strings"
	"testing"

	"ca-exchange/internal/kube"
	"ca-exchange/internal/pki"
	"ca-exchange/internal/request"
)

// named are the profiles of what was found, or the error.
func named(found []Found, err error) string {
	if err != nil {
		return err.Error()
	}
	var names []string
	for _, f := range found {
		names = append(names, f.Profile.Name)
	}
	return strings.Join(names, " ")
}

func profile(name string) []kube.Profile {
	p, _ := kube.Find(kube.Latest(), name)
	return []kube.Profile{p}
}

// TestFromPKI: every key that is there is found with its certificate; what is damaged stops only who asks for it.
func TestFromPKI(t *testing.T) {
	h := hostOf(t, clusterFile)
	h.setUp()
	c, all := h.Component, kube.Profiles(kube.Latest())
	found, err := c.FromPKI(h.Layout, all)
	if got, want := named(found, err),
		"kube-apiserver apiserver-kubelet-client apiserver-etcd-client front-proxy-client "+
			"etcd-server etcd-peer etcd-healthcheck-client admin super-admin kube-controller-manager kube-scheduler "+
			"kubelet "+
			"kubelet-serving"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	for _, f := range found {
		if f.Certificate == nil || f.Profile.Kubeconfig != "" && f.Files.Server == "" {
			t.Errorf("%s was found without its certificate or server: %+v", f.Profile.Name, f.Files)
		}
		if wants := map[bool]string{true: "cp1"}[strings.Contains(f.Profile.CommonName, "{node}")]; f.Node() != wants {
			t.Errorf("%s names node %q, want %q", f.Profile.Name, f.Node(), wants)
		}
	}
	h.write("scheduler.conf", []byte("kind: Config\n"), 0o600)
	h.remove("pki/front-proxy-client.key")
	for name, want := range map[string]string{
		"kube-scheduler":     `"scheduler.conf": reading kubeconfig: it has no context ""`,
		"front-proxy-client": ErrNothingFound.Error(),
		"kube-apiserver":     "kube-apiserver",
		"server":             ErrNothingFound.Error(),
	} {
		if got := named(c.FromPKI(h.Layout, profile(name))); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
	if got := c.NodeInPlace(h.Layout, all); got != "cp1" {
		t.Errorf("the node is %q although only other files are damaged", got)
	}
	for _, file := range []string{"pki/etcd/server.key", "pki/etcd/peer.key", "kubelet.conf",
		"kubelet/pki/kubelet.key"} {
		h.remove(file)
	}
	if got := c.NodeInPlace(h.Layout, all); got != "" {
		t.Errorf("the node is %q although no file names one", got)
	}
}

// TestFromKubeadm: a request of kubeadm's is taken with the key beside it, or not at all.
func TestFromKubeadm(t *testing.T) {
	h := hostOf(t, clusterFile)
	h.setUp()
	key := newKey(t)
	csr := func(commonName string, names pki.Names) []byte {
		der, err := request.Create(key, commonName, nil, names)
		must(t, err)
		return request.Encode(nil, der)
	}
	find := func() ([]Found, error) { return h.Component.FromKubeadm(h.Layout, kube.Profiles(kube.Latest())) }
	if got := named(find()); got != ErrNothingFound.Error() {
		t.Errorf("without requests: %s", got)
	}
	h.write("pki/etcd/peer.csr", csr("cp1", pki.Names{DNS: []string{"cp1"}}), 0o600)
	if _, err := find(); !errors.Is(err, ErrOtherKey) {
		t.Errorf("a request of another key: %v", err)
	}
	h.write("pki/etcd/peer.key", encodeKey(t, key), 0o600)
	found, err := find()
	if got := named(found, err); got != "etcd-peer" || found[0].Node() != "cp1" || found[0].CSR == nil {
		t.Errorf("got %s, %+v", got, found)
	}
	h.write("pki/etcd/peer.csr", []byte("-----BEGIN CERTIFICATE REQUEST-----\n-----END CERTIFICATE REQUEST-----\n"),
		0o600)
	if _, err := find(); !errors.Is(err, ErrRefused) {
		t.Errorf("an unreadable request: %v", err)
	}
}
