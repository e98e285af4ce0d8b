package component_test

import (
	"log/slog"
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
