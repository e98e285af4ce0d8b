package kube

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"ca-exchange/internal/pki"
)

// asks writes each request as "profile | CN | O | names | server".
func asks(list []Ask) string {
	var lines []string
	for _, a := range list {
		lines = append(lines, fmt.Sprintf("%s | %s | %s | %s | %s", a.Profile.Name, a.CommonName,
			strings.Join(a.Organizations, ","), strings.Join(a.Names.Strings(), " "), a.Server))
	}
	return strings.Join(lines, "\n")
}

const fullHost = `kube-apiserver | kube-apiserver |  | DNS:cp1 DNS:kubernetes DNS:kubernetes.default ` +
	`DNS:kubernetes.default.svc DNS:kubernetes.default.svc.prod.local ` +
	`DNS:api.example.net DNS:api2.example.net DNS:*.lb.example.net ` +
	`IP:10.32.0.1 IP:fd00:32::1 IP:192.0.2.10 IP:203.0.113.7 IP:198.51.100.1 | 
apiserver-kubelet-client | kube-apiserver-kubelet-client | kubeadm:cluster-admins |  | 
apiserver-etcd-client | kube-apiserver-etcd-client |  |  | 
front-proxy-client | front-proxy-client |  |  | 
etcd-server | cp1 |  | DNS:cp1 DNS:localhost IP:127.0.0.1 IP:::1 IP:192.0.2.10 IP:192.0.2.11 | 
etcd-peer | cp1 |  | DNS:cp1 DNS:localhost DNS:etcd1.example.net IP:127.0.0.1 IP:::1 IP:192.0.2.10 | 
etcd-healthcheck-client | kube-etcd-healthcheck-client |  |  | 
admin | kubernetes-admin | kubeadm:cluster-admins |  | https://api.example.net:8443
super-admin | kubernetes-super-admin | system:masters |  | https://api.example.net:8443
kube-controller-manager | system:kube-controller-manager |  |  | https://192.0.2.10:7443
kube-scheduler | system:kube-scheduler |  |  | https://192.0.2.10:7443
kubelet | system:node:cp1 | system:nodes |  | https://api.example.net:8443
kubelet-serving | system:node:cp1 | system:nodes | DNS:cp1 IP:192.0.2.10 IP:198.51.100.1 | `

