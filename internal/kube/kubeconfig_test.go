package kube

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

var sample = Kubeconfig{
	Cluster: "kubernetes", Server: "https://192.0.2.10:6443", User: "system:node:cp1",
	CA: []byte("-----BEGIN CERTIFICATE-----\nca\n-----END CERTIFICATE-----\n"), Certificate: []byte("certificate\n"),
	Key: []byte("key\n"),
}

func TestKubeconfigGolden(t *testing.T) {
	want, err := os.ReadFile("testdata/kubelet.conf")
	if err != nil {
		t.Fatal(err)
	}
	if got := sample.Encode(); string(got) != string(want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestKubeconfigRoundTrip(t *testing.T) {
	awkward := []string{"prod", "no", "True", "null", "1.5", "0x10", "a: b", "a #b", "- x", "[x", "x:", "é\x01\u202e",
		`"`, "'", "~", "*a", "&a", "!x", "%", "@", "a\nb", " x", "=", "<<", "2026-11-24", "y"}
	for _, s := range awkward {
		want := sample
		want.Cluster, want.User, want.Server = s, s, s
		got, err := ParseKubeconfig(want.Encode())
		if err != nil || got.Cluster != s || got.User != s || got.Server != s || string(got.CA) != string(want.CA) ||
			string(got.Key) != string(want.Key) {
			t.Errorf("%q: got %+v, %v from\n%s", s, got, err, want.Encode())
		}
	}
}

func TestKubeconfigOfGenerateCSR(t *testing.T) {
	k, err := ParseKubeconfig([]byte(`apiVersion: v1
clusters:
- cluster:
    server: https://[fd00::1]:6443
  name: kubernetes
contexts:
- context:
    cluster: kubernetes
    user: kubernetes-admin
  name: kubernetes-admin@kubernetes
current-context: kubernetes-admin@kubernetes
kind: Config
preferences: {}
users:
- name: kubernetes-admin
  user:
    client-key-data: a2V5Cg==
`))
	if err != nil || k.Server != "https://[fd00::1]:6443" || k.User != "kubernetes-admin" || string(k.Key) != "key\n" ||
		len(k.CA)+len(k.Certificate) != 0 {
		t.Errorf("got %+v, %v", k, err)
	}
	k.Key = nil
	if again, err := ParseKubeconfig(k.Encode()); err != nil || again.User != k.User {
		t.Errorf("without any data: %+v, %v", again, err)
	}
}

func TestKubeconfigErrors(t *testing.T) {
	valid := string(sample.Encode())
	for change, want := range map[string]string{
		"kind: Config→kind: Secret": `reading kubeconfig: kind is "Secret", ` +
			`expected "Config"`,
		"current-context: system→current-context: other": `reading kubeconfig: it has no context ` +
			`"other:node:cp1@kubernetes"`,
		"client-key-data: a2V5Cg==→client-key-data: a2V5Cg": "reading kubeconfig: client-key-data: illegal " +
			"base64 data at input byte 4",
		"clusters:→clusters: 5\nx:":                                  "reading kubeconfig: line 2, column 11: ",
		"    server: https://192.0.2.10:6443\n→    server: [a, b]\n": "reading kubeconfig: line 5, column 13: ",
	} {
		from, to, _ := strings.Cut(change, "→")
		spoiled := strings.Replace(valid, from, to, 1)
		if spoiled == valid {
			t.Fatalf("%q is not in the file", from)
		}
		if _, err := ParseKubeconfig([]byte(spoiled)); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", change, err, want)
		}
	}
	if _, err := ParseKubeconfig(nil); err == nil {
		t.Error("an empty file is no kubeconfig")
	}
}

// TestKubectlReads lets kubectl judge, where there is one.
func TestKubectlReads(t *testing.T) {
	kubectl, err := exec.LookPath("kubectl")
	if err != nil {
		t.Skip("no kubectl")
	}
	file := filepath.Join(t.TempDir(), "x.conf")
	k := sample
	k.Cluster = "no: \"cluster\" é"
	if err := os.WriteFile(file, k.Encode(), 0o600); err != nil {
		t.Fatal(err)
	}
	template := "{.clusters[0].name}|{.clusters[0].cluster.server}|{.users[0].user.client-key-data}|{.current-context}"
	out, err := exec.Command(kubectl, "--kubeconfig", file, "config", "view", "--raw", "-o", "jsonpath="+
		template).CombinedOutput()
	want := k.Cluster + "|" + k.Server + "|a2V5Cg==|" + k.User + "@" + k.Cluster
	if err != nil || string(out) != want {
		t.Errorf("kubectl says %q, %v; want %q", out, err, want)
	}
}

// TestClientCertificates: the certificates of every user of a kubeconfig; of no other file.
func TestClientCertificates(t *testing.T) {
	const users = `apiVersion: v1
kind: Config
users:
- name: a
  user: {client-certificate-data: YQ==, client-key-data: eA==}
- name: b
  user: {client-certificate: b.pem}
- name: c
  user: {client-certificate-data: Yw==}
- name: d
  user: {client-certificate-data: "!"}
`
	for text, want := range map[string]string{
		users: "a c", strings.Replace(users, "Config", "Pod", 1): "", users + "---\nkind: Config\n": "", "{": "",
		"client-certificate-data: [": "",
	} {
		if got := string(bytes.Join(ClientCertificates([]byte(text)), []byte(" "))); got != want {
			t.Errorf("%q, not %q, of\n%s", got, want, text)
		}
	}
}
