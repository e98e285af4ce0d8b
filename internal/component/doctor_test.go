package component

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"ca-exchange/internal/pki"
)

func TestGoodHosts(t *testing.T) {
	for name, file := range map[string]string{"control plane": clusterFile, "worker": joinFile} {
		for _, known := range []bool{true, false} {
			h := hostOf(t, file)
			h.setUp()
			h.Known = known
			if got := h.examine(); got != "" {
				t.Errorf("%s (configuration known: %t):\n%s", name, known, got)
			}
		}
	}
}

// noChange signs a good certificate.
func noChange(*x509.Certificate) {}

// expiring ends in 29 days, after a year.
func expiring(c *x509.Certificate) {
	c.NotBefore, c.NotAfter = clock.AddDate(-1, 0, 0), clock.AddDate(0, 0, 29)
}

func expired(c *x509.Certificate) { c.NotAfter = clock.Add(-time.Second) }

func without(name string) func(*x509.Certificate) {
	return func(c *x509.Certificate) {
		for i, have := range c.DNSNames {
			if have == name {
				c.DNSNames = append(c.DNSNames[:i:i], c.DNSNames[i+1:]...)
				return
			}
		}
		for i, have := range c.IPAddresses {
			if have.String() == name {
				c.IPAddresses = append(c.IPAddresses[:i:i], c.IPAddresses[i+1:]...)
				return
			}
		}
	}
}

const toAsk = "\n  fix: component-admin --dir DIR request "

