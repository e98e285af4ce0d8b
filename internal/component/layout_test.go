package component

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ca-exchange/internal/kube"
)

func TestCertificatesBelow(t *testing.T) {
	for _, c := range []struct{ root, dir, want string }{
		{"/etc/kubernetes", "", ""},
		{"/etc/kubernetes", "/etc/kubernetes/pki", ""},
		{"/etc/kubernetes", "/etc/kubernetes/pki/", ""},
		{"/etc/kubernetes", "/etc/kubernetes/ssl", "ssl"},
		{"/srv/host", "/etc/kubernetes/pki", ""},
		{"/srv/host", "/etc/kubernetes/ssl", "ssl"},
		{"/srv/host", "/srv/host/certs/k8s", "certs/k8s"},
		{"/srv/host", "/srv/host", "."},
		{"/srv/host", "/srv/hostpki", "/srv/hostpki"},
		{"/srv/host", "/etc/kubernetes/../ssl", "/etc/ssl"},
		{"/etc/kubernetes", "/var/lib/pki", "/var/lib/pki"},
	} {
		if got := CertificatesBelow(c.root, c.dir); got != c.want {
			t.Errorf("%s below %s: got %q, want %q", c.dir, c.root, got, c.want)
		}
	}
}

// TestLayoutFiles: where results go, and where the issuers go beside them.
func TestLayoutFiles(t *testing.T) {
	render := func(l Layout, profile string) string {
		p, _ := kube.Find(kube.Latest(), profile)
		f := l.Files(p)
		root, issuer := f.issuer("etcd/ca.crt")
		return fmt.Sprint(f.paths(), " ", filepath.Join(root, issuer))
	}
	for _, c := range []struct {
		layout        Layout
		profile, want string
	}{
		{Layout{}, "etcd-peer", "[pki/etcd/peer.crt pki/etcd/peer.key] pki/etcd/ca.crt"},
		{Layout{Certificates: "ssl"}, "etcd-peer", "[ssl/etcd/peer.crt ssl/etcd/peer.key] ssl/etcd/ca.crt"},
		{Layout{Certificates: "/srv/ssl"}, "etcd-peer",
			"[/srv/ssl/etcd/peer.crt /srv/ssl/etcd/peer.key] /srv/ssl/etcd/ca.crt"},
		{Layout{Certificates: "."}, "etcd-peer", "[etcd/peer.crt etcd/peer.key] etcd/ca.crt"},
		{Layout{Root: "/tmp/made"}, "etcd-peer",
			"[/tmp/made/pki/etcd/peer.crt /tmp/made/pki/etcd/peer.key] /tmp/made/pki/etcd/ca.crt"},
		{Layout{Root: "/tmp/made", Certificates: "ssl"}, "admin", "[/tmp/made/admin.conf] /tmp/made/ssl/etcd/ca.crt"},
		{Layout{Certificates: "/srv/ssl"}, "admin", "[admin.conf] /srv/ssl/etcd/ca.crt"},
		{Layout{Kubelet: "/var/lib/kubelet", Certificates: "ssl"}, "kubelet-serving",
			"[/var/lib/kubelet/pki/kubelet.crt /var/lib/kubelet/pki/kubelet.key] ssl/etcd/ca.crt"},
		{Layout{Kubelet: "/var/lib/kubelet"}, "kubelet",
			"[kubelet.conf /var/lib/kubelet/pki/kubelet-client-current.pem] pki/etcd/ca.crt"},
		{Layout{PEM: true, Certificates: "."}, "etcd-peer", "[etcd-peer.pem etcd-peer-key.pem] etcd-ca.pem"},
		{Layout{PEM: true, Certificates: "/srv/ssl"}, "kube-apiserver",
			"[/srv/ssl/kube-apiserver.pem /srv/ssl/kube-apiserver-key.pem] /srv/ssl/etcd-ca.pem"},
		{Layout{PEM: true, Certificates: ".", Kubelet: "/var/lib/kubelet"}, "kubelet",
			"[kubelet.kubeconfig] etcd-ca.pem"},
		{Layout{PEM: true, Certificates: ".", Kubelet: "/var/lib/kubelet"}, "kubelet-serving",
			"[kubelet-serving.pem kubelet-serving-key.pem] etcd-ca.pem"},
		{Layout{Paths: PathMap{"kubelet": {Kubeconfig: "/etc/k.conf"}}, Kubelet: "/var/lib/kubelet"}, "kubelet",
			"[/etc/k.conf /var/lib/kubelet/pki/kubelet-client-current.pem] pki/etcd/ca.crt"},
		{Layout{Paths: PathMap{"kubelet": {Certificate: "k.pem", Key: "k.key"}}, Kubelet: "/var/lib/kubelet"},
			"kubelet", "[k.pem k.key] pki/etcd/ca.crt"},
	} {
		if got := render(c.layout, c.profile); got != c.want {
			t.Errorf("%+v %s:\n got %s\nwant %s", c.layout, c.profile, got, c.want)
		}
	}
}

