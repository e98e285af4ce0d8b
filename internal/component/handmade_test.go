package component

import (
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ca-exchange/internal/kube"
	"ca-exchange/internal/pki"
)

// byHand is a host whose files are called as by hand: NAME.pem and NAME-key.pem beside ca.pem.
func byHand(t *testing.T) *testHost {
	t.Helper()
	h := hostOf(t, joinFile)
	must(t, os.RemoveAll(filepath.Join(h.Path, "pki")))
	must(t, os.RemoveAll(h.Layout.Kubelet))
	h.remove("kubelet.conf")
	h.Known, h.Node, h.Flags, h.Layout = false, "", nil, Layout{PEM: true, Certificates: "."}
	h.write("ca.pem", pki.EncodeCertificates(h.issuers[kube.ClusterIssuer].certificate), 0o644)
	h.byHand("admin", "admin/system:masters", h.kubeconfig)
	h.byHand("kubernetes", "kubernetes/k8s", nil, "kubernetes", "192.0.2.10")
	h.byHand("kube-proxy", "system:kube-proxy/system:node-proxier", nil)
	h.byHand("w1", "system:node:w1/system:nodes", h.kubeconfig, "w1")
	h.byHand("service-account", "service-accounts/k8s", nil)
	return h
}

// byHand makes a pair as cfssl does, for both usages, and then what embeds it.
func (h *testHost) byHand(
	name, subject string, embed func(name string, leaf *x509.Certificate, key []byte), names ...string,
) {
	h.t.Helper()
	parts := strings.Split(subject, "/")
	ask := kube.Ask{CommonName: parts[0], Organizations: parts[1:]}
	ask.Profile.Issuer = kube.ClusterIssuer
	ask.Profile.Usages = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	key := newKey(h.t)
	leaf := h.leaf(ask, key.Public(), func(c *x509.Certificate) {
		c.Subject = pkix.Name{Country: []string{"DE"}, CommonName: parts[0], Organization: parts[1:]}
		for _, n := range names {
			if ip := net.ParseIP(n); ip != nil {
				c.IPAddresses = append(c.IPAddresses, ip)
			} else {
				c.DNSNames = append(c.DNSNames, n)
			}
		}
	})
	h.write(name+".pem", pki.EncodeCertificates(leaf), 0o644)
	h.write(name+"-key.pem", encodeKey(h.t, key), 0o600)
	if embed != nil {
		embed(name, leaf, encodeKey(h.t, key))
	}
}

// kubeconfig embeds a pair.
func (h *testHost) kubeconfig(name string, leaf *x509.Certificate, key []byte) {
	k := kube.Kubeconfig{
		Cluster: "by-hand", Server: "https://192.0.2.10:6443", User: leaf.Subject.CommonName, Key: key,
		Certificate: pki.EncodeCertificates(leaf),
		CA:          pki.EncodeCertificates(h.issuers[kube.ClusterIssuer].certificate),
	}
	h.write(name+".kubeconfig", k.Encode(), 0o600)
}

// found is what can be asked for, a line for each: profile, subject, files.
func (h *testHost) found(profiles ...string) (asked, kept string) {
	h.t.Helper()
	all := kube.Profiles(kube.Latest())
	if len(profiles) > 0 {
		all = profile(profiles[0])
	}
	found, left, err := h.Component.FromHandMade(h.Layout, kube.Latest(), all)
	if err != nil {
		asked = err.Error() + "\n"
	}
	for _, f := range found {
		commonName := f.Profile.CommonName
		if f.Ask != nil {
			commonName = f.Ask.CommonName
		}
		asked += fmt.Sprintln(f.Profile.Name, commonName, f.Files.paths())
	}
	for _, k := range left {
		kept += fmt.Sprintf("%s: %s\n  %s\n", strings.TrimPrefix(k.File, h.Path+"/"), k.Why, k.Fix)
	}
	return asked, kept
}

const stays = "service-account.pem: it stays as it is: Kubernetes reads its public key and no date\n  \n"

