package kube

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"net"
	"strings"
	"testing"
)

// made is a certificate as people make them: its subject as "CN/O/O", its usages, its names.
func made(subject string, usages []x509.ExtKeyUsage, names ...string) *x509.Certificate {
	parts := strings.Split(subject, "/")
	c := &x509.Certificate{ExtKeyUsage: usages, Subject: pkix.Name{CommonName: parts[0], Organization: parts[1:]}}
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			c.IPAddresses = append(c.IPAddresses, ip)
		} else {
			c.DNSNames = append(c.DNSNames, name)
		}
	}
	return c
}

// What Kubernetes' own names of an API server are, and cfssl's usages.
var (
	both    = serverAndClient
	neither = []x509.ExtKeyUsage(nil)
	api     = []string{"kubernetes", "kubernetes.default.svc", "10.254.0.1"}
)

// successors are the certificates of guides for clusters by hand, other honest ones, and what takes their place: a line
// for each request, or the error.
var successors = []struct {
	name, issuer, file string
	made               *x509.Certificate
	want               string
}{
	{"administrator", "", "", made("admin/system:masters", both),
		"super-admin CN=kubernetes-super-admin O=system:masters"},
	{"an administrator by kubeadm, then", "", "", made("kubernetes-admin/system:masters", clientOnly),
		"super-admin CN=kubernetes-super-admin O=system:masters"},
	{"an administrator by kubeadm, now", "", "", made("kubernetes-admin/kubeadm:cluster-admins", clientOnly),
		"admin CN=kubernetes-admin O=kubeadm:cluster-admins"},
	{"an administrator by another name", "", "", made("root/kubeadm:cluster-admins", clientOnly),
		"admin CN=kubernetes-admin O=kubeadm:cluster-admins"},
	{"component client of an old release", "", "", made("kube-apiserver-kubelet-client/system:masters", clientOnly),
		"apiserver-kubelet-client CN=kube-apiserver-kubelet-client"},
	{"API server that is a client, too", "", "", made("kubernetes/k8s", both, api...),
		"peer CN=kubernetes DNS:kubernetes DNS:kubernetes.default.svc IP:10.254.0.1"},
	{"API server under its own name", "", "", made("kube-apiserver", both, api...),
		"peer CN=kubernetes DNS:kubernetes DNS:kubernetes.default.svc IP:10.254.0.1"},
	{"API server alone", "", "", made("kube-apiserver", serverOnly, append(api, "cp1")...),
		"kube-apiserver@cp1 CN=kube-apiserver DNS:kubernetes DNS:kubernetes.default.svc DNS:cp1 IP:10.254.0.1"},
	{"API server of no known host", "", "", made("kube-apiserver", serverOnly, api...),
		"server CN=kubernetes DNS:kubernetes DNS:kubernetes.default.svc IP:10.254.0.1"},
	{"controller manager", "", "",
		made("system:kube-controller-manager/system:kube-controller-manager", both, "192.0.2.10"),
		"kube-controller-manager CN=system:kube-controller-manager"},
	{"kube-proxy", "", "", made("system:kube-proxy/system:node-proxier", both),
		"kube-proxy CN=system:kube-proxy"},
	{"scheduler without usages", "", "", made("system:kube-scheduler", neither),
		"kube-scheduler CN=system:kube-scheduler"},
	{"scheduler as a server", "", "", made("system:kube-scheduler", serverOnly, "192.0.2.10"),
		"server CN=192.0.2.10 IP:192.0.2.10"},
	{"a node's both", "", "", made("system:node:w1/system:nodes", both, "w1", "192.0.2.21"),
		"kubelet-serving@w1 CN=system:node:w1 O=system:nodes DNS:w1 IP:192.0.2.21\n" +
			"kubelet@w1 CN=system:node:w1 O=system:nodes"},
	{"a node's without names", "", "", made("system:node:w1/system:nodes", both),
		"kubelet@w1 CN=system:node:w1 O=system:nodes"},
	{"a node's without the prefix", "", "", made("w1/system:nodes", clientOnly),
		"kubelet@w1 CN=system:node:w1 O=system:nodes"},
	{"a node's without the group", "", "", made("system:node:w1", serverOnly, "192.0.2.21"),
		"kubelet-serving@w1 CN=system:node:w1 O=system:nodes DNS:w1 IP:192.0.2.21"},
	{"a node in upper case", "", "", made("system:node:W1/system:nodes", both),
		`"W1" is not a node name: use lower-case letters, digits, '-' and '.'`},
	{"a node's server without names", "", "", made("system:node:w1", serverOnly),
		"a kubelet's server certificate needs a name, and this one has none"},
	{"etcd below the cluster's CA", "", "", made("etcd/k8s", both, "192.0.2.10"),
		"peer CN=192.0.2.10 IP:192.0.2.10"},
	{"etcd's server", EtcdIssuer, "server.pem", made("etcd1", both, "192.0.2.41"),
		"etcd-server@etcd1 CN=etcd1 DNS:etcd1 IP:192.0.2.41"},
	{"etcd's peer", EtcdIssuer, "member-peer.pem", made("etcd1", both, "192.0.2.41"),
		"etcd-peer@etcd1 CN=etcd1 DNS:etcd1 IP:192.0.2.41"},
	{"etcd's probe", EtcdIssuer, "health.pem", made("etcd-probe", clientOnly),
		"etcd-healthcheck-client CN=kube-etcd-healthcheck-client"},
	{"etcd's client", EtcdIssuer, "client.pem", made("root", clientOnly),
		"apiserver-etcd-client CN=kube-apiserver-etcd-client"},
	{"an etcd server of no node", EtcdIssuer, "server.pem", made("My etcd", both, "192.0.2.41"),
		`cannot determine its node: "My etcd" is not a node name: use lower-case letters, digits, '-' and '.'`},
	{"aggregator", "", "", made("aggregator/k8s", both), "client CN=aggregator O=k8s"},
	{"aggregator of its own CA", FrontProxyIssuer, "", made("aggregator", both),
		"front-proxy-client CN=front-proxy-client"},
	{"a web server", "", "", made("web", serverOnly, "web.example"), "server CN=web.example DNS:web.example"},
	{"a web server without names", "", "", made("web.example", serverOnly),
		"a server's certificate needs a name, and this one has none"},
	{"nobody", "", "", made("", clientOnly), "a client's certificate needs a common name, and this one has none"},
	{"a reserved user", "", "", made("system:metrics-server", clientOnly),
		`"system:metrics-server" is reserved for Kubernetes: only its own profile carries it`},
	{"a reserved group", "", "", made("jane/system:monitoring", clientOnly),
		`"system:monitoring" is reserved for Kubernetes: only its own profile carries it`},
}

