package kube

import (
	"crypto/x509"
	"fmt"
	"slices"
	"strings"
	"testing"

	"ca-exchange/internal/pki"

	"github.com/goccy/go-yaml"
)

// stage is what a release's subjects look like: 0 to 1.28, 1 from 1.29, 2 once the kubelet client lost its group.
var stages = map[string]int{
	"1.25": 0, "1.25.0": 0, "1.26": 0, "1.27": 0, "1.28": 0, "1.28.15": 0,
	"1.29": 1, "1.29.0": 1, "1.30": 1, "1.31": 1, "1.32": 1, "1.32.99": 1, "1.33.0": 1, "1.33.11": 1, "1.34.7": 1,
	"1.35.4": 1, "1.36.0": 1,
	"1.33.12": 2, "1.33": 2, "1.34.8": 2, "1.34": 2, "1.35.5": 2, "1.35": 2, "1.36.1": 2, "1.36": 2, "1.37.0": 2,
	"v1.37.2": 2, "1.37": 2,
}

// facts is the table of certificates as observed, one organisation per stage ("-" none, "absent" no profile).
var facts = []struct {
	name, issuer, cn string
	organization     [3]string
	usage            string
	names            string
	files            string
}{
	{"kube-apiserver", "ca", "kube-apiserver", [3]string{"-", "-", "-"}, "server",
		"{node} kubernetes kubernetes.default kubernetes.default.svc kubernetes.default.svc.{dnsDomain} {serviceIP} " +
			"{endpoint} {address}", "pki/apiserver.crt pki/apiserver.key"},
	{"apiserver-kubelet-client", "ca", "kube-apiserver-kubelet-client",
		[3]string{"system:masters", "kubeadm:cluster-admins", "-"}, "client",
		"none", "pki/apiserver-kubelet-client.crt pki/apiserver-kubelet-client.key"},
	{"apiserver-etcd-client", "etcd-ca", "kube-apiserver-etcd-client", [3]string{"system:masters", "-", "-"}, "client",
		"none", "pki/apiserver-etcd-client.crt pki/apiserver-etcd-client.key"},
	{"front-proxy-client", "front-proxy-ca", "front-proxy-client", [3]string{"-", "-", "-"}, "client", "none",
		"pki/front-proxy-client.crt pki/front-proxy-client.key"},
	{"etcd-server", "etcd-ca", "{node}", [3]string{"-", "-", "-"}, "server client",
		"{node} localhost 127.0.0.1 ::1 {address}", "pki/etcd/server.crt pki/etcd/server.key"},
	{"etcd-peer", "etcd-ca", "{node}", [3]string{"-", "-", "-"}, "server client",
		"{node} localhost 127.0.0.1 ::1 {address}", "pki/etcd/peer.crt pki/etcd/peer.key"},
	{"etcd-healthcheck-client", "etcd-ca", "kube-etcd-healthcheck-client", [3]string{"system:masters", "-", "-"},
		"client",
		"none", "pki/etcd/healthcheck-client.crt pki/etcd/healthcheck-client.key"},
	{"admin", "ca", "kubernetes-admin", [3]string{"system:masters", "kubeadm:cluster-admins", "kubeadm:cluster-admins"},
		"client", "none", "admin.conf endpoint"},
	{"super-admin", "ca", "kubernetes-super-admin", [3]string{"absent", "system:masters", "system:masters"}, "client",
		"none", "super-admin.conf endpoint"},
	{"kube-controller-manager", "ca", "system:kube-controller-manager", [3]string{"-", "-", "-"}, "client", "none",
		"controller-manager.conf local"},
	{"kube-scheduler", "ca", "system:kube-scheduler", [3]string{"-", "-", "-"}, "client", "none",
		"scheduler.conf local"},
	{"kube-proxy", "ca", "system:kube-proxy", [3]string{"-", "-", "-"}, "client", "none", "kube-proxy.conf endpoint"},
	{"kubelet", "ca", "system:node:{node}", [3]string{"system:nodes", "system:nodes", "system:nodes"}, "client",
		"none", "kubelet.conf endpoint KUBELET/pki/kubelet-client-current.pem"},
	{"kubelet-serving", "ca", "system:node:{node}", [3]string{"system:nodes", "system:nodes", "system:nodes"}, "server",
		"{node} {address}", "KUBELET/pki/kubelet.crt KUBELET/pki/kubelet.key"},
	{"server", "ca", "", [3]string{"-", "-", "-"}, "server", "", "pki/{name}.crt pki/{name}.key"},
	{"client", "ca", "", [3]string{"-", "-", "-"}, "client", "", "pki/{name}.crt pki/{name}.key"},
	{"peer", "ca", "", [3]string{"-", "-", "-"}, "server client", "", "pki/{name}.crt pki/{name}.key"},
	{"user", "ca", "", [3]string{"-", "-", "-"}, "client", "none", "{name}.conf endpoint"},
}

func TestProfiles(t *testing.T) {
	for version, stage := range stages {
		t.Run(version, func(t *testing.T) {
			r, err := ParseRelease(version)
			if err != nil {
				t.Fatal(err)
			}
			var want, got []string
			for _, f := range facts {
				if f.organization[stage] != "absent" {
					want = append(want,
						strings.Join([]string{f.name, f.issuer, f.cn, f.organization[stage], f.usage, f.names, f.files},
							" | "))
				}
			}
			for _, p := range Profiles(r) {
				got = append(got, render(p))
			}
			if g, w := strings.Join(got, "\n"), strings.Join(want, "\n"); g != w {
				t.Errorf("got\n%s\nwant\n%s", g, w)
			}
		})
	}
}