// findings are hosts with one thing wrong, and what the doctor finds there.
var findings = []struct {
	name  string
	spoil func(h *testHost)
	want  string
}{
	{"certificate absent", func(h *testHost) { h.remove("pki/apiserver.crt") },
		"Wrong DIR/pki/apiserver.crt: the file is missing" + toAsk + "kube-apiserver --node cp1 --config F"},
	{"key absent", func(h *testHost) { h.remove("pki/etcd/peer.key") },
		"Wrong DIR/pki/etcd/peer.key: the file is missing" + toAsk + "etcd-peer --node cp1 --config F"},
	{"kubeconfig absent", func(h *testHost) { h.remove("scheduler.conf") },
		"Wrong DIR/scheduler.conf: the file is missing" + toAsk + "kube-scheduler --config F"},
	{"key readable by others",
		func(h *testHost) { h.write("pki/apiserver.key", h.read("pki/apiserver.key"), 0o640) },
		"Wrong DIR/pki/apiserver.key: others may read the private key in it: mode 0640" +
			"\n  fix: chmod 600 DIR/pki/apiserver.key"},
	{"kubeconfig readable by others", func(h *testHost) { h.write("admin.conf", h.read("admin.conf"), 0o604) },
		"Wrong DIR/admin.conf: others may read the private key in it: mode 0604\n  fix: chmod 600 DIR/admin.conf"},
	{"CA writable by others", func(h *testHost) { h.write("pki/ca.crt", h.read("pki/ca.crt"), 0o664) },
		"Wrong DIR/pki/ca.crt: others may write to it: mode 0664\n  fix: chmod 644 DIR/pki/ca.crt"},
	{"no certificate in it", func(h *testHost) { h.write("pki/apiserver.crt", nil, 0o644) },
		"Wrong DIR/pki/apiserver.crt: cannot read its certificate: no certificate in PEM form" +
			toAsk + "kube-apiserver --node cp1 --config F"},
	{"no key in it", func(h *testHost) { h.write("pki/apiserver.key", nil, 0o600) },
		"Wrong DIR/pki/apiserver.key: cannot read its private key: no private key in PEM form" +
			toAsk + "kube-apiserver --node cp1 --config F"},
	{"not valid yet", func(h *testHost) {
		h.again("front-proxy-client", func(c *x509.Certificate) { c.NotBefore = clock.Add(time.Hour) })
	}, "Wrong DIR/pki/front-proxy-client.crt: it is not valid before 2026-06-01T13:00:00Z, and the clock says " +
		"2026-06-01T12:00:00Z" + toAsk + "--from-pki front-proxy-client --node cp1"},
	{"encrypted key", func(h *testHost) {
		block := &pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: []byte("x")}
		h.write("pki/apiserver.key", pem.EncodeToMemory(block), 0o600)
	}, "Wrong DIR/pki/apiserver.key: the key is encrypted, and components cannot ask for a passphrase" +
		toAsk + "kube-apiserver --node cp1 --config F"},
	{"a leaf as CA",
		func(h *testHost) { h.write("pki/front-proxy-ca.crt", h.read("pki/front-proxy-client.crt"), 0o644) },
		`Wrong DIR/pki/front-proxy-ca.crt: its first certificate is not a CA's: "CN=front-proxy-client"` +
			"\n  fix: mv DIR/pki/front-proxy-ca.crt DIR/pki/front-proxy-ca.crt.other && component-admin --dir " +
			"DIR sync"},
	{"a server without TLS", func(h *testHost) {
		h.Known = false
		h.write("admin.conf", []byte(strings.Replace(string(h.read("admin.conf")), "https://", "http://", 1)),
			0o600)
	}, `Wrong DIR/admin.conf: its server is not an https URL: "http://api.example:6443"` +
		"\n  fix: component-admin --dir DIR kubeconfig admin --server https://HOST:6443"},
	{"names lacking", func(h *testHost) {
		h.again("kube-apiserver", func(c *x509.Certificate) { without("cp1")(c); without("10.96.0.1")(c) })
	}, `Wrong DIR/pki/apiserver.crt: the certificate lacks names that were asked for: "DNS:cp1", "IP:10.96.0.1"` +
		toAsk + "--from-pki kube-apiserver --node cp1 --dns cp1 --ip 10.96.0.1"},
	{"second family lacking", func(h *testHost) { h.again("kube-apiserver", without("fd00::1")) },
		"Advice DIR/pki/apiserver.crt: it lacks the service address of the second family: IP:fd00::1" +
			toAsk + "--from-pki kube-apiserver --node cp1 --ip fd00::1"},
	{"no usage", func(h *testHost) { h.again("kube-apiserver", func(c *x509.Certificate) { c.ExtKeyUsage = nil }) },
		"Wrong DIR/pki/apiserver.crt: the certificate is for none, not for serverAuth: without usages any " +
			"certificate of " +
			"the cluster's CA is a client identity, too" + toAsk + "kube-apiserver --node cp1 --config F"},
	{"another subject", func(h *testHost) {
		h.again("front-proxy-client", func(c *x509.Certificate) { c.Subject.CommonName = "kubernetes" })
	}, `Wrong DIR/pki/front-proxy-client.crt: the subject is CN="kubernetes", expected ` +
		`CN="front-proxy-client" O=[]` +
		toAsk + "front-proxy-client --config F"},
	{"another CA", func(h *testHost) {
		pinned := h.issuers["etcd-ca"]
		h.issuers["etcd-ca"] = newIssuer(h.t, "etcd-ca")
		h.again("etcd-server", noChange)
		h.issuers["etcd-ca"] = pinned
	}, `Wrong DIR/pki/etcd/server.crt: the certificate was not signed by the pinned issuer "etcd-ca"` +
		toAsk + "etcd-server --node cp1 --config F"},
	{"another server", func(h *testHost) {
		text := strings.Replace(string(h.read("admin.conf")), "api.example:6443", "192.0.2.99:6443", 1)
		h.write("admin.conf", []byte(text), 0o600)
	}, `Wrong DIR/admin.conf: its server is "https://192.0.2.99:6443", expected https://api.example:6443` +
		"\n  fix: component-admin --dir DIR kubeconfig admin --server https://api.example:6443"},
	{"no client in it", func(h *testHost) {
		h.write("scheduler.conf", dropLines(h.read("scheduler.conf"), "client-cert"), 0o600)
	},
		"Wrong DIR/scheduler.conf: it has no client certificate with its key" + toAsk +
			"kube-scheduler --config F"},
	{"kubeconfig of another CA", func(h *testHost) {
		ours := h.issuers["ca"]
		h.issuers["ca"] = newIssuer(h.t, "kubernetes")
		h.again("admin", noChange)
		h.issuers["ca"] = ours
	}, "Wrong DIR/admin.conf: its CA data is not the cluster's CA in pki/ca.crt" + toAsk + "admin --config F\n" +
		`Wrong DIR/admin.conf: the certificate was not signed by the pinned issuer "ca"` + toAsk +
		"admin --config F"},
	{"kubelet's own file spoiled", func(h *testHost) {
		certificates, _ := splitPEM(h.read("kubelet/pki/kubelet-client-current.pem"))
		h.write("kubelet/pki/kubelet-client-current.pem", certificates, 0o600)
	}, "Wrong DIR/kubelet/pki/kubelet-client-current.pem: cannot read its private key: no private key in PEM form" +
		toAsk + "kubelet --node cp1 --config F"},
	{"no serving certificate", func(h *testHost) {
		h.remove("kubelet/pki/kubelet.crt")
		h.remove("kubelet/pki/kubelet.key")
	},
		"Advice DIR/kubelet/pki/kubelet.crt: the file is missing: the kubelet will sign a certificate itself, " +
			"which nobody can verify" + toAsk + "kubelet-serving --node cp1 --config F"},
	{"a server without address", func(h *testHost) {
		h.Known = false
		h.again("kubelet-serving", func(c *x509.Certificate) { c.IPAddresses = nil })
	}, "Advice DIR/kubelet/pki/kubelet.crt: it names no address: the metrics server and kubectl logs reach a " +
		"kubelet " +
		"by its address" + toAsk + "--from-pki kubelet-serving --node cp1 --ip ADDRESS"},
	{"Ed25519", func(h *testHost) {
		_, key, err := ed25519.GenerateKey(rand.Reader)
		must(h.t, err)
		h.write("pki/apiserver.key", encodeKey(h.t, key), 0o600)
	}, "Wrong DIR/pki/apiserver.key: no component loads a key of type Ed25519: use one of [RSA-2048 RSA-3072 " +
		"RSA-4096 " +
		"ECDSA-P256 ECDSA-P384]" + toAsk + "kube-apiserver --node cp1 --config F"},
	{"sa.pub of another key", func(h *testHost) {
		public, err := pki.EncodePublicKey(newKey(h.t).Public())
		must(h.t, err)
		h.write("pki/sa.pub", public, 0o644)
	}, "Wrong DIR/pki/sa.pub: it is not the public half of sa.key: no token would be believed\n" +
		"  fix: openssl pkey -in DIR/pki/sa.key -pubout -out DIR/pki/sa.pub"},
	{"sa.key absent", func(h *testHost) { h.remove("pki/sa.key") },
		"Wrong DIR/pki/sa.key: the file is missing\n" +
			"  fix: copy sa.key and sa.pub from the cluster's first control plane; " +
			"this host is the first: component-admin --dir DIR request control-plane --config F"},
	{"CA key on the host", func(h *testHost) { h.write("pki/ca.key", nil, 0o600) },
		"Advice DIR/pki/ca.key: the CA's private key is on a cluster host, so kubeadm signs here itself and " +
			"is not in " +
			"external CA mode\n" +
			"  fix: move it to the CA admin's host, where `ca-admin init --import-pki DIR` takes it over"},
}

