package component

import (
	"crypto/x509"
	"regexp"
	"testing"

	"ca-exchange/internal/kube"
	"ca-exchange/internal/pki"
)

// TestExternalEtcd: an etcd that is not the cluster's own has a CA of its own, and the API server's client certificate
// is held against it.
func TestExternalEtcd(t *testing.T) {
	const ask = "\n  fix: ask the admin of the etcd cluster for its CA certificate and for a client certificate"
	for _, c := range []struct {
		name  string
		spoil func(h *testHost)
		want  string
	}{
		{"good", func(*testHost) {}, ""},
		{"no CA", func(h *testHost) { h.remove("etcd/ca.pem") }, "Wrong DIR/etcd/ca.pem: the file is missing" + ask},
		{"another CA", func(h *testHost) {
			h.write("etcd/ca.pem", pki.EncodeCertificates(newIssuer(h.t, "etcd").certificate), 0o644)
		}, `Wrong DIR/etcd/client.pem: the CA of etcd would not accept "CN=api" as a client` + ask},
		{"another key", func(h *testHost) { h.write("etcd/client-key.pem", encodeKey(h.t, newKey(h.t)), 0o600) },
			"Wrong DIR/etcd/client.pem: the certificate is for another key: key X, expected X" + ask},
		{"no client", func(h *testHost) { h.etcdClient(func(c *x509.Certificate) { c.ExtKeyUsage = serverOnly }) },
			`Wrong DIR/etcd/client.pem: the CA of etcd would not accept "CN=api" as a client` + ask},
		{"ends soon", func(h *testHost) { h.etcdClient(expiring) },
			"Expiring DIR/etcd/client.pem: it expires at 2026-06-30T12:00:00Z" + ask},
		{"key readable by others",
			func(h *testHost) { h.write("etcd/client-key.pem", h.read("etcd/client-key.pem"), 0o644) },
			"Wrong DIR/etcd/client-key.pem: others may read the private key in it: mode 0644" +
				"\n  fix: chmod 600 DIR/etcd/client-key.pem"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := hostOf(t, clusterFile+`etcd: {external: {endpoints: ["https://192.0.2.41:2379"],
  caFile: /etc/kubernetes/etcd/ca.pem, certFile: /etc/kubernetes/etcd/client.pem,
  keyFile: /etc/kubernetes/etcd/client-key.pem}}
`)
			h.t = t
			h.setUp()
			h.write("etcd/ca.pem", pki.EncodeCertificates(h.issuers[kube.EtcdIssuer].certificate), 0o644)
			h.etcdClient(noChange)
			c.spoil(h)
			got := keys.ReplaceAllString(ofGo.ReplaceAllString(h.examine(), ""), "X")
			if got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}

var serverOnly = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}

// etcdClient signs the client certificate that another CA's admin would have brought.
func (h *testHost) etcdClient(change func(*x509.Certificate)) {
	h.t.Helper()
	p, _ := kube.Find(h.Config.Release, "apiserver-etcd-client")
	key := newKey(h.t)
	leaf := h.leaf(kube.Ask{Profile: p, CommonName: "api"}, key.Public(), change)
	h.write("etcd/client.pem", pki.EncodeCertificates(leaf), 0o644)
	h.write("etcd/client-key.pem", encodeKey(h.t, key), 0o600)
}

// keys are fingerprints, another one in each run.
var keys = regexp.MustCompile(`[0-9a-f]{64}`)