func parse(t *testing.T, files ...string) Config {
	t.Helper()
	var b [][]byte
	for _, f := range files {
		b = append(b, []byte(f))
	}
	c, err := ParseConfig(b...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestControlPlane(t *testing.T) {
	extra := pki.Names{IPs: []netip.Addr{netip.MustParseAddr("198.51.100.1")}}
	got, err := ControlPlane(parse(t, initFile), "cp1", extra)
	if err != nil || asks(got) != fullHost {
		t.Errorf("%v, got\n%s\nwant\n%s", err, asks(got), fullHost)
	}
}

func TestControlPlaneNeedsLess(t *testing.T) {
	cluster := "apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\n"
	join := "apiVersion: kubeadm.k8s.io/v1beta4\nkind: JoinConfiguration\n" +
		"controlPlane: {localAPIEndpoint: {advertiseAddress: 192.0.2.20}}\n"
	first := "apiVersion: kubeadm.k8s.io/v1beta4\nkind: InitConfiguration\n" +
		"localAPIEndpoint: {advertiseAddress: 192.0.2.10}\n"
	external := cluster + "etcd: {external: {endpoints: [https://e:2379], caFile: /etc/kubernetes/pki/etcd/ca.crt, " +
		"certFile: %s}}\n"
	all := "kube-apiserver apiserver-kubelet-client apiserver-etcd-client front-proxy-client etcd-server etcd-peer " +
		"etcd-healthcheck-client admin super-admin kube-controller-manager kube-scheduler kubelet kubelet-serving"
	without := func(names ...string) string {
		var left []string
		for name := range strings.FieldsSeq(all) {
			if !strings.Contains(" "+strings.Join(names, " ")+" ", " "+name+" ") {
				left = append(left, name)
			}
		}
		return strings.Join(left, " ")
	}
	for _, c := range []struct {
		name  string
		files []string
		want  string
	}{
		{"first host", []string{first}, all},
		{"joining", []string{cluster, join}, without("super-admin")},
		{"joining with the first host's file", []string{first + "---\n" + cluster, join}, without("super-admin")},
		{"old", []string{first, cluster + "kubernetesVersion: v1.28.1\n"}, without("super-admin")},
		{"external etcd", []string{first, fmt.Sprintf(external, "/etc/kubernetes/pki/apiserver-etcd-client.crt")},
			without("etcd-server", "etcd-peer", "etcd-healthcheck-client")},
		{"external etcd without a client", []string{first, fmt.Sprintf(external, `""`)},
			without("etcd-server", "etcd-peer", "etcd-healthcheck-client")},
		{"external etcd with a client elsewhere", []string{first, fmt.Sprintf(external, "/etc/etcd/client.crt")},
			without("etcd-server", "etcd-peer", "etcd-healthcheck-client", "apiserver-etcd-client")},
	} {
		got, err := ControlPlane(parse(t, c.files...), "cp1", pki.Names{})
		var names []string
		for _, a := range got {
			names = append(names, a.Profile.Name)
		}
		if have := strings.Join(names, " "); err != nil || have != c.want {
			t.Errorf("%s: %v\ngot  %s\nwant %s", c.name, err, have, c.want)
		}
	}
}

func TestControlPlaneErrors(t *testing.T) {
	join := parse(t, "apiVersion: kubeadm.k8s.io/v1beta4\nkind: JoinConfiguration\n"+
		"controlPlane: {localAPIEndpoint: {advertiseAddress: 192.0.2.20}}\n")
	if _, err := ControlPlane(join, "cp1", pki.Names{}); !errors.Is(err, ErrNoCluster) {
		t.Errorf("a join alone: %v", err)
	}
	anywhere := parse(t, "apiVersion: kubeadm.k8s.io/v1beta4\nkind: InitConfiguration\n"+
		"localAPIEndpoint: {advertiseAddress: 0.0.0.0}\n")
	if _, err := ControlPlane(anywhere, "cp1", pki.Names{}); !errors.Is(err, ErrNoAddress) {
		t.Errorf("an unspecified address: %v", err)
	}
	if _, err := ControlPlane(parse(t, initFile), "", pki.Names{}); err == nil {
		t.Error("no node")
	}
	if _, err := Worker(DefaultConfig(), "W1", pki.Names{}); err == nil {
		t.Error("an upper-case node")
	}
}

func TestWorker(t *testing.T) {
	c := parse(t, "apiVersion: kubeadm.k8s.io/v1beta4\nkind: JoinConfiguration\n"+
		"discovery: {bootstrapToken: {apiServerEndpoint: 'api:6443'}}\n")
	got, err := Worker(c, "w1", pki.Names{IPs: []netip.Addr{netip.MustParseAddr("192.0.2.31")}})
	want := "kubelet | system:node:w1 | system:nodes |  | https://api:6443\n" +
		"kubelet-serving | system:node:w1 | system:nodes | DNS:w1 IP:192.0.2.31 | "
	if err != nil || asks(got) != want {
		t.Errorf("%v, got\n%s\nwant\n%s", err, asks(got), want)
	}
	// The server is not in every configuration; then the caller has to know it.
	got, err = Worker(parse(t, initFile[:strings.Index(initFile, "---")]), "w1", pki.Names{})
	if err != nil || got[0].Server != "" {
		t.Errorf("%v, server %q of a worker from another host's address", err, got[0].Server)
	}
}

func TestServerURL(t *testing.T) {
	for _, c := range []struct{ endpoint, join, address, shared, local string }{
		{"", "", "", "", ""},
		{"", "", "192.0.2.1", "https://192.0.2.1:6443", "https://192.0.2.1:6443"},
		{"api", "", "192.0.2.1", "https://api:6443", "https://192.0.2.1:6443"},
		{"api:8443", "other:1", "", "https://api:8443", ""},
		{"", "other:1", "fd00::1", "https://other:1", "https://[fd00::1]:6443"},
		{"fd00::9", "", "", "https://[fd00::9]:6443", ""},
		{"[fd00::9]:8443", "", "", "https://[fd00::9]:8443", ""},
	} {
		config := DefaultConfig()
		config.Endpoint, config.JoinServer = c.endpoint, c.join
		if c.address != "" {
			config.AdvertiseAddress = netip.MustParseAddr(c.address)
		}
		if shared, local := config.ServerURL(EndpointServer), config.ServerURL(LocalServer); shared != c.shared ||
			local != c.local {
			t.Errorf("%+v: got %q and %q", c, shared, local)
		}
		if got := config.ServerURL(NoServer); got != "" {
			t.Errorf("%+v: a server %q where there is no kubeconfig", c, got)
		}
	}
}

func TestAskForSingle(t *testing.T) {
	find := func(name string) Profile {
		p, ok := Find(Latest(), name)
		if !ok {
			t.Fatal(name)
		}
		return p
	}
	extra := pki.Names{DNS: []string{"LOCALHOST", "web"}}
	for _, c := range []struct {
		profile string
		values  pki.Values
		want    string
	}{
		{"kube-apiserver", nil, "kube-apiserver | kube-apiserver |  | DNS:n1 DNS:kubernetes DNS:kubernetes.default " +
			"DNS:kubernetes.default.svc DNS:LOCALHOST DNS:web | "},
		{"etcd-peer", pki.Values{"node": {"other"}},
			"etcd-peer | n1 |  | DNS:n1 DNS:localhost DNS:web IP:127.0.0.1 IP:::1 | "},
		{"kube-scheduler", pki.Values{"node": {"other"}}, "kube-scheduler | system:kube-scheduler |  |  | "},
		{"server", nil, "server |  |  | DNS:LOCALHOST DNS:web | "},
	} {
		a := AskFor(find(c.profile), c.values, "n1", extra)
		if got := asks([]Ask{a}); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
		if want := map[bool]string{true: "n1"}[a.Profile.HasNode()]; a.Node != want {
			t.Errorf("%s: node %q, want %q", c.profile, a.Node, want)
		}
		if len(c.values["node"]) > 0 && c.values["node"][0] != "other" {
			t.Error("the caller's values were changed")
		}
	}
}