func TestFindings(t *testing.T) {
	for _, c := range findings {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h := hostOf(t, clusterFile)
			h.t = t
			h.setUp()
			c.spoil(h)
			if got := ofGo.ReplaceAllString(h.examine(), ""); got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}

// ofGo is the part of a message that crypto/x509 words.
var ofGo = regexp.MustCompile(`: x509: [^\n]*`)

func dropLines(text []byte, word string) []byte {
	var kept []string
	for line := range strings.Lines(string(text)) {
		if !strings.Contains(line, word) {
			kept = append(kept, line)
		}
	}
	return []byte(strings.Join(kept, ""))
}

// TestIssuersOfHosts: an issuer's certificate comes from what is pinned, never by hand out of the exchange.
func TestIssuersOfHosts(t *testing.T) {
	h := hostOf(t, clusterFile)
	h.setUp()
	h.remove("pki/front-proxy-ca.crt")
	h.write("pki/ca.crt", pki.EncodeCertificates(newIssuer(t, "kubernetes").certificate), 0o644)
	want := `Wrong DIR/pki/ca.crt: it contains "CN=kubernetes", not the pinned CA
  fix: mv DIR/pki/ca.crt DIR/pki/ca.crt.other && component-admin --dir DIR sync
Wrong DIR/pki/front-proxy-ca.crt: the file is missing
  fix: component-admin --dir DIR request control-plane --config F`
	if got := h.examine(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestNotSetUp: the first command is the one that makes the others possible.
func TestNotSetUp(t *testing.T) {
	h := hostOf(t, joinFile)
	h.remove("kubelet.conf")
	want := `Advice DIR: the component directory is not set up, so no certificate can be requested
  fix: component-admin --dir DIR init --name w1 --trust sha256:FINGERPRINT
Wrong DIR/kubelet.conf: the file is missing
  fix: component-admin --dir DIR request kubelet --node w1 --config F`
	if got := h.examine(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestOneCAForAll(t *testing.T) {
	h := hostOf(t, clusterFile)
	h.write("pki/front-proxy-ca.crt", h.read("pki/ca.crt"), 0o644)
	h.issuers["front-proxy-ca"] = h.issuers["ca"]
	h.again("front-proxy-client", noChange)
	want := "Advice DIR/pki: front-proxy-ca is the cluster's own CA: any client certificate of the cluster is one of " +
		"front-proxy-ca's, too\n  fix: ask the CA admin for three issuers: ca-admin init without --issuer ca"
	if got := h.examine(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestRootBeside: a root that two issuers have in common makes them one.
func TestRootBeside(t *testing.T) {
	h := hostOf(t, clusterFile)
	root := pki.EncodeCertificates(newIssuer(t, "root").certificate)
	h.write("pki/ca.crt", append(h.read("pki/ca.crt"), root...), 0o644)
	h.write("pki/etcd/ca.crt", append(h.read("pki/etcd/ca.crt"), root...), 0o644)
	const trusted = `every certificate below "CN=root" is trusted, too, since it is in this file`
	want := "Advice DIR/pki/ca.crt: " + trusted + `
  fix: openssl x509 -in DIR/pki/ca.crt -out DIR/pki/ca.crt
Wrong DIR/pki/etcd/ca.crt: ` + trusted + ` and in DIR/pki/ca.crt
  fix: openssl x509 -in DIR/pki/etcd/ca.crt -out DIR/pki/etcd/ca.crt`
	if got := h.examine(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestRuns: kubeadm init is not the next step on a host that is part of a cluster.
func TestRuns(t *testing.T) {
	for _, file := range []string{
		"", "manifests/kube-apiserver.yaml", "kubelet/config.yaml", "kubelet/kubeadm-flags.env",
	} {
		h := hostOf(t, clusterFile)
		if file != "" {
			h.write(file, nil, 0o644)
		}
		report, err := h.Examine()
		if err != nil || report.Runs != (file != "") || report.Worker {
			t.Errorf("%q: %+v, %v", file, report, err)
		}
	}
}

// TestPathsAreQuoted: a fix can be pasted whatever the directory is called.
func TestPathsAreQuoted(t *testing.T) {
	h := hostOf(t, clusterFile)
	h.setUp()
	spaced := filepath.Join(t.TempDir(), "host dir")
	must(t, os.Rename(h.Path, spaced))
	h.Path, h.Program[2], h.Layout.Kubelet = spaced, spaced, filepath.Join(spaced, "kubelet")
	h.remove("pki/apiserver.crt")
	h.write("pki/apiserver.key", h.read("pki/apiserver.key"), 0o644)
	got := h.examine()
	for _, want := range []string{
		"fix: component-admin --dir 'DIR' request kube-apiserver --node cp1 --config F",
		"fix: chmod 600 'DIR/pki/apiserver.key'",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("got\n%s\nwant %s", got, want)
		}
	}
}