// TestSuccessorsOf: where cfssl gives all certificates both usages, the subject says what each is for.
func TestSuccessorsOf(t *testing.T) {
	for _, c := range successors {
		asks, err := SuccessorsOf(Latest(), c.made, c.issuer, c.file)
		lines := []string{said(err)}
		if err == nil {
			lines = nil
		}
		for _, ask := range asks {
			lines = append(lines, asked(ask))
		}
		if got := strings.Join(lines, "\n"); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, got, c.want)
		}
	}
	asks, err := SuccessorsOf(Release{28, Newest}, made("admin/system:masters", both), "", "")
	if err != nil || asked(asks[0]) != "admin CN=kubernetes-admin O=system:masters" {
		t.Errorf("before 1.29: %v %v", asks, err)
	}
}

// asked is a request as "PROFILE@NODE CN=… O=… NAME…".
func asked(a Ask) string {
	line := a.Profile.Name
	if a.Node != "" {
		line += "@" + a.Node
	}
	line += " CN=" + a.CommonName
	for _, o := range a.Organizations {
		line += " O=" + o
	}
	return strings.Join(append([]string{line}, a.Names.Strings()...), " ")
}

func TestPEMPlace(t *testing.T) {
	for file, want := range map[string]string{
		"pki/ca.crt": "pki/ca.pem", "pki/ca.key": "pki/ca-key.pem", "pki/etcd/ca.crt": "pki/etcd-ca.pem",
		"pki/front-proxy-ca.crt": "pki/front-proxy-ca.pem",
		"pki/ca.crl":             "pki/ca.crl", "pki/etcd/ca.crl": "pki/etcd-ca.crl",
		ServiceAccountKey:    "pki/service-account-key.pem",
		ServiceAccountPublic: "pki/service-account.pem", "pki/apiserver.crt": "pki/kube-apiserver.pem",
		"pki/etcd/peer.key": "pki/etcd-peer-key.pem", "pki/kubelet.crt": "pki/kubelet-serving.pem",
		"admin.conf": "admin.kubeconfig", "controller-manager.conf": "kube-controller-manager.kubeconfig",
		"pki/web.example.crt": "pki/web.example.pem", "pki/web.example.key": "pki/web.example-key.pem",
		"jane.conf": "jane.kubeconfig",
	} {
		if got := PEMPlace(file); got != want {
			t.Errorf("%s: got %s, want %s", file, got, want)
		}
	}
}

func TestHasOthers(t *testing.T) {
	one := Kubeconfig{Cluster: "c", Server: "https://192.0.2.1:6443", User: "u"}.Encode()
	two := strings.Replace(string(one), "users:\n", "users:\n- name: other\n  user: {}\n", 1)
	if HasOthers(one) || !HasOthers([]byte(two)) || HasOthers([]byte("no")) {
		t.Error("a kubeconfig of one, of two, of none")
	}
}
