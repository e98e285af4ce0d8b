package component

import (
	"net/netip"
	"strings"
	"testing"

	"ca-exchange/internal/kube"
	"ca-exchange/internal/pki"
)

// id is a request id that begins with a digit.
func id(digit string) string { return strings.Repeat(digit, 64) }

// TestHostKinds: what a host is for follows from its files, and where there are none from what was asked for.
func TestHostKinds(t *testing.T) {
	for _, c := range []struct {
		files, asked string
		want         hostKind
	}{
		{"", "", workerHost},
		{"kubelet.conf", "", workerHost},
		{"kubelet.conf pki/apiserver.key", "", controlPlaneHost},
		{"pki/sa.key", "", controlPlaneHost},
		{"pki/etcd/peer.crt", "", etcdHost},
		{"pki/etcd/peer.crt scheduler.conf", "", controlPlaneHost},
		{"", "server", otherHost},
		{"", "server kubelet", workerHost},
		{"", "etcd-peer", etcdHost},
		{"", "kubelet front-proxy-client", controlPlaneHost},
		{"kubelet.conf", "server", workerHost},
	} {
		h := &testHost{t: t, Host: Host{Path: t.TempDir(), Config: kube.DefaultConfig()}}
		for file := range strings.FieldsSeq(c.files) {
			h.write(file, nil, 0o600)
		}
		var requests []State
		for name := range strings.FieldsSeq(c.asked) {
			requests = append(requests, State{Profile: name, Status: StatusOpen})
		}
		if got := h.kindOf(requests); got != c.want {
			t.Errorf("files %q, asked for %q: kind %d, want %d", c.files, c.asked, got, c.want)
		}
	}
}

// TestRunsNoControlPlane: a control plane's profile makes a control plane of a host without files.
func TestRunsNoControlPlane(t *testing.T) {
	for profile, want := range map[string]bool{
		"kubelet": true, "server": true, "admin": true, "etcd-peer": true, "kube-scheduler": false,
		"kube-apiserver": false,
	} {
		if got := RunsNoControlPlane(t.TempDir(), Layout{}, profile); got != want {
			t.Errorf("%s: %t, want %t", profile, got, want)
		}
	}
}

// TestGenericCertificates: a host that has a server certificate alone is examined for that, and renewed with the names
// that only its certificate knows.
func TestGenericCertificates(t *testing.T) {
	h := hostOf(t, joinFile)
	h.setUp()
	h.Known = false
	h.remove("kubelet.conf")
	ip := netip.MustParseAddr("192.0.2.80")
	p, _ := kube.Find(kube.Latest(), "server")
	p.Certificate, p.Key = "tls/web.crt", "tls/web.key"
	h.remember(State{
		ID: id("1"), Status: StatusInstalled, Profile: "server", Release: "1.37", CommonName: "web.example",
		Files: Files{Certificate: p.Certificate, Key: p.Key},
	})
	ask := kube.Ask{Profile: p, CommonName: "web.example",
		Names: pki.Names{DNS: []string{"web.example"}, IPs: []netip.Addr{ip}}}
	h.install(ask, noChange)
	if got := h.examine(); got != "" {
		t.Errorf("a good host:\n%s", got)
	}
	h.install(ask, expiring)
	want := "Expiring DIR/tls/web.crt: it expires at 2026-06-30T12:00:00Z\n" +
		"  fix: component-admin --dir DIR request server " +
		"--common-name web.example --dns web.example --ip 192.0.2.80 --key-type ECDSA-P256 --out tls/web.crt"
	if got := h.examine(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	h.remember(State{
		ID: id("2"), Status: StatusOpen, Profile: "server", Release: "1.37", CommonName: "web.example", Created: clock,
		Files: Files{Certificate: p.Certificate, Key: p.Key},
	})
	want = "Expiring DIR/tls/web.crt: it expires at 2026-06-30T12:00:00Z\n" +
		"  fix: asked on 2026-06-01, not answered yet: component-admin --dir DIR sync"
	if got := h.examine(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestIssuersAreRestored: an issuer's certificate that has gone is put back beside what is installed, and no other one.
func TestIssuersAreRestored(t *testing.T) {
	for _, c := range []struct {
		name   string
		worker bool
		files  Files
		want   string
	}{
		{"control plane", false, Files{Kubeconfig: "kubelet.conf"},
			"pki/ca.crt pki/etcd/ca.crt pki/front-proxy-ca.crt"},
		{"worker", true, Files{Kubeconfig: "kubelet.conf"}, "pki/ca.crt"},
		{"another directory", true, Files{Kubeconfig: "kubelet.conf", Issuers: "ssl"}, "ssl/ca.crt"},
	} {
		h := hostOf(t, joinFile)
		h.setUp()
		h.remove("pki/ca.crt")
		trust, err := h.Component.Issuers()
		must(t, err)
		for _, status := range []string{StatusOpen, StatusSuperseded, StatusInstalled} {
			s := State{Status: status, Profile: "kubelet", Release: "1.37", Worker: c.worker, Files: c.files}
			h.Component.restoreIssuers(trust, []State{s})
			var there []string
			for _, file := range []string{"pki/ca.crt", "pki/etcd/ca.crt", "pki/front-proxy-ca.crt", "ssl/ca.crt"} {
				if exists(h.at(file)) {
					there = append(there, file)
				}
			}
			want := map[string]string{StatusInstalled: c.want}[status]
			if got := strings.Join(there, " "); got != want {
				t.Errorf("%s, %s: got %q, want %q", c.name, status, got, want)
			}
		}
	}
}