// TestFromHandMade: each certificate is asked for once, together with the kubeconfig that embeds it; a node's two
// certificates have the two files that it is in.
func TestFromHandMade(t *testing.T) {
	h := byHand(t)
	h.setUp()
	want := `super-admin kubernetes-super-admin [admin.pem admin-key.pem admin.kubeconfig]
kube-proxy system:kube-proxy [kube-proxy.pem kube-proxy-key.pem]
peer kubernetes [kubernetes.pem kubernetes-key.pem]
kubelet system:node:w1 [w1.kubeconfig]
kubelet-serving system:node:w1 [w1.pem w1-key.pem]
`
	asked, kept := h.found()
	if asked != want || kept != stays {
		t.Errorf("got\n%s%s\nwant\n%s%s", asked, kept, want, stays)
	}
	if asked, _ = h.found("peer"); asked != "peer kubernetes [kubernetes.pem kubernetes-key.pem]\n" {
		t.Errorf("one profile: %s", asked)
	}
	if asked, _ = h.found("etcd-peer"); asked != ErrNothingFound.Error()+"\n" {
		t.Errorf("a profile that the host has nothing of: %s", asked)
	}
}

// handMades are directories in which something is unlike the guides, and what becomes of it.
var handMades = []struct {
	name        string
	change      func(h *testHost)
	asked, kept string // the lines that are other than without the change
}{
	{"no kubeconfig of the node", func(h *testHost) { h.remove("w1.kubeconfig") }, "",
		"w1.pem: as the kubelet's server it is no client any more: its client needs a kubeconfig of its own\n" +
			"  component-admin request kubelet --node w1 --server https://HOST:6443 --kubeconfig-out w1.kubeconfig\n"},
	{"a kubeconfig alone", func(h *testHost) { h.remove("admin.pem") },
		"super-admin kubernetes-super-admin [admin.kubeconfig]\n", ""},
	{"a kubeconfig of another pair", func(h *testHost) {
		h.byHand("admin", "admin/system:masters", nil)
	}, "super-admin kubernetes-super-admin [admin.kubeconfig]\n" +
		"super-admin kubernetes-super-admin [admin.pem admin-key.pem]\n", ""},
	{"a user's kubeconfig", func(h *testHost) { h.byHand("jane", "jane/dev-team", h.kubeconfig) },
		"user jane [jane.pem jane-key.pem jane.kubeconfig]\n", ""},
	{"a client's pair", func(h *testHost) { h.byHand("jane", "jane/dev-team", nil) },
		"client jane [jane.pem jane-key.pem]\n", ""},
	{"a kubeconfig of two users", func(h *testHost) {
		h.write("admin.kubeconfig", []byte(strings.Replace(string(h.read("admin.kubeconfig")), "users:\n",
			"users:\n- name: other\n  user: {}\n", 1)), 0o600)
	}, "super-admin kubernetes-super-admin [admin.pem admin-key.pem]\n",
		"admin.kubeconfig: it has more than one cluster, user or context, and would lose them\n" +
			"  component-admin request PROFILE --kubeconfig-out admin.kubeconfig\n"},
	{"a kubeconfig that is none", func(h *testHost) { h.write("x.kubeconfig", []byte("x: 1\n"), 0o600) }, "",
		`x.kubeconfig: reading kubeconfig: kind is "", expected "Config"` +
			"\n  component-admin request PROFILE --kubeconfig-out x.kubeconfig\n"},
	{"a kubeconfig that names files", func(h *testHost) {
		h.write("x.kubeconfig", kube.Kubeconfig{Cluster: "c", Server: "https://x", User: "u"}.Encode(), 0o600)
	}, "", ""},
	{"a CA's pair", func(h *testHost) { h.write("ca-key.pem", encodeKey(h.t, newKey(h.t)), 0o600) }, "", ""},
	{"a pair that does not fit", func(h *testHost) { h.write("w1-key.pem", encodeKey(h.t, newKey(h.t)), 0o600) },
		"kubelet system:node:w1 [w1.kubeconfig]\n",
		"w1.pem: the certificate is for another key than the one beside it\n" +
			"  component-admin request PROFILE --out w1.pem\n"},
	{"no certificate in it", func(h *testHost) { h.write("kube-proxy.pem", nil, 0o644) }, "",
		"kube-proxy.pem: cannot read its certificate: no certificate in PEM form\n" +
			"  component-admin request PROFILE --out kube-proxy.pem\n"},
	{"no key in it", func(h *testHost) { h.write("kube-proxy-key.pem", nil, 0o600) }, "",
		"kube-proxy.pem: cannot read its private key: no private key in PEM form\n" +
			"  component-admin request PROFILE --out kube-proxy.pem\n"},
	{"a link", func(h *testHost) {
		must(h.t, os.Rename(filepath.Join(h.Path, "kube-proxy.pem"), filepath.Join(h.Path, "elsewhere")))
		must(h.t, os.Symlink("elsewhere", filepath.Join(h.Path, "kube-proxy.pem")))
	}, "", "kube-proxy.pem: it is a link: name the file itself under paths: in config.yaml\n" +
		"  component-admin request PROFILE --out kube-proxy.pem\n"},
	{"a user that is reserved", func(h *testHost) { h.byHand("metrics", "system:metrics-server", nil) }, "",
		`metrics.pem: "system:metrics-server" is reserved for Kubernetes: only its own profile carries it` +
			"\n  component-admin request PROFILE --out metrics.pem\n"},
	{"names of openssl's guides", func(h *testHost) {
		for _, name := range []string{"kube-proxy", "service-account"} {
			must(h.t, os.Rename(filepath.Join(h.Path, name+".pem"), filepath.Join(h.Path, name+"s.crt")))
			must(h.t, os.Rename(filepath.Join(h.Path, name+"-key.pem"), filepath.Join(h.Path, name+"s.key")))
		}
	}, "kube-proxy system:kube-proxy [kube-proxys.crt kube-proxys.key]\n",
		strings.Replace(stays, "service-account.pem", "service-accounts.crt", 1)},
	{"paths of one's own", func(h *testHost) {
		h.Layout.Paths = PathMap{"kube-proxy": {Certificate: "kube-proxy.pem", Key: "kube-proxy-key.pem"}}
	}, "kube-proxy system:kube-proxy [kube-proxy.pem kube-proxy-key.pem]\n", ""},
}

