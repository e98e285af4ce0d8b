package e2e_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// honestFiles are the files of real tools and guides in internal/request/testdata, in an inbox that issues what anybody
// drops: what each needs to become a certificate, and its subject. Issued at once: "". Else the flags of the command
// that show prints; a word in capitals is the person's.
var honestFiles = map[string]struct{ flags, subject string }{
	"plain":                      {"", "CN=w.example.org"},
	"openssl-pss":                {"", "CN=w.example.org"},
	"byte-order-mark":            {"", "CN=w.example.org"},
	"der":                        {"", "CN=w.example.org"},
	"no-break-space":             {"", "CN=w.example.org"},
	"ampersand":                  {"", "CN=w.example.org"},
	"server-and-client":          {"", "CN=w.example.org"},
	"keytool-empty-unit":         {"as it is", "CN=w.example.org"},
	"keytool-unknown":            {"as it is", "CN=w.example.org"},
	"puppet":                     {"as it is", "CN=w.example.org"},
	"forge-wildcard":             {"as it is", "CN=*.example.org"},
	"address-as-name":            {"--ip 10.0.0.7", "CN=www.example.org"},
	"unicode-name":               {"--dns xn--drener-3ya.example", "CN=xn--drener-3ya.example"},
	"article-apiserver":          {"--profile kube-apiserver --node NODE --ip ADDRESS", "CN=kube-apiserver"},
	"article-scheduler":          {"--profile kube-scheduler", "CN=system:kube-scheduler"},
	"article-admin":              {"--profile admin", "CN=kubernetes-admin,O=kubeadm:cluster-admins"},
	"hardway-controller-manager": {"--profile kube-controller-manager", "CN=system:kube-controller-manager"},
	"hardway-scheduler":          {"--profile kube-scheduler", "CN=system:kube-scheduler"},
	"hardway-node":               {"--profile kubelet", "CN=system:node:work-7,O=system:nodes"},
	"old-healthcheck-client":     {"--profile etcd-healthcheck-client", "CN=kube-etcd-healthcheck-client"},
	"old-kubelet-client":         {"--profile apiserver-kubelet-client", "CN=kube-apiserver-kubelet-client"},
	"old-kube-etcd":              {"--profile etcd-server --node db7", "CN=db7"},
	"front-proxy-with-name":      {"--profile front-proxy-client", "CN=front-proxy-client"},
	"person-with-group":          {"--profile user", "CN=lena,O=operations"},
	"person-with-mail":           {"--without-usage emailProtection", "CN=lena"},
}

// TestHonestFiles: each file is issued, or held and approved by the one command that show prints for it.
func TestHonestFiles(t *testing.T) {
	t.Parallel()
	long(t)
	x := newCluster(t, build(t), "--trust-inbox")
	files, err := filepath.Glob("../internal/request/testdata/*.csr")
	must(t, err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		must(t, err)
		x.drop(filepath.Base(file), text)
	}
	x.ca(0, "sync", "-q")
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".csr")
		want, known := honestFiles[name]
		if !known {
			t.Errorf("%s: nothing says what becomes of it", name)
			continue
		}
		if want.flags != "" {
			x.expect(name, "held", "")
			x.approveAsShown(name, strings.TrimSuffix(want.flags, "as it is"))
		}
		if x.answered(name) != "crt" {
			t.Errorf("%s: answered by %q", name, x.answered(name))
			continue
		}
		if got := firstCertificate(t, x.path("outbox", name+".crt")).Subject.String(); got != want.subject {
			t.Errorf("%s: %s, want %s", name, got, want.subject)
		}
	}
}

// approveAsShown runs the first command that show prints for a held request, and holds its flags against the ones
// that are wanted.
func (x *exchange) approveAsShown(name, flags string) {
	x.Helper()
	hint := approveHint.FindStringSubmatch(x.ca(0, "show", name))
	if hint == nil {
		x.Errorf("%s: show prints no command that approves it", name)
		return
	}
	words := strings.Fields(hint[1])
	if got := strings.Join(words[2:], " "); got != flags {
		x.Errorf("%s: show prints %q, want %q", name, got, flags)
	}
	for i, word := range words {
		if filled, ok := map[string]string{"NODE": "cp1", "ADDRESS": "192.0.2.10"}[word]; ok {
			words[i] = filled
		}
	}
	x.ca(0, append(words, "--yes")...)
}

// TestLossesAreNoticed: what a held request would lose is in its notice, in the log and in show.
func TestLossesAreNoticed(t *testing.T) {
	t.Parallel()
	needs(t, "openssl")
	x := newExchange(t, build(t))
	x.run(0, "openssl", "req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", "k.key",
		"-out", x.path("inbox", "a.csr"), "-subj", "/C=DE/OU=Operations/CN=kube-scheduler/O=system:kube-scheduler")
	log := x.ca(0, "sync")
	notice := x.notice("a", "held")
	if notice == nil {
		t.Fatal("it is not held")
	}
	for _, lost := range []string{`attribute C="DE"`, `attribute OU="Operations"`, `group "system:kube-scheduler"`} {
		for what, text := range map[string]string{"log": log, "notice": notice.Message, "show": x.ca(0, "show", "a")} {
			if !strings.Contains(text, lost) {
				t.Errorf("the %s does not have %s:\n%s", what, lost, text)
			}
		}
	}
}

// TestNoCommandWhereNoneHelps: show prints no command that approves what no person can approve.
func TestNoCommandWhereNoneHelps(t *testing.T) {
	t.Parallel()
	long(t)
	needs(t, "openssl")
	x := newExchange(t, build(t))
	for name, args := range map[string][]string{
		"authority": {"/CN=Sub CA", "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=keyCertSign"},
		"masters":   {"/CN=jane/O=system:masters"},
	} {
		x.run(0, "openssl", append([]string{"req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", "k.key",
			"-out", x.path("inbox", name+".csr"), "-subj"}, args...)...)
	}
	x.ca(0, "sync", "-q")
	x.expect("authority", "held", "authority")
	x.expect("masters", "denied", "subject-reserved")
	for name, hint := range map[string]string{
		"authority": "ca-admin sign sub.csr --authority", "masters": "these bytes stay denied",
	} {
		if out := x.ca(0, "show", name); strings.Contains(out, "ca-admin approve") || !strings.Contains(out, hint) {
			t.Errorf("show %s says\n%s", name, out)
		}
	}
}
