package kube

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ca-exchange/internal/pki"
)

// TestKubeadmAgrees lets kubeadm 1.37 judge, where there is one: what it asks for on a host is what ControlPlane
// asks for, and its kubeconfigs come back from Parse and Encode byte for byte.
func TestKubeadmAgrees(t *testing.T) {
	kubeadm, err := exec.LookPath("kubeadm")
	if err != nil {
		t.Skip("no kubeadm: test/kubernetes/build.sh builds one, put its directory into PATH")
	}
	if version, err := exec.Command(kubeadm, "version", "-o", "short").Output(); err != nil ||
		!strings.HasPrefix(string(version), "v1.37.") {
		t.Skipf("kubeadm %s is another release (%v)", version, err)
	}
	dir := t.TempDir()
	file := `apiVersion: kubeadm.k8s.io/v1beta4
kind: InitConfiguration
localAPIEndpoint: {advertiseAddress: 192.0.2.10, bindPort: 7443}
nodeRegistration: {name: cp1, criSocket: unix:///run/none.sock}
---
apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
kubernetesVersion: v1.37.2
clusterName: prod
controlPlaneEndpoint: "[2001:db8::9]:8443"
networking: {serviceSubnet: 10.32.0.0/16, dnsDomain: prod.local}
apiServer: {certSANs: [api2.example.net, "*.lb.example.net", 203.0.113.7]}
etcd: {local: {serverCertSANs: [etcd.example.net], peerCertSANs: [192.0.2.11]}}
`
	config := filepath.Join(dir, "kubeadm.yaml")
	if err := os.WriteFile(config, []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(kubeadm, "certs", "generate-csr", "--config", config, "--cert-dir",
		filepath.Join(dir, "pki"), "--kubeconfig-dir", dir).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	asks, err := ControlPlane(parse(t, file), "cp1", pki.Names{})
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range asks {
		if a.Profile.Name != "kubelet-serving" { // the one kubeadm leaves to the kubelet
			compareWithKubeadm(t, dir, a)
		}
	}
}

func compareWithKubeadm(t *testing.T, dir string, a Ask) {
	t.Helper()
	csr := filepath.Join(dir, a.Profile.Kubeconfig+".csr")
	if a.Profile.Certificate != "" {
		csr = filepath.Join(dir, a.Profile.Certificate[:len(a.Profile.Certificate)-len("crt")]+"csr")
	}
	theirs := readCSR(t, csr)
	ours := fmt.Sprint(a.CommonName, a.Organizations, sorted(a.Names))
	if ours != theirs {
		t.Errorf("%s: kubeadm asks for\n%s\nthis for\n%s", a.Profile.Name, theirs, ours)
	}
	if a.Profile.Kubeconfig == "" {
		return
	}
	written, err := os.ReadFile(filepath.Join(dir, a.Profile.Kubeconfig))
	if err != nil {
		t.Fatal(err)
	}
	k, err := ParseKubeconfig(written)
	if err != nil || k.Server != a.Server || k.User != a.CommonName || k.Cluster != "prod" ||
		!bytes.Equal(k.Encode(), written) {
		t.Errorf("%s: %v, server %s (want %s), user %s, cluster %s; written again:\n%s", a.Profile.Kubeconfig, err,
			k.Server, a.Server, k.User, k.Cluster, k.Encode())
	}
}

func readCSR(t *testing.T, file string) string {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(b)
	csr, err := x509.ParseCertificateRequest(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	names := pki.Names{DNS: csr.DNSNames}
	for _, ip := range csr.IPAddresses {
		addr, _ := netip.AddrFromSlice(ip)
		names.IPs = append(names.IPs, addr.Unmap())
	}
	return fmt.Sprint(csr.Subject.CommonName, csr.Subject.Organization, sorted(names))
}

func sorted(n pki.Names) []string { return slices.Sorted(slices.Values(n.Strings())) }