func TestFromHandMadeChanged(t *testing.T) {
	for _, c := range handMades {
		h := byHand(t)
		h.setUp()
		c.change(h)
		asked, kept := h.found()
		for line := range strings.Lines(c.asked) {
			if strings.Count(asked, line) != 1 {
				t.Errorf("%s: it asks\n%s, and not %s", c.name, asked, line)
			}
		}
		place := strings.TrimSuffix(strings.SplitN(c.kept, ":", 2)[0], ".pem")
		if c.asked == "" && place != "w1" && strings.Contains(asked, " ["+place+".") && place != "" {
			t.Errorf("%s: it asks for %s:\n%s", c.name, place, asked)
		}
		if got := strings.Replace(kept, stays, "", 1); got != c.kept {
			t.Errorf("%s: kept\n%swant\n%s", c.name, got, c.kept)
		}
	}
}

// TestDoctorByHand: before it is taken over, such a host is examined for what keeps it from working.
func TestDoctorByHand(t *testing.T) {
	const takeOver = "Advice DIR: certificates in it that others made, which nothing renews: 5" +
		"\n  fix: component-admin --dir DIR request --from-pki"
	for _, c := range []struct {
		name   string
		change func(h *testHost)
		want   string
	}{
		{"as made", func(*testHost) {}, takeOver},
		{"a key that others may read", func(h *testHost) {
			h.write("kubernetes-key.pem", h.read("kubernetes-key.pem"), 0o644)
		}, "Wrong DIR/kubernetes-key.pem: others may read the private key in it: mode 0644" +
			"\n  fix: chmod 600 DIR/kubernetes-key.pem\n" + takeOver},
		{"the CA's key", func(h *testHost) { h.write("ca-key.pem", encodeKey(h.t, newKey(h.t)), 0o600) },
			"Advice DIR/ca-key.pem: the CA's private key is on a cluster host: whoever reads it signs for everybody\n" +
				"  fix: move it to the CA admin's host, where `ca-admin init --issuer ca --import-cert ca.pem " +
				"--import-key ca-key.pem` takes it over\n" + takeOver},
		{"another CA's", func(h *testHost) {
			own := h.issuers[kube.ClusterIssuer]
			h.issuers[kube.ClusterIssuer] = newIssuer(h.t, "other")
			h.byHand("kube-proxy", "system:kube-proxy", nil)
			h.issuers[kube.ClusterIssuer] = own
		}, `Wrong DIR/kube-proxy.pem: it was not signed by "CN=kubernetes"` +
			"\n  fix: component-admin --dir DIR request --from-pki\n" + takeOver},
		{"service accounts of another key", func(h *testHost) {
			h.write("service-account-key.pem", encodeKey(h.t, newKey(h.t)), 0o600)
		}, takeOver + "\nWrong DIR/service-account.pem: it is not the public half of service-account-key.pem: no " +
			"token would be believed\n  fix: openssl pkey -in DIR/service-account-key.pem -pubout -out " +
			"DIR/service-account.pem"},
		{"a pair that does not fit", func(h *testHost) {
			h.write("kube-proxy-key.pem", encodeKey(h.t, newKey(h.t)), 0o600)
		}, "Wrong DIR/kube-proxy.pem: the certificate is for another key than the one beside it\n" +
			"  fix: component-admin --dir DIR request PROFILE --out kube-proxy.pem\n" +
			strings.Replace(takeOver, "5", "4", 1)},
	} {
		h := byHand(t)
		h.setUp()
		c.change(h)
		if got := h.examine(); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, got, c.want)
		}
	}
}

