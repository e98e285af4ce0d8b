package e2e_test

import (
	"crypto/x509/pkix"
	"os"
	"os/exec"
	"strings"
	"testing"

	"ca-exchange/internal/request"
)

func ofNode(name string) func(*request.Cover) { return func(c *request.Cover) { c.Node = name } }

func greedyServer(name string) *wish { w := wishFor("server", "greedy", name, name); return &w }

// greedy are scopes, and what is asked for beyond each.
var greedy = map[string]struct {
	scope   []string
	wishes  []wish
	control *wish // what the scope does grant
}{
	"a user of Kubernetes by profile client": {
		[]string{"--profile", "client", "--dns", "greedy.example"},
		[]wish{wishFor("client", "greedy", "root-admin"), wishFor("client", "greedy", "oidc:boss@corp.example"),
			wishFor("client", "greedy", "kube-admin"), wishFor("client", "greedy", "cluster-admin"),
			wishFor("client", "greedy", "admin")},
		nil,
	},
	"a wildcard by a pattern": {
		[]string{"--profile", "server", "--dns", "*.internal.example"},
		[]wish{wishFor("server", "greedy", "w.internal.example", "*.internal.example")},
		greedyServer("a.internal.example"),
	},
	"a wildcard by a pattern of many labels": {
		[]string{"--profile", "server", "--dns", "**.internal.example"},
		[]wish{wishFor("server", "greedy", "w.internal.example", "*.internal.example"),
			wishFor("server", "greedy", "w.internal.example", "*.a.internal.example")},
		greedyServer("a.b.internal.example"),
	},
	"a node that is a wildcard": {
		[]string{"--profile", "etcd-server,kubelet,kubelet-serving", "--node", "*.prod.example"},
		[]wish{
			{profile: "etcd-server", requester: "greedy", subject: pkix.Name{CommonName: "*.prod.example"},
				dns: []string{"*.prod.example"}, cover: ofNode("*.prod.example")},
			{profile: "kubelet-serving", requester: "greedy", subject: nodeSubject("*.prod.example"),
				dns: []string{"*.prod.example"}, cover: ofNode("*.prod.example")},
			{profile: "kubelet", requester: "greedy", subject: nodeSubject("*.prod.example"),
				cover: ofNode("*.prod.example")},
		},
		&wish{profile: "kubelet", requester: "greedy", subject: nodeSubject("w1.prod.example")},
	},
	"the API server's name by a pattern": {
		[]string{"--profile", "server", "--dns", "*.default.svc,*"},
		[]wish{wishFor("server", "greedy", "kubernetes.default.svc", "kubernetes.default.svc"),
			wishFor("server", "greedy", "kubernetes", "kubernetes")},
		greedyServer("mine.default.svc"),
	},
	"the service address by a network": {
		[]string{"--profile", "server", "--ip", "10.0.0.0/8"},
		[]wish{{profile: "server", requester: "greedy", subject: pkix.Name{}, ips: []string{"10.96.0.1"}}},
		&wish{profile: "server", requester: "greedy", ips: []string{"10.1.2.3"}},
	},
	"a node called as the API server": {
		[]string{"--profile", "kubelet,kubelet-serving", "--node", "*"},
		[]wish{{profile: "kubelet-serving", requester: "greedy", subject: nodeSubject("kubernetes"),
			dns:   []string{"kubernetes"},
			cover: ofNode("kubernetes")}, {profile: "kubelet-serving", requester: "greedy", subject: nodeSubject("w1"),
			dns: []string{"kubernetes"}, cover: ofNode("w1")}},
		&wish{profile: "kubelet-serving", requester: "greedy", subject: nodeSubject("w1"), dns: []string{"w1"}},
	},
}

// TestScopesGrantNoMore: what a requester is enrolled for grants him nothing that merely fits a pattern of it. None of
// these ends in a certificate without a person.
func TestScopesGrantNoMore(t *testing.T) {
	t.Parallel()
	for name, c := range greedy {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := newExchange(t, build(t))
			signer := x.requester("greedy", c.scope...)
			for i, w := range c.wishes {
				x.drop("w"+string(rune('0'+i))+".csr", w.signed(x, signer))
			}
			x.ca(0, "sync", "-q")
			x.noneIssued(strings.Join(c.scope, " "))
			if c.control != nil {
				x.drop("control.csr", c.control.signed(x, signer))
				x.ca(0, "sync", "-q")
				x.wantIssued("control", strings.Join(c.scope, " "))
			}
		})
	}
}

// TestCommonNameIsOneOfTheNames: who may have addresses only does not get a common name of his choice, which clients
// take for the host where there is no DNS name.
func TestCommonNameIsOneOfTheNames(t *testing.T) {
	t.Parallel()
	needs(t, "openssl")
	x := newExchange(t, build(t))
	signer := x.requester("greedy", "--profile", "server", "--ip", "192.0.2.0/24")
	w := wish{profile: "server", requester: "greedy", subject: pkix.Name{CommonName: "bank.example"},
		ips: []string{"192.0.2.9"}}
	x.drop("x.csr", w.signed(x, signer))
	x.ca(0, "sync", "-q")
	for _, name := range x.issued() {
		out, err := exec.Command("openssl", "verify", "-CAfile", x.path("outbox", "ca.crt"), "-verify_hostname",
			"bank.example",
			x.path("outbox", name+".crt")).CombinedOutput()
		if err == nil {
			t.Errorf("for 192.0.2.0/24 enrolled, and openssl takes it for bank.example: %s", out)
		}
		c := firstCertificate(t, x.path("outbox", name+".crt"))
		if cn := c.Subject.CommonName; cn != "" && cn != "192.0.2.9" {
			t.Errorf("the common name is %q, which is none of the names", cn)
		}
	}
}

// TestTrustedInboxIsWatched: --trust-inbox issues nothing from a directory that everybody may write, neither from a
// sub-directory nor from the inbox itself once its mode was changed under a running watch.
func TestTrustedInboxIsWatched(t *testing.T) {
	t.Parallel()
	x := newExchange(t, build(t), "--trust-inbox")
	manager := wish{subject: pkix.Name{CommonName: "system:kube-controller-manager"}}.plain(t)
	must(t, os.Mkdir(x.path("inbox", "team"), 0o755))
	must(t, os.Chmod(x.path("inbox", "team"), 0o1777))
	x.drop("team/manager.csr", manager)
	x.anyStatus("sync", "-q")
	if _, err := os.Stat(x.path("outbox", "team", "manager.crt")); err == nil {
		t.Error("issued from a sub-directory that everybody may write")
	}

	w := x.watch(nil, "--poll", "100ms")
	w.serves()
	must(t, os.Chmod(x.path("inbox"), 0o1777))
	x.drop("manager.csr", wish{subject: pkix.Name{CommonName: "system:kube-scheduler"}}.plain(t))
	w.eventually("an answer or a warning", func() bool { return x.answered("manager") != "" || w.count("warning") > 0 })
	if x.answered("manager") == "crt" {
		t.Error("issued from an inbox that was opened to everybody under a running watch")
	}
}
