package kube

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
)

const initFile = `# the first control plane
apiVersion: kubeadm.k8s.io/v1beta4
kind: InitConfiguration
localAPIEndpoint: {advertiseAddress: 192.0.2.10, bindPort: 7443}
nodeRegistration:
  name: CP1
  taints: []
---
apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
kubernetesVersion: v1.34.3
clusterName: prod
certificatesDir: /srv/pki
controlPlaneEndpoint: api.example.net:8443
encryptionAlgorithm: ECDSA-P256
certificateValidityPeriod: 4320h0m0s
caCertificateValidityPeriod: 87600h
networking: {serviceSubnet: "10.32.0.0/16,fd00:32::/112", dnsDomain: prod.local, podSubnet: 10.0.0.0/8}
apiServer:
  certSANs: [api2.example.net, 203.0.113.7, "*.lb.example.net"]
  extraArgs: [{name: v, value: "4"}]
etcd:
  local:
    serverCertSANs: ["192.0.2.11"]
    peerCertSANs: [etcd1.example.net]
---
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
clusterName: 5
`

func TestParseConfig(t *testing.T) {
	c, err := ParseConfig([]byte(initFile))
	if err != nil {
		t.Fatal(err)
	}
	got := []any{
		c.Release.String(), c.ClusterName, c.CertificatesDir, c.Endpoint, c.EndpointHost(), c.KeyType, c.Validity,
		c.CAValidity, c.DNSDomain,
		c.ServiceIPs(), c.CertSANs.Strings(), c.EtcdServerSANs.Strings(), c.EtcdPeerSANs.Strings(), c.ExternalEtcd,
		c.NodeName, c.AdvertiseAddress.String(), c.BindPort, c.HasCluster, c.HasInit, c.HasJoin, c.JoinsControlPlane,
	}
	want := []any{
		"1.34.3", "prod", "/srv/pki", "api.example.net:8443", "api.example.net", "ECDSA-P256", 180 * 24 * time.Hour,
		3650 * 24 * time.Hour, "prod.local",
		"[10.32.0.1 fd00:32::1]", "[DNS:api2.example.net DNS:*.lb.example.net IP:203.0.113.7]", "[IP:192.0.2.11]",
		"[DNS:etcd1.example.net]", false,
		"cp1", "192.0.2.10", 7443, true, true, false, false,
	}
	for i := range want {
		if g, w := show(got[i]), show(want[i]); g != w {
			t.Errorf("value %d: got %s, want %s", i, g, w)
		}
	}
	windows, err := ParseConfig([]byte(strings.ReplaceAll(initFile, "\n", "\r\n")))
	if err != nil || !reflect.DeepEqual(windows, c) {
		t.Errorf("with CRLF: %+v, %v", windows, err)
	}
	host, cluster, _ := strings.Cut(initFile, "---\n")
	apart, err := ParseConfig([]byte(strings.ReplaceAll(cluster, "v1beta4", "v1beta3")), []byte(host))
	if err != nil || !reflect.DeepEqual(apart, c) {
		t.Errorf("in two files: %+v, %v", apart, err)
	}
}

func TestParseConfigDefaults(t *testing.T) {
	for _, file := range []string{"", "# nothing\n", "---\n---\n", "null\n", "a: 1\n", "kind: ClusterConfiguration\n"} {
		c, err := ParseConfig([]byte(file))
		if err != nil || !reflect.DeepEqual(c, DefaultConfig()) {
			t.Errorf("%q: %+v, %v", file, c, err)
		}
	}
	c, err := ParseConfig([]byte("apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\nnetworking:\n" +
		"clusterName: \"\"\netcd: {local: }\napiServer: {certSANs: }\n"))
	want := DefaultConfig()
	want.HasCluster = true
	if err != nil || !reflect.DeepEqual(c, want) {
		t.Errorf("empty fields: %+v, %v", c, err)
	}
	if got := DefaultConfig(); got.ClusterName != "kubernetes" || got.DNSDomain != "cluster.local" ||
		got.BindPort != 6443 || show(got.ServiceIPs()) != "[10.96.0.1]" {
		t.Errorf("defaults: %+v", got)
	}
}

