package component_test

import (
	"crypto/rand"
	"crypto/x509"
	"log/slog"
	"math/big"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"ca-exchange/internal/component"
	"ca-exchange/internal/pki"
)

// TestServiceAccountOnce: of several that look for a service account key at once, one makes it. RSA takes long enough
// for all to have looked.
func TestServiceAccountOnce(t *testing.T) {
	dir := t.TempDir()
	settings := component.Settings{Now: time.Now, Log: slog.New(slog.DiscardHandler)}
	created, err := component.Create(filepath.Join(dir, "host"), component.Config{Name: "cp1"}, settings)
	if err != nil {
		t.Fatal(err)
	}
	defer created.Close()
	var made atomic.Int32
	var programs sync.WaitGroup
	for range 4 {
		programs.Go(func() {
			host, err := component.Open(filepath.Join(dir, "host"), settings)
			if err != nil {
				t.Error(err)
				return
			}
			defer host.Close()
			first, err := host.ServiceAccount(component.Layout{}, nil, pki.RSA2048)
			if err != nil {
				t.Error(err)
			}
			if first {
				made.Add(1)
			}
		})
	}
	programs.Wait()
	if made.Load() != 1 {
		t.Errorf("%d keys were made", made.Load())
	}
	checkHalves(t, filepath.Join(dir, "host", "pki"))
}

// TestServiceAccountCertificate: a certificate of the key is its public half, too, and stays.
func TestServiceAccountCertificate(t *testing.T) {
	dir := t.TempDir()
	settings := component.Settings{Now: time.Now, Log: slog.New(slog.DiscardHandler)}
	host, err := component.Create(dir, component.Config{Name: "cp1"}, settings)
	if err != nil {
		t.Fatal(err)
	}
	defer host.Close()
	pem := component.Layout{PEM: true, Certificates: "."}
	if _, err := host.ServiceAccount(pem, nil, pki.ECDSAP256); err != nil {
		t.Fatal(err)
	}
	key, public := filepath.Join(dir, "service-account-key.pem"), filepath.Join(dir, "service-account.pem")
	text, err := os.ReadFile(key)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := pki.ParsePrivateKey(text, nil)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now()}
	der, err := x509.CreateCertificate(rand.Reader, template, template, signer.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	before := pki.EncodeCertificates(certificate)
	if err := os.WriteFile(public, before, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := host.ServiceAccount(pem, text, pki.ECDSAP256); err != nil {
		t.Fatal(err)
	}
	if after, err := os.ReadFile(public); err != nil || string(after) != string(before) {
		t.Errorf("the certificate was replaced: %v\n%s", err, after)
	}
}

// checkHalves holds sa.pub against sa.key.
func checkHalves(t *testing.T, dir string) {
	t.Helper()
	key, err := os.ReadFile(filepath.Join(dir, "sa.key"))
	if err != nil {
		t.Fatal(err)
	}
	signer, err := pki.ParsePrivateKey(key, nil)
	if err != nil {
		t.Fatal(err)
	}
	want, err := pki.EncodePublicKey(signer.Public())
	if err != nil {
		t.Fatal(err)
	}
	if public, err := os.ReadFile(filepath.Join(dir, "sa.pub")); err != nil || string(public) != string(want) {
		t.Errorf("sa.pub is not the public half of sa.key: %v", err)
	}
}
