package e2e_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// honest are requests as real tools and guides write them: what openssl is given, and how a person approves each.
var honest = []struct {
	name, subject string
	openssl       []string // beyond -new, the key and the subject
	approve       []string
	want          string // the subject of the certificate, as openssl prints it with RFC 2253's order
	lost          string // a group of the request that is not in the certificate: a person confirms that
}{
	{"api server by hand", "/C=AU/ST=Some-State/O=Internet Widgits Pty Ltd/CN=kube-apiserver", nil,
		[]string{"--profile", "kube-apiserver", "--node", "cp1", "--ip", "192.0.2.10"}, "CN=kube-apiserver",
		"Internet Widgits Pty Ltd"},
	{"api server without anything", "/CN=kube-apiserver", nil,
		[]string{"--profile", "kube-apiserver", "--node", "cp1", "--ip", "192.0.2.10"}, "CN=kube-apiserver", ""},
	{"scheduler of a guide", "/C=US/L=Portland/O=system:kube-scheduler/OU=Kubernetes/CN=system:kube-scheduler", nil,
		[]string{"--profile", "kube-scheduler"}, "CN=system:kube-scheduler", "system:kube-scheduler"},
	{"controller manager of a guide", "/O=system:kube-controller-manager/CN=system:kube-controller-manager", nil,
		[]string{"--profile", "kube-controller-manager"}, "CN=system:kube-controller-manager",
		"system:kube-controller-manager"},
	{"kubelet client of an old kubeadm", "/O=system:masters/CN=kube-apiserver-kubelet-client", nil,
		[]string{"--profile", "apiserver-kubelet-client"}, "CN=kube-apiserver-kubelet-client", "system:masters"},
	{"front proxy with a needless name", "/CN=front-proxy-client",
		[]string{"-addext", "subjectAltName=DNS:front-proxy"},
		[]string{"--profile", "front-proxy-client"}, "CN=front-proxy-client", ""},
	{"node by hand", "/CN=system:node:w1", nil,
		[]string{"--profile", "kubelet", "--node", "w1"}, "O=system:nodes,CN=system:node:w1", ""},
	{"address as a DNS name", "/CN=a", []string{"-addext", "subjectAltName=DNS:10.0.0.1"},
		[]string{"--profile", "server", "--ip", "192.0.2.1"}, "", ""},
	{"upper case", "/CN=WWW.Example", []string{"-addext", "subjectAltName=DNS:WWW.Example"},
		[]string{"--profile", "server", "--dns", "www.example"}, "CN=www.example", ""},
	{"trailing dot", "/CN=a", []string{"-addext", "subjectAltName=DNS:www.example."},
		[]string{"--profile", "server", "--dns", "www.example"}, "CN=www.example", ""},
	{"a name and much else", "/C=DE/ST=x/L=y/O=AT&T/emailAddress=root@a.example/CN=a.example",
		[]string{"-addext", "subjectAltName=DNS:a.example"}, []string{"--profile", "server"}, "CN=a.example", "AT&T"},
	{"RSASSA-PSS", "/CN=a.example", []string{"-addext", "subjectAltName=DNS:a.example", "-sigopt",
		"rsa_padding_mode:pss"},
		[]string{"--profile", "server"}, "CN=a.example", ""},
	{"DER", "/CN=b.example", []string{"-addext", "subjectAltName=DNS:b.example", "-outform", "DER"},
		[]string{"--profile", "server"}, "CN=b.example", ""},
}

// TestHonestRequests: what a tool or a tired hand writes is held, never denied, and a person's one command makes the
// certificate that the profile has.
func TestHonestRequests(t *testing.T) {
	t.Parallel()
	long(t)
	needs(t, "openssl")
	x := newCluster(t, build(t))
	x.run(0, "openssl", "genrsa", "-out", "k.key", "2048")
	for i, h := range honest {
		name := "h" + string(rune('a'+i))
		args := append([]string{"req", "-new", "-key", "k.key", "-subj", h.subject, "-out", name + ".csr"},
			h.openssl...)
		x.run(0, "openssl", args...)
		text, err := os.ReadFile(filepath.Join(x.dir, name+".csr"))
		must(t, err)
		x.drop(name+".csr", text)
	}
	x.ca(0, "sync", "-q")
	for i, h := range honest {
		name := "h" + string(rune('a'+i))
		if got := x.answered(name); got != "held" {
			t.Errorf("%s: answered by %q", h.name, got)
			continue
		}
		approve := append([]string{"approve", x.id(name), "--yes"}, h.approve...)
		if h.lost != "" {
			approve = append(approve, "--without-group", h.lost)
		}
		out, err := x.command("ca-admin", approve...).CombinedOutput()
		if err != nil || x.answered(name) != "crt" {
			t.Errorf("%s: %q: %v\n%s", h.name, approve, err, out)
			continue
		}
		have := x.run(0, "openssl", "x509", "-in", x.path("outbox", name+".crt"), "-noout", "-subject", "-nameopt",
			"RFC2253,-dn_rev")
		if subject := strings.TrimSpace(strings.TrimPrefix(have, "subject=")); h.want != "" && subject != h.want {
			t.Errorf("%s: got %q, not %q", h.name, subject, h.want)
		}
	}
}
