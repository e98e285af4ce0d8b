package component

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"log/slog"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"ca-exchange/internal/kube"
	"ca-exchange/internal/pki"
)

// clock is the tests' now.
var clock = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

const (
	clusterFile = `apiVersion: kubeadm.k8s.io/v1beta4
kind: InitConfiguration
localAPIEndpoint: {advertiseAddress: 192.0.2.10}
nodeRegistration: {name: cp1}
---
apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
kubernetesVersion: v1.37.2
controlPlaneEndpoint: api.example:6443
networking: {serviceSubnet: "10.96.0.0/12,fd00::/108"}
`
	joinFile = `apiVersion: kubeadm.k8s.io/v1beta4
kind: JoinConfiguration
nodeRegistration: {name: w1, kubeletExtraArgs: [{name: node-ip, value: 192.0.2.21}]}
discovery: {bootstrapToken: {apiServerEndpoint: "api.example:6443"}}
`
)

// testHost is a host whose files a test made: a component directory with kubeadm's layout, and the CA behind it.
type testHost struct {
	Host
	t       *testing.T
	issuers map[string]*testIssuer
}

type testIssuer struct {
	certificate *x509.Certificate
	key         crypto.Signer
}

func newIssuer(t *testing.T, commonName string) *testIssuer {
	t.Helper()
	key := newKey(t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: commonName}, IsCA: true,
		BasicConstraintsValid: true,
		NotBefore:             clock.AddDate(-1, 0, 0), NotAfter: clock.AddDate(9, 0, 0),
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign, SubjectKeyId: []byte(commonName),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	must(t, err)
	certificate, err := x509.ParseCertificate(der)
	must(t, err)
	return &testIssuer{certificate, key}
}

// hostOf makes every file of a host: of its configuration, or of kubeadm's defaults and these profiles.
func hostOf(t *testing.T, file string) *testHost {
	t.Helper()
	dir := t.TempDir()
	config, err := kube.ParseConfig([]byte(file))
	must(t, err)
	h := &testHost{t: t, issuers: map[string]*testIssuer{}, Host: Host{
		Path: dir, Layout: Layout{Kubelet: filepath.Join(dir, "kubelet")}, Config: config, Known: true,
		Node: config.NodeName, Program: []string{"component-admin", "--dir", dir}, Flags: []string{"--config", "F"},
		Now: clock,
	}}
	for _, i := range kube.Issuers() {
		h.issuers[i.Name] = newIssuer(t, i.CommonName)
	}
	asks, err := kube.ControlPlane(config, h.Node, pki.Names{})
	if config.HasJoin {
		asks, err = kube.Worker(config, h.Node, pki.Names{})
	}
	must(t, err)
	for _, ask := range asks {
		h.install(ask, func(*x509.Certificate) {})
	}
	for _, i := range kube.Issuers() {
		if !config.HasJoin || i.Name == kube.ClusterIssuer {
			h.write("pki/"+i.Certificate, pki.EncodeCertificates(h.issuers[i.Name].certificate), 0o644)
		}
	}
	if !config.HasJoin {
		key := newKey(t)
		h.write(kube.ServiceAccountKey, encodeKey(t, key), 0o600)
		public, err := pki.EncodePublicKey(key.Public())
		must(t, err)
		h.write(kube.ServiceAccountPublic, public, 0o644)
	}
	return h
}

// install signs what was asked and puts it into place; change spoils the template first.
func (h *testHost) install(ask kube.Ask, change func(*x509.Certificate)) {
	h.t.Helper()
	key := newKey(h.t)
	leaf := pki.EncodeCertificates(h.leaf(ask, key.Public(), change))
	h.put(ask, leaf, encodeKey(h.t, key))
}

func (h *testHost) leaf(ask kube.Ask, key crypto.PublicKey, change func(*x509.Certificate)) *x509.Certificate {
	h.t.Helper()
	issuer := h.issuers[ask.Profile.Issuer]
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), NotBefore: clock.AddDate(0, -1, 0), NotAfter: clock.AddDate(0, 11, 0),
		Subject:     pkix.Name{CommonName: ask.CommonName, Organization: ask.Organizations},
		ExtKeyUsage: ask.Profile.Usages, DNSNames: ask.Names.DNS, KeyUsage: x509.KeyUsageDigitalSignature,
		BasicConstraintsValid: true,
	}
	for _, ip := range ask.Names.IPs {
		template.IPAddresses = append(template.IPAddresses, ip.AsSlice())
	}
	change(template)
	der, err := x509.CreateCertificate(rand.Reader, template, issuer.certificate, key, issuer.key)
	must(h.t, err)
	leaf, err := x509.ParseCertificate(der)
	must(h.t, err)
	return leaf
}

