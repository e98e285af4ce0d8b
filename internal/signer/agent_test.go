package signer

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
)

// testKeys are one key of each kind that an agent signs with.
func testKeys(t *testing.T) map[string]crypto.Signer {
	t.Helper()
	p256, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	must(t, err)
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	must(t, err)
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	return map[string]crypto.Signer{"P-256": p256, "P-384": p384, "RSA": rsaKey, "Ed25519": ed}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// openSSH starts OpenSSH's agent, and gives its socket and what ends it.
func openSSH(t *testing.T) (socket string, end func()) {
	t.Helper()
	if _, err := exec.LookPath("ssh-agent"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip("ssh-agent is not installed")
	}
	socket = filepath.Join(t.TempDir(), "agent")
	cmd := exec.Command("ssh-agent", "-D", "-a", socket)
	cmd.Env = append(os.Environ(), "SSH_ASKPASS=/bin/false", "DISPLAY=") // it asks nobody
	must(t, cmd.Start())
	end = func() { cmd.Process.Kill(); cmd.Wait() }
	t.Cleanup(end)
	for range 200 {
		if c, err := net.Dial("unix", socket); err == nil {
			c.Close()
			return socket, end
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("ssh-agent does not answer")
	return "", nil
}

// add gives a key to an agent, with ssh-add.
func add(t *testing.T, socket string, key crypto.Signer, flags ...string) {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	must(t, err)
	file := filepath.Join(t.TempDir(), "key")
	must(t, os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600))
	if _, ok := key.(ed25519.PrivateKey); ok { // ssh-add reads Ed25519 in OpenSSH's form alone
		block, err := ssh.MarshalPrivateKey(key, "")
		must(t, err)
		must(t, os.WriteFile(file, pem.EncodeToMemory(block), 0o600))
	}
	cmd := exec.Command("ssh-add", append(append([]string{"-q"}, flags...), file)...)
	cmd.Env = append(os.Environ(), "SSH_AUTH_SOCK="+socket)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("ssh-add: %v: %s", err, out)
	}
}

// certified makes a certificate with the signer's key, as an issuer does, and returns what openssl says of it.
func certified(t *testing.T, s crypto.Signer) (*x509.Certificate, error) {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "kubernetes"}, IsCA: true,
		NotBefore: time.Now().Add(-time.Minute), NotAfter: time.Now().Add(time.Hour), BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, s.Public(), s)
	if err != nil {
		return nil, err
	}
	c, err := x509.ParseCertificate(der)
	must(t, err)
	file := filepath.Join(t.TempDir(), "ca.crt")
	must(t, os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	out, err := exec.Command("openssl", "verify", "-check_ss_sig", "-CAfile", file, file).CombinedOutput()
	if err != nil {
		t.Errorf("openssl verify: %v: %s", err, out)
	}
	return c, nil
}

// TestAgent: each kind of key signs certificates that openssl verifies, with the algorithm that belongs to it.
func TestAgent(t *testing.T) {
	t.Parallel()
	socket, _ := openSSH(t)
	algorithms := map[string]x509.SignatureAlgorithm{
		"P-256": x509.ECDSAWithSHA256, "P-384": x509.ECDSAWithSHA384, "RSA": x509.SHA256WithRSA,
		"Ed25519": x509.PureEd25519,
	}
	for kind, key := range testKeys(t) {
		add(t, socket, key)
		a, err := NewAgent(socket, key.Public())
		must(t, err)
		c, err := certified(t, a)
		if err != nil || c.SignatureAlgorithm != algorithms[kind] {
			t.Errorf("%s: signed with %v: %v", kind, c, err)
		}
		fingerprint, err := Fingerprint(key.Public())
		must(t, err)
		found, err := Find(socket, fingerprint)
		if err != nil || !found.(interface{ Equal(crypto.PublicKey) bool }).Equal(key.Public()) {
			t.Errorf("%s: found %v, %v", kind, found, err)
		}
		if _, err := a.Sign(rand.Reader, make([]byte, 32), crypto.SHA256); err == nil {
			t.Errorf("%s: signed a digest", kind)
		}
		if _, err := a.SignMessage(rand.Reader, []byte("text"), crypto.SHA512); err == nil {
			t.Errorf("%s: signed with SHA-512", kind)
		}
		pss := &rsa.PSSOptions{Hash: a.algorithm.hash}
		if _, err := a.SignMessage(rand.Reader, []byte("text"), pss); err == nil {
			t.Errorf("%s: signed with PSS", kind)
		}
	}
}

// TestAgentRefused: what an agent does not sign is said with the reason, and comes back when the agent does.
func TestAgentRefused(t *testing.T) {
	t.Parallel()
	key := testKeys(t)["P-256"]
	socket, end := openSSH(t)
	a, err := NewAgent(socket, key.Public())
	must(t, err)
	wants := func(text string) {
		t.Helper()
		_, err := certified(t, a)
		if !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), text) {
			t.Errorf("%v", err)
		}
	}
	wants("it does not have the key SHA256:")
	add(t, socket, key, "-c") // it asks a person, and there is none
	wants("it has the key, and did not sign")
	add(t, socket, key)
	if _, err := certified(t, a); err != nil {
		t.Error(err)
	}
	end()
	wants("connection refused")
	must(t, os.Remove(socket))
	wants("no such file")
	none, err := NewAgent("", key.Public())
	must(t, err)
	if _, err := certified(t, none); err == nil || !strings.Contains(err.Error(), "SSH_AUTH_SOCK is not set") {
		t.Errorf("%v", err)
	}
	if _, err := Find(socket, "SHA256:none"); !errors.Is(err, ErrUnavailable) {
		t.Errorf("%v", err)
	}
}