// layouts are directories and links, and what each resolves to.
var layouts = []struct {
	name    string
	prepare func(t *testing.T, dir string)
	layout  Layout
	want    string // Certificates, or an error; DIR is the test's directory
}{
	{"nothing yet", func(*testing.T, string) {}, Layout{}, ""},
	{"a directory", mkdir("host/pki"), Layout{}, ""},
	{"a directory that others may write to", func(t *testing.T, dir string) {
		mkdir("host/pki")(t, dir)
		must(t, os.Chmod(filepath.Join(dir, "host/pki"), 0o777))
	}, Layout{}, ""}, // it is nobody's target: the doctor looks at modes
	{"a link", link("../elsewhere", "host/pki"), Layout{}, "DIR/elsewhere"},
	{"a link of another name", link("../elsewhere", "host/ssl"), Layout{Certificates: "ssl"}, "DIR/elsewhere"},
	{"a link that is absolute in a layout", link("elsewhere", "ssl"), Layout{Certificates: "DIR/ssl"},
		"DIR/elsewhere"},
	{"a link to nothing", func(t *testing.T, dir string) {
		must(t, os.Symlink("nowhere", filepath.Join(dir, "host/pki")))
	}, Layout{}, `"DIR/host/pki" is a link to a directory that does not exist`},
	{"a link to a file", func(t *testing.T, dir string) {
		must(t, os.WriteFile(filepath.Join(dir, "file"), nil, 0o600))
		must(t, os.Symlink("../file", filepath.Join(dir, "host/pki")))
	}, Layout{}, `"DIR/host/pki" is a link to "DIR/file": "DIR/file" is not a directory`},
	{"a link to what others may write to", func(t *testing.T, dir string) {
		link("../elsewhere", "host/pki")(t, dir)
		must(t, os.Chmod(filepath.Join(dir, "elsewhere"), 0o775))
	}, Layout{}, `"DIR/host/pki" is a link to "DIR/elsewhere": others may write to "DIR/elsewhere": mode 0775`},
	{"a link to what others may write to, sticky", func(t *testing.T, dir string) {
		link("../elsewhere", "host/pki")(t, dir)
		must(t, os.Chmod(filepath.Join(dir, "elsewhere"), 0o777|os.ModeSticky))
	}, Layout{}, `"DIR/host/pki" is a link to "DIR/elsewhere": others may write to "DIR/elsewhere": mode 0777`},
	{"a link below what others may write to", func(t *testing.T, dir string) {
		mkdir("open/elsewhere")(t, dir)
		must(t, os.Symlink("../open/elsewhere", filepath.Join(dir, "host/pki")))
		must(t, os.Chmod(filepath.Join(dir, "open"), 0o777))
	}, Layout{}, `"DIR/host/pki" is a link to "DIR/open/elsewhere": others may write to "DIR/open": mode 0777`},
	{"a link in it", func(t *testing.T, dir string) {
		mkdir("host/pki")(t, dir)
		link("../../elsewhere", "host/pki/etcd")(t, dir)
	}, Layout{}, `"DIR/host/pki/etcd" is a link; only the directory above it may be one`},
}

func TestResolve(t *testing.T) {
	for _, c := range layouts {
		t.Run(c.name, func(t *testing.T) {
			dir, err := filepath.EvalSymlinks(t.TempDir())
			must(t, err)
			must(t, os.Mkdir(filepath.Join(dir, "host"), 0o755))
			c.prepare(t, dir)
			c.layout.Certificates = strings.Replace(c.layout.Certificates, "DIR", dir, 1)
			got, err := c.layout.Resolve(filepath.Join(dir, "host"))
			text := got.Certificates
			if err != nil {
				if !errors.Is(err, ErrDirectory) {
					t.Errorf("%v is not an ErrDirectory", err)
				}
				text = strings.TrimPrefix(err.Error(), ErrDirectory.Error()+": ")
			}
			want := c.want
			if want == "" {
				want = c.layout.Certificates
			}
			if text = strings.ReplaceAll(text, dir, "DIR"); text != want {
				t.Errorf("got %s\nwant %s", text, want)
			}
		})
	}
}

// TestResolveOwner: a target of another user is not ours to put keys into.
func TestResolveOwner(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root gives files away")
	}
	for _, given := range []string{"open/elsewhere", "open"} {
		dir := t.TempDir()
		mkdir("host")(t, dir)
		mkdir("open/elsewhere")(t, dir)
		must(t, os.Symlink("../open/elsewhere", filepath.Join(dir, "host/pki")))
		must(t, os.Chown(filepath.Join(dir, given), 12345, 0))
		_, err := Layout{}.Resolve(filepath.Join(dir, "host"))
		want := fmt.Sprintf("%q belongs to user 12345, the component directory to user 0", filepath.Join(dir, given))
		if err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func mkdir(path string) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		t.Helper()
		must(t, os.MkdirAll(filepath.Join(dir, path), 0o755))
	}
}

// link makes the directory elsewhere and a link to it.
func link(target, path string) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		t.Helper()
		mkdir("elsewhere")(t, dir)
		must(t, os.Symlink(target, filepath.Join(dir, path)))
	}
}