// render writes a profile as a row of facts.
func render(p Profile) string {
	organization := "-"
	if len(p.Organizations) > 0 {
		organization = strings.Join(p.Organizations, ",")
	}
	var usages []string
	for _, u := range p.Usages {
		usages = append(usages, map[x509.ExtKeyUsage]string{x509.ExtKeyUsageServerAuth: "server",
			x509.ExtKeyUsageClientAuth: "client"}[u])
	}
	names := strings.Join(p.OwnNames, " ")
	if p.Names == pki.NoNames {
		names = "none"
	}
	below := ""
	if p.InKubelet {
		below = "KUBELET/"
	}
	var files []string
	if p.Certificate != "" {
		files = append(files, below+p.Certificate, below+p.Key)
	}
	if p.Kubeconfig != "" {
		files = append(files, p.Kubeconfig, map[ServerKind]string{EndpointServer: "endpoint",
			LocalServer: "local"}[p.Server])
	}
	if p.Combined != "" {
		files = append(files, "KUBELET/"+p.Combined)
	}
	return strings.Join([]string{p.Name, p.Issuer, p.CommonName, organization, strings.Join(usages, " "), names,
		strings.Join(files, " ")}, " | ")
}

func TestProfilesHoldTogether(t *testing.T) {
	for version := range stages {
		r, _ := ParseRelease(version)
		for _, p := range Profiles(r) {
			id := version + " " + p.Name
			powerful := slices.Contains(p.Organizations, "system:masters") ||
				slices.Contains(p.Organizations, "kubeadm:cluster-admins")
			if p.Guarded != powerful {
				t.Errorf("%s: guarded %v with organisations %q", id, p.Guarded, p.Organizations)
			}
			if powerful != strings.Contains(p.About, "a person decides every time") {
				t.Errorf("%s: about %q does not fit guarded %v", id, p.About, p.Guarded)
			}
			if serves := slices.Contains(p.Usages,
				x509.ExtKeyUsageServerAuth); serves != (p.Names == pki.RequiredNames) {
				t.Errorf("%s: a server must have names, a client need not", id)
			}
			if p.Generic() != slices.Contains(p.KeyTypes, pki.Ed25519) {
				t.Errorf("%s: kubeadm's components load no Ed25519 key, others do; has %v", id, p.KeyTypes)
			}
			if found, ok := Find(r, p.Name); !ok || render(found) != render(p) {
				t.Errorf("%s: not found by its name", id)
			}
		}
	}
	if _, ok := Find(Release{28, Newest}, "super-admin"); ok {
		t.Error("1.28 has a super-admin")
	}
}

func TestProfilesAreFresh(t *testing.T) {
	changed := Profiles(Latest())
	for _, p := range changed {
		for i := range p.Usages {
			p.Usages[i] = x509.ExtKeyUsageAny
		}
	}
	for _, p := range Profiles(Latest()) {
		if slices.Contains(p.Usages, x509.ExtKeyUsageAny) {
			t.Fatalf("a caller's change of %s reached the next caller", p.Name)
		}
	}
}

func TestManifests(t *testing.T) {
	bindings := map[string][3]string{ // role and subject per stage
		"admin": {"", "cluster-admin Group kubeadm:cluster-admins",
			"cluster-admin Group kubeadm:cluster-admins"},
		"apiserver-kubelet-client": {"", "cluster-admin Group kubeadm:cluster-admins",
			"system:kubelet-api-admin User kube-apiserver-kubelet-client"},
	}
	for version, stage := range stages {
		r, _ := ParseRelease(version)
		for _, p := range Profiles(r) {
			if got, want := readBinding(t, p.Manifest), bindings[p.Name][stage]; got != want {
				t.Errorf("%s %s: manifest binds %q, want %q", version, p.Name, got, want)
			}
		}
	}
}

func readBinding(t *testing.T, manifest string) string {
	if manifest == "" {
		return ""
	}
	var m struct {
		APIVersion, Kind string
		Metadata         struct{ Name string }
		RoleRef          struct {
			APIGroup   string `yaml:"apiGroup"`
			Kind, Name string
		} `yaml:"roleRef"`
		Subjects []struct {
			APIGroup   string `yaml:"apiGroup"`
			Kind, Name string
		}
	}
	if err := yaml.UnmarshalWithOptions([]byte(strings.Replace(manifest, "apiVersion:", "apiversion:", 1)), &m,
		yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	group := "rbac.authorization.k8s.io"
	if m.APIVersion != group+"/v1" || m.Kind != "ClusterRoleBinding" || m.Metadata.Name == "" || len(m.Subjects) != 1 ||
		m.RoleRef.APIGroup != group || m.Subjects[0].APIGroup != group || m.RoleRef.Kind != "ClusterRole" {
		t.Fatalf("no binding: %+v", m)
	}
	return fmt.Sprintf("%s %s %s", m.RoleRef.Name, m.Subjects[0].Kind, m.Subjects[0].Name)
}

func TestAt(t *testing.T) {
	p, _ := Find(Latest(), "server")
	if p = p.At("web"); p.Certificate != "pki/web.crt" || p.Key != "pki/web.key" {
		t.Errorf("got %s and %s", p.Certificate, p.Key)
	}
}