// put writes a result's files as sync does.
func (h *testHost) put(ask kube.Ask, certificate, key []byte) {
	h.t.Helper()
	p := ask.Profile
	switch {
	case p.Kubeconfig != "":
		k := kube.Kubeconfig{
			Cluster: h.Config.ClusterName, Server: ask.Server, User: ask.CommonName, Certificate: certificate, Key: key,
			CA: pki.EncodeCertificates(h.issuers[kube.ClusterIssuer].certificate),
		}
		h.write(p.Kubeconfig, k.Encode(), 0o600)
		if p.Combined != "" {
			h.write("kubelet/"+p.Combined, slices.Concat(certificate, key), 0o600)
		}
	case p.InKubelet:
		h.write("kubelet/"+p.Certificate, certificate, 0o644)
		h.write("kubelet/"+p.Key, key, 0o600)
	default:
		h.write(p.Certificate, certificate, 0o644)
		h.write(p.Key, key, 0o600)
	}
}

// again replaces one profile's certificate and key by spoiled ones.
func (h *testHost) again(profile string, change func(*x509.Certificate)) {
	h.t.Helper()
	p, ok := kube.Find(h.Config.Release, profile)
	if !ok {
		h.t.Fatal(profile)
	}
	h.install(h.Config.Ask(p, h.Node, pki.Names{}), change)
}

func (h *testHost) write(file string, text []byte, mode os.FileMode) {
	h.t.Helper()
	path := filepath.Join(h.Path, file)
	must(h.t, os.MkdirAll(filepath.Dir(path), 0o755))
	must(h.t, os.WriteFile(path, text, mode))
	must(h.t, os.Chmod(path, mode))
}

func (h *testHost) read(file string) []byte {
	h.t.Helper()
	text, err := os.ReadFile(filepath.Join(h.Path, file))
	must(h.t, err)
	return text
}

func (h *testHost) remove(file string) {
	h.t.Helper()
	must(h.t, os.Remove(filepath.Join(h.Path, file)))
}

// setUp makes it a component directory that pins the host's issuers.
func (h *testHost) setUp() {
	h.t.Helper()
	var authorities []pki.Authority
	for _, i := range kube.Issuers() {
		authorities = append(authorities, pki.Authority{Name: i.Name, Certificate: h.issuers[i.Name].certificate})
	}
	text := pki.EncodeTrust(authorities)
	trust, err := pki.ParseTrust(text)
	must(h.t, err)
	settings := Settings{Now: func() time.Time { return clock }, Log: slog.New(slog.DiscardHandler)}
	h.Component, err = Create(h.Path, Config{Name: "cp1", Trust: trust.Fingerprint}, settings)
	must(h.t, err)
	h.t.Cleanup(func() { h.Component.Close() })
	must(h.t, h.Component.private.Create(trustFile, text, 0o644))
}

// remember puts a request's state into the component directory.
func (h *testHost) remember(s State) {
	h.t.Helper()
	must(h.t, h.Component.keep(State{ID: s.ID, KeyInPlace: true}, nil, []byte("entry")))
	must(h.t, h.Component.save(s))
}

// examine is every finding as "Severity FILE: problem\n  fix: command", paths relative.
func (h *testHost) examine() string {
	h.t.Helper()
	report, err := h.Examine()
	must(h.t, err)
	var lines []string
	for _, f := range report.Findings {
		lines = append(lines, f.Severity+" "+f.File+": "+f.Problem+"\n  fix: "+f.Fix)
	}
	return strings.ReplaceAll(strings.Join(lines, "\n"), h.Path, "DIR")
}

func encodeKey(t *testing.T, key crypto.Signer) []byte {
	t.Helper()
	text, err := pki.EncodePrivateKey(key)
	must(t, err)
	return text
}