func TestParseConfigJoin(t *testing.T) {
	c, err := ParseConfig([]byte(`{"apiVersion": "kubeadm.k8s.io/v1beta4", "kind": "JoinConfiguration",
"controlPlane": {"localAPIEndpoint": {"advertiseAddress": "2001:db8::2"}},
"discovery": {"bootstrapToken": {"apiServerEndpoint": "[2001:db8::9]:6443", "token": "abcdef.0123456789abcdef"}}}`))
	if err != nil || !c.HasJoin || !c.JoinsControlPlane || c.HasCluster ||
		c.AdvertiseAddress.String() != "2001:db8::2" || c.BindPort != 6443 {
		t.Fatalf("%+v, %v", c, err)
	}
	if got := c.ServerURL(EndpointServer); got != "https://[2001:db8::9]:6443" {
		t.Errorf("server is %s", got)
	}
	if got := c.ServerURL(LocalServer); got != "https://[2001:db8::2]:6443" {
		t.Errorf("local server is %s", got)
	}
}

// TestParseConfigOtherHost: the first host's file brings the cluster's part and nothing of that host.
func TestParseConfigOtherHost(t *testing.T) {
	join := "apiVersion: kubeadm.k8s.io/v1beta4\nkind: JoinConfiguration\n" +
		"controlPlane: {localAPIEndpoint: {advertiseAddress: 192.0.2.20}}\n"
	worker := "apiVersion: kubeadm.k8s.io/v1beta4\nkind: JoinConfiguration\n"
	for _, c := range []struct {
		files         []string
		address, node string
	}{
		{[]string{initFile, join}, "192.0.2.20", ""},
		{[]string{join, initFile}, "192.0.2.20", ""},
		{[]string{initFile, worker}, "invalid IP", ""},
		{[]string{worker + "nodeRegistration: {name: w1}\n", initFile}, "invalid IP", "w1"},
	} {
		got := parse(t, c.files...)
		if got.AdvertiseAddress.String() != c.address || got.NodeName != c.node || got.BindPort != 6443 ||
			got.Endpoint != "api.example.net:8443" || !got.HasInit || !got.HasJoin {
			t.Errorf("%q: %+v", c.files, got)
		}
	}
	if _, err := ParseConfig([]byte(join), []byte(strings.Replace(initFile, "192.0.2.10", "cp1", 1))); err == nil {
		t.Error("a wrong address in the other host's part was not noticed")
	}
}

