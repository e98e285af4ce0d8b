package component

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ca-exchange/internal/kube"
)

// move puts an installed certificate's files elsewhere, as --out, --key-out and --kubeconfig-out do.
func (h *testHost) move(number, profile string, files Files) {
	h.t.Helper()
	p, _ := kube.Find(h.Config.Release, profile)
	usual := h.Layout.Files(p)
	for from, to := range map[string]string{
		usual.Certificate: files.Certificate, usual.Key: files.Key, usual.Kubeconfig: files.Kubeconfig,
	} {
		if from != "" {
			target := filepath.Join(h.Path, to)
			must(h.t, os.MkdirAll(filepath.Dir(target), 0o755))
			must(h.t, os.Rename(filepath.Join(h.Path, from), target))
		}
	}
	s := State{ID: id(number), Status: StatusInstalled, Profile: profile, Release: "1.37", Files: files}
	if p.HasNode() {
		s.Node = h.Node
	}
	s.CommonName, s.Organizations = p.Subject(s.Node)
	h.remember(s)
}

// elsewhere is where an API server's pair was put.
var elsewhere = Files{Certificate: "tls/api.pem", Key: "tls/api-key.pem"}

// moved are hosts of which something was installed elsewhere, and what the doctor finds.
var moved = []struct {
	name, file string
	move       func(h *testHost)
	want       string
}{
	{"good", clusterFile, func(h *testHost) {
		h.move("1", "kube-apiserver", elsewhere)
		h.move("2", "kube-scheduler", Files{Kubeconfig: "conf/scheduler"})
	}, ""},
	{"without a configuration", clusterFile, func(h *testHost) {
		h.move("1", "kube-apiserver", elsewhere)
		h.Known, h.Node = false, ""
	}, ""},
	{"the key gone", clusterFile, func(h *testHost) {
		h.move("1", "kube-apiserver", elsewhere)
		h.remove(elsewhere.Key)
	}, "Wrong DIR/tls/api-key.pem: the file is missing\n  fix: component-admin --dir DIR request kube-apiserver " +
		"--node cp1 --out tls/api.pem --key-out tls/api-key.pem --config F"},
	{"names lacking", clusterFile, func(h *testHost) {
		h.again("kube-apiserver", without("cp1"))
		h.move("1", "kube-apiserver", elsewhere)
	}, `Wrong DIR/tls/api.pem: the certificate lacks names that were asked for: "DNS:cp1"` +
		"\n  fix: component-admin --dir DIR request --from-pki kube-apiserver --node cp1 --dns cp1"},
	{"expiring", clusterFile, func(h *testHost) {
		h.again("kube-apiserver", expiring)
		h.move("1", "kube-apiserver", elsewhere)
	}, "Expiring DIR/tls/api.pem: it expires at 2026-06-30T12:00:00Z\n" +
		"  fix: component-admin --dir DIR renew --now kube-apiserver"},
	{"a kubeconfig gone", clusterFile, func(h *testHost) {
		h.move("1", "kube-scheduler", Files{Kubeconfig: "conf/scheduler"})
		h.remove("conf/scheduler")
	}, "Wrong DIR/conf/scheduler: the file is missing\n  fix: component-admin --dir DIR request kube-scheduler " +
		"--kubeconfig-out conf/scheduler --config F"},
	{"a second one in the usual place", clusterFile, func(h *testHost) {
		h.again("kube-apiserver", expiring)
		h.remember(State{ID: id("1"), Status: StatusInstalled, Profile: "kube-apiserver", Node: "cp1",
			Release: "1.37", Files: elsewhere})
		h.write(elsewhere.Certificate, h.read("pki/apiserver-kubelet-client.crt"), 0o644)
		h.write(elsewhere.Key, h.read("pki/apiserver-kubelet-client.key"), 0o600)
	}, `Wrong DIR/tls/api.pem: the subject is CN="kube-apiserver-kubelet-client", expected CN="kube-apiserver" O=[]` +
		"\n  fix: component-admin --dir DIR request kube-apiserver --node cp1 --out tls/api.pem --key-out " +
		"tls/api-key.pem --config F\n" +
		"Expiring DIR/pki/apiserver.crt: it expires at 2026-06-30T12:00:00Z\n" +
		"  fix: component-admin --dir DIR renew --now kube-apiserver"},
	{"a worker's kubelet", joinFile, func(h *testHost) {
		must(h.t, os.RemoveAll(h.Layout.Kubelet))
		h.move("1", "kubelet", Files{Kubeconfig: "w1.kubeconfig"})
		h.Known, h.Node = false, ""
	}, "Advice DIR/kubelet/pki/kubelet.crt: the file is missing: the kubelet will sign a certificate itself, which " +
		"nobody can verify\n  fix: component-admin --dir DIR request kubelet-serving --node w1 --config F"},
	{"an administrator's alone", clusterFile, func(h *testHost) {
		h.move("1", "admin", Files{Kubeconfig: "conf/admin"})
		h.Known, h.Node = false, ""
		for _, entry := range strings.Fields("controller-manager.conf scheduler.conf super-admin.conf kubelet.conf") {
			h.remove(entry)
		}
		ca := h.read("pki/ca.crt")
		must(h.t, os.RemoveAll(filepath.Join(h.Path, "pki")))
		h.write("pki/ca.crt", ca, 0o644)
		h.write("conf/admin", []byte(strings.Replace(string(h.read("conf/admin")), "https:", "http:", 1)), 0o600)
	}, `Wrong DIR/conf/admin: its server is not an https URL: "http://api.example:6443"` +
		"\n  fix: component-admin --dir DIR kubeconfig admin --server https://HOST:6443"},
}

// TestDoctorMoved: what was installed elsewhere is examined there, and asked for there again.
func TestDoctorMoved(t *testing.T) {
	for _, c := range moved {
		h := hostOf(t, c.file)
		h.setUp()
		c.move(h)
		if got := h.examine(); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, got, c.want)
		}
	}
}