// TestDoctorAfterAdoption: what was asked for is held against its profile, and mended by name.
func TestDoctorAfterAdoption(t *testing.T) {
	h := byHand(t)
	h.setUp()
	for _, file := range []string{"admin", "kubernetes", "w1"} {
		h.remove(file + ".pem")
	}
	h.remove("admin.kubeconfig")
	h.remove("w1.kubeconfig")
	p, _ := kube.Find(kube.Latest(), "kube-proxy")
	key := newKey(t)
	renewed := func(change func(*x509.Certificate), key crypto.Signer) {
		ask := kube.Ask{Profile: p, CommonName: p.CommonName}
		h.write("kube-proxy.pem", pki.EncodeCertificates(h.leaf(ask, key.Public(), change)), 0o644)
		h.write("kube-proxy-key.pem", encodeKey(t, key), 0o600)
	}
	h.remember(State{
		ID: id("1"), Status: StatusInstalled, Profile: "kube-proxy", Release: "1.37",
		Files: Files{Certificate: "kube-proxy.pem", Key: "kube-proxy-key.pem", PEM: true, Issuers: "."},
	})
	for _, c := range []struct {
		name   string
		change func()
		want   string
	}{
		{"good", func() { renewed(noChange, key) }, ""},
		{"expiring", func() { renewed(expiring, key) }, "Expiring DIR/kube-proxy.pem: it expires at " +
			"2026-06-30T12:00:00Z\n  fix: component-admin --dir DIR renew --now kube-proxy"},
		{"gone", func() { h.remove("kube-proxy.pem") }, "Wrong DIR/kube-proxy.pem: the file is missing\n" +
			"  fix: component-admin --dir DIR request kube-proxy --out kube-proxy.pem --key-out kube-proxy-key.pem"},
	} {
		c.change()
		if got := h.examine(); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, got, c.want)
		}
	}
}