// TestParseConfigYAML: what other YAML files of administrators do.
func TestParseConfigYAML(t *testing.T) {
	c, err := ParseConfig([]byte(`%YAML 1.2
---
x-domain: &domain example.net
apiVersion: "kubeadm.k8s.io/v1beta3"
kind: 'ClusterConfiguration'
clusterName: *domain
controlPlaneEndpoint: |-
  192.0.2.1
...
`))
	if err != nil || c.ClusterName != "example.net" || c.ServerURL(EndpointServer) != "https://192.0.2.1:6443" {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestKubernetesVersion(t *testing.T) {
	for in, want := range map[string]string{"stable": "1.37", "stable-1": "1.37", "latest": "1.37",
		"stable-1.30": "1.30", "ci/latest-1.36": "1.36", "v1.29.4": "1.29.4", "1.31": "1.31"} {
		if r, err := parseVersion(in); err != nil || r.String() != want {
			t.Errorf("%s: %v, %v; want %s", in, r, err, want)
		}
	}
}

const (
	clusterHead = "apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\n"
	initHead    = "apiVersion: kubeadm.k8s.io/v1beta4\nkind: InitConfiguration\n"
)

// badConfigs are configurations and the error that each is.
var badConfigs = []struct{ file, want string }{
	{clusterHead + "kubernetesVersion: 1.34\n",
		"line 3, column 20: expected a string, found 1.34: put quotes around it"},
	{clusterHead + "clusterName: true\n", "line 3, column 14: expected a string, found true: put quotes around it"},
	{clusterHead + "clusterName: {a: b}\n", "line 3, column 14: expected a string, found {a: b}: put quotes around it"},
	{clusterHead + "networking: 10.0.0.0/8\n", "line 3, column 13: string was used where mapping is expected"},
	{clusterHead + "apiServer:\n  certSANs: api.example.net\n",
		"line 4, column 13: string was used where sequence is expected"},
	{clusterHead + "apiServer:\n  certSANs:\n  - ok\n  - 5\n",
		"line 6, column 5: expected a string, found 5: put quotes around it"},
	{clusterHead + "apiServer:\n  certSANs:\n  - ok\n  - API.example.net\n",
		`line 6, column 5: "API.example.net" is neither an IP address nor a lower-case DNS name`},
	{clusterHead + "apiServer: {certSANs: [0.0.0.0]}\n",
		`line 3, column 24: a certificate cannot name the address "0.0.0.0"`},
	{clusterHead + "apiServer: {certSANs: ['*.*.x']}\n",
		`line 3, column 24: "*.*.x" is neither an IP address nor a lower-case DNS name`},
	{clusterHead + "apiServer: {certSANs: ['']}\n",
		`line 3, column 24: "" is neither an IP address nor a lower-case DNS name`},
	{clusterHead + "kubernetesVersion: v1.20.1\n",
		"line 3, column 20: release 1.20 of Kubernetes is not supported: this program knows 1.25 to 1.37"},
	{clusterHead + "encryptionAlgorithm: Ed25519\n",
		`line 3, column 22: "Ed25519" is not a key type that Kubernetes reads: use one of [RSA-2048 RSA-3072 ` +
			`RSA-4096 ECDSA-P256 ECDSA-P384]`},
	{clusterHead + "certificateValidityPeriod: 1 year\n",
		`line 3, column 28: "1 year" is not a duration (example: 8760h)`},
	{clusterHead + "certificateValidityPeriod: -1h\n", `line 3, column 28: "-1h" is not a duration (example: 8760h)`},
	{clusterHead + "controlPlaneEndpoint: https://x:6443\n",
		`line 3, column 23: "https://x:6443" is not HOST or HOST:PORT`},
	{clusterHead + "controlPlaneEndpoint: x:99999\n", `line 3, column 23: "x:99999": "99999" is not a port`},
	{clusterHead + "controlPlaneEndpoint: 0.0.0.0:6443\n",
		`line 3, column 23: a certificate cannot name the address "0.0.0.0"`},
	{clusterHead + "networking: {serviceSubnet: 10.0.0.0}\n",
		`line 3, column 29: "10.0.0.0" is not a subnet (example: 10.96.0.0/12)`},
	{clusterHead + "networking: {serviceSubnet: 10.0.0.0/32}\n",
		"line 3, column 29: subnet 10.0.0.0/32 has no address for a service"},
	{clusterHead + "networking: {serviceSubnet: '10.0.0.0/16,10.1.0.0/16'}\n",
		`line 3, column 29: "10.0.0.0/16,10.1.0.0/16": give one subnet, or one IPv4 and one IPv6 subnet`},
	{clusterHead + "networking: {dnsDomain: 'a b'}\n", `line 3, column 25: "a b" is not a lower-case DNS domain`},
	{initHead + "localAPIEndpoint: {advertiseAddress: cp1}\n",
		`line 3, column 38: "cp1" is not an IP address (examples: 192.0.2.10, 2001:db8::10)`},
	{initHead + "localAPIEndpoint: {advertiseAddress: 'fe80::1%eth0'}\n",
		`line 3, column 38: "fe80::1%eth0" is not an IP address (examples: 192.0.2.10, 2001:db8::10)`},
	{initHead + "localAPIEndpoint: {bindPort: \"6443\"}\n", `line 3, column 30: expected a whole number, found "6443"`},
	{initHead + "localAPIEndpoint: {bindPort: 99999999999999999999}\n",
		"line 3, column 30: expected a whole number, found 99999999999999999999"},
	{initHead + "localAPIEndpoint: {bindPort: 70000}\n", "line 3, column 30: 70000 is not a port"},
	{initHead + "localAPIEndpoint: {bindPort: -1}\n", "line 3, column 30: -1 is not a port"},
	{initHead + "nodeRegistration: {name: a_b}\n",
		`line 3, column 26: "a_b" is not a node name: use lower-case letters, digits, '-' and '.'`},
	{initHead + "nodeRegistration: {name: " + strings.Repeat("a", 53) + "}\n", `line 3, column 26: node name "` +
		strings.Repeat("a", 53) + `" has 53 characters, but at most 52 fit into the common name system:node:NAME`},
	{clusterHead + "---\n" + clusterHead, "line 5, column 7: a second ClusterConfiguration: give one"},
	{"apiVersion: kubeadm.k8s.io/v1beta2\nkind: ClusterConfiguration\n",
		"line 1, column 13: v1beta2 is not supported: use v1beta3 or v1beta4 (kubeadm config migrate converts it)"},
	{clusterHead + "clusterName: a\nclusterName: b\n",
		`line 4, column 1: mapping key "clusterName" already defined at [3:1]`},
	{clusterHead + "clusterName: [\n", "line 3, column 14: sequence end token ']' not found"},
	{clusterHead + "apiServer:\n  certSANs: !x\nx: 1\n", "line 4, column 13: YAML tags are not supported here"},
	{clusterHead + "clusterName: !!str 5\n", "line 3, column 14: YAML tags are not supported here"},
	{"- a\n", "line 1, column 1: sequence was used where mapping is expected"},
	{"text\n", "line 1, column 1: string was used where mapping is expected"},
}

func TestParseConfigErrors(t *testing.T) {
	for _, c := range badConfigs {
		got, err := ParseConfig([]byte(c.file))
		if want := "reading kubeadm configuration: " + c.want; err == nil || err.Error() != want {
			t.Errorf("%q:\ngot  %v\nwant %s", c.file, err, want)
		}
		if !reflect.DeepEqual(got, Config{}) {
			t.Errorf("%q: an error and a configuration", c.file)
		}
	}
	_, err := ParseConfig([]byte(clusterHead), []byte(clusterHead))
	if want := "reading kubeadm configuration, file 2 of 2: line 2, column 7: a second ClusterConfiguration: " +
		"give one"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// FuzzParseConfig: what is read can be put to use, whatever it was.
func FuzzParseConfig(f *testing.F) {
	f.Add([]byte(initFile))
	f.Add([]byte("apiVersion: kubeadm.k8s.io/v1beta3\nkind: JoinConfiguration\n" +
		"controlPlane: {localAPIEndpoint: {advertiseAddress: \"::1\"}}\n"))
	f.Add([]byte("a: &a [*a]\n"))
	f.Fuzz(func(t *testing.T, file []byte) {
		c, err := ParseConfig(file)
		if err != nil {
			return
		}
		for i, ip := range c.ServiceIPs() {
			if !c.ServiceSubnets[i].Contains(ip) {
				t.Errorf("service address %s is outside %s", ip, c.ServiceSubnets[i])
			}
		}
		if c.NodeName != "" && CheckNode(c.NodeName) != nil {
			t.Errorf("node %q", c.NodeName)
		}
		if again, err := ParseRelease(c.Release.String()); err != nil || again != c.Release {
			t.Errorf("release %s", c.Release)
		}
		for _, name := range c.Values("n")["endpoint"] {
			if name != "" && strings.ContainsAny(name, "[]/ ") {
				t.Errorf("endpoint host %q", name)
			}
		}
	})
}

func show(v any) string { return fmt.Sprint(v) }
