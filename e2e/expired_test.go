package e2e_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"ca-exchange/internal/kube"
	"ca-exchange/internal/pki"
)

// TestExpiredCluster: the README's first commands bring a control plane back whose certificates have all ended, with
// its keys and names as they were, and no CA key on the host or the stick.
func TestExpiredCluster(t *testing.T) {
	long(t)
	t.Parallel()
	needs(t, "openssl")
	x := &exchange{T: t, dir: t.TempDir(), bin: build(t)}
	x.ca(0, "init", "--key-type", "ECDSA-P256", "--config", absolute(t, "testdata/kubeadm.yaml"))
	component := func(want int, args ...string) string {
		t.Helper()
		return x.run(want, "component-admin", append([]string{"--dir", "host"}, args...)...)
	}
	component(0, "init", "--name", "cp1", "--trust", x.trust())
	x.ca(0, "enroll", "cp1", "--key", "host/component-admin/identity.pub", "--control-plane")
	component(0, "request", "control-plane", "--config", absolute(t, "testdata/kubeadm.yaml"), "--key-type",
		"ECDSA-P256")
	x.ca(0, "sync")
	x.ca(0, append([]string{"approve", "--yes"}, x.heldIDs()...)...)
	component(0, "sync")
	before := x.expireAll("host")
	component(5, "doctor", "--config", absolute(t, "testdata/kubeadm.yaml"))
	x.ca(0, "exchange", "stick")

	for _, line := range readmeRecovery(t) {
		words := strings.Fields(strings.NewReplacer("/etc/kubernetes", "host", "/media/stick", "stick").Replace(line))
		if words[1] == "review" { // the terminal is TestReview's; here the same people decide the same
			words = append([]string{"ca-admin", "approve", "--yes", "--exchange", "stick"}, x.heldIDs()...)
		}
		x.run(0, words[0], words[1:]...)
	}

	component(0, "doctor", "--config", absolute(t, "testdata/kubeadm.yaml"))
	for file, key := range before {
		if have := x.certificate("host/" + file).RawSubjectPublicKeyInfo; !bytes.Equal(have, key) {
			t.Errorf("%s: the certificate is not for the key that was in place", file)
		}
	}
	x.run(0, "openssl", "verify", "-purpose", "sslserver", "-verify_hostname", "api.example", "-verify_ip",
		"192.0.2.10",
		"-CAfile", "host/pki/ca.crt", "host/pki/apiserver.crt")
	for _, place := range []string{"host", "stick"} {
		if keys, err := filepath.Glob(filepath.Join(x.dir, place, "*", "*ca.key")); err != nil || len(keys) > 0 {
			t.Errorf("CA keys in %s: %q, %v", place, keys, err)
		}
	}
}

// readmeRecovery are the commands of the README's first block that has some.
func readmeRecovery(t *testing.T) (commands []string) {
	t.Helper()
	text, err := os.ReadFile("../README.md")
	must(t, err)
	block := regexp.MustCompile(`(?m)(^    .*\$ (ca|component)-admin .*\n)+`).FindString(string(text))
	for _, line := range regexp.MustCompile(`(?m)\$ (.*?)(\s+#.*)?$`).FindAllStringSubmatch(block, -1) {
		commands = append(commands, line[1])
	}
	if len(commands) != 4 || !strings.Contains(block, "--from-pki") {
		t.Fatalf("the README's first commands are %q, not the four that bring a cluster back", commands)
	}
	return commands
}

// expireAll replaces every certificate of a host but the issuers' by one that ended a month ago, and gives the public
// key of each.
func (x *exchange) expireAll(host string) map[string][]byte {
	x.Helper()
	keys := map[string][]byte{}
	must(x.T, filepath.WalkDir(filepath.Join(x.dir, host), func(path string, d fs.DirEntry, err error) error {
		file, _ := filepath.Rel(filepath.Join(x.dir, host), path)
		kind := filepath.Ext(path)
		switch {
		case err != nil, d.IsDir(), strings.HasPrefix(file, "component-admin"), strings.HasSuffix(file, "ca.crt"),
			kind != ".crt" && kind != ".conf":
			return err
		}
		keys[file] = x.certificate(host + "/" + file).RawSubjectPublicKeyInfo
		return x.expire(path)
	}))
	if len(keys) != 13 {
		x.Fatalf("a control plane has 13 certificates, this one %d", len(keys))
	}
	return keys
}

func (x *exchange) expire(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if k, err := kube.ParseKubeconfig(text); err == nil {
		k.Certificate = x.ended(k.Certificate)
		return os.WriteFile(path, k.Encode(), 0o600)
	}
	return os.WriteFile(path, x.ended(text), 0o644)
}

// ended is the first certificate of a PEM text as its issuer would have made it a year and a month ago.
func (x *exchange) ended(text []byte) []byte {
	x.Helper()
	chain, err := pki.ParseCertificates(text)
	must(x.T, err)
	for _, name := range []string{"ca", "etcd/ca", "front-proxy-ca"} {
		issuer := firstCertificate(x.T, filepath.Join(x.dir, "ca", name+".crt"))
		if chain[0].CheckSignatureFrom(issuer) != nil {
			continue
		}
		keyText, err := os.ReadFile(filepath.Join(x.dir, "ca", name+".key"))
		must(x.T, err)
		key, err := pki.ParsePrivateKey(keyText, nil)
		must(x.T, err)
		old := *chain[0]
		old.NotBefore, old.NotAfter = time.Now().AddDate(-1, -1, 0), time.Now().AddDate(0, -1, 0)
		der, err := x509.CreateCertificate(rand.Reader, &old, issuer, old.PublicKey, crypto.Signer(key))
		must(x.T, err)
		return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	}
	x.Fatalf("no issuer signed %q", chain[0].Subject)
	return nil
}

// certificate is the one in a certificate file or a kubeconfig.
func (x *exchange) certificate(file string) *x509.Certificate {
	x.Helper()
	text, err := os.ReadFile(filepath.Join(x.dir, file))
	must(x.T, err)
	if k, err := kube.ParseKubeconfig(text); err == nil {
		text = k.Certificate
	}
	chain, err := pki.ParseCertificates(text)
	must(x.T, err)
	return chain[0]
}
