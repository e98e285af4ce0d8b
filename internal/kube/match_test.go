package kube

import (
	"net/netip"
	"strings"
	"testing"

	"ca-exchange/internal/pki"
)

func TestMatch(t *testing.T) {
	etcdNames := pki.Names{DNS: []string{"cp1", "localhost"}, IPs: []netip.Addr{netip.MustParseAddr("127.0.0.1")}}
	some := pki.Names{DNS: []string{"cp1"}}
	for _, c := range []struct {
		release, cn, organizations string
		names                      pki.Names
		want                       string
	}{
		{"1.37", "kube-apiserver", "", some, "kube-apiserver"},
		{"1.37", "kube-apiserver", "system:masters", some, ""},
		{"1.37", "kube-apiserver ", "", some, ""},
		{"1.37", "Kube-apiserver", "", some, ""},
		{"1.37", "kube-apiserver-kubelet-client", "", pki.Names{}, "apiserver-kubelet-client"},
		{"1.37", "kube-apiserver-kubelet-client", "kubeadm:cluster-admins", pki.Names{}, ""},
		{"1.36.0", "kube-apiserver-kubelet-client", "kubeadm:cluster-admins", pki.Names{}, "apiserver-kubelet-client"},
		{"1.36.0", "kube-apiserver-kubelet-client", "", pki.Names{}, ""},
		{"1.28", "kubernetes-admin", "system:masters", pki.Names{}, "admin"},
		{"1.29", "kubernetes-admin", "system:masters", pki.Names{}, ""},
		{"1.29", "kubernetes-admin", "kubeadm:cluster-admins", pki.Names{}, "admin"},
		{"1.28", "kubernetes-super-admin", "system:masters", pki.Names{}, ""},
		{"1.37", "system:node:cp1", "system:nodes", pki.Names{}, "kubelet"},
		{"1.37", "system:node:cp1", "system:nodes system:nodes", some, "kubelet-serving"},
		{"1.37", "system:node:cp1", "system:nodes system:masters", pki.Names{}, ""},
		{"1.37", "system:node:cp1", "", pki.Names{}, ""},
		{"1.37", "system:node:", "system:nodes", pki.Names{}, ""},
		{"1.37", "system:node:CP1", "system:nodes", pki.Names{}, ""},
		{"1.37", "system:node:a\x00b", "system:nodes", pki.Names{}, ""},
		{"1.37", "cp1", "", etcdNames, "etcd-server etcd-peer"},
		{"1.37", "cp2", "", etcdNames, ""},
		{"1.37", "cp1", "", some, ""},
		{"1.37", "cp1", "system:nodes", etcdNames, ""},
		{"1.37", "", "", etcdNames, ""},
		{"1.37", "server", "", some, ""},
	} {
		r, err := ParseRelease(c.release)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, p := range Match(Profiles(r), c.cn, strings.Fields(c.organizations), c.names) {
			got = append(got, p.Name)
		}
		if g := strings.Join(got, " "); g != c.want {
			t.Errorf("%s CN=%q O=%q %v: got %q, want %q", c.release, c.cn, c.organizations, c.names.Strings(), g, c.want)
		}
	}
}

// TestMatchOwnAsks: what a host asks for is recognised as what it is, in every release.
func TestMatchOwnAsks(t *testing.T) {
	for version := range stages {
		c := parse(t, initFile)
		c.Release, _ = ParseRelease(version)
		list, err := ControlPlane(c, "cp1.example.net", pki.Names{})
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range list {
			found := Match(Profiles(c.Release), a.CommonName, a.Organizations, a.Names)
			alike := a.Profile.Name == "etcd-server" || a.Profile.Name == "etcd-peer"
			if alike && len(found) != 2 || !alike && (len(found) != 1 || found[0].Name != a.Profile.Name) {
				t.Errorf("%s %s: matches %d profiles", version, a.Profile.Name, len(found))
			}
			if want := map[bool]string{true: "cp1.example.net"}[strings.Contains(a.Profile.CommonName, "{node}")]; a.Profile.Node(a.CommonName) != want {
				t.Errorf("%s: node of %q is %q", a.Profile.Name, a.CommonName, a.Profile.Node(a.CommonName))
			}
		}
	}
}
