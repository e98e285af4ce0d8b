package pass

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ca-exchange/internal/pki"
)

// TestBlockedKeysAreBounded: private keys in the inbox are blocked and removed; however many there were before, the
// list stays one that can be read, and the next request is served.
func TestBlockedKeysAreBounded(t *testing.T) {
	t.Parallel()
	log := &remembered{}
	c, x := closed(t, slog.New(slog.NewTextHandler(log, nil)))
	list := filepath.Join(c.Dir().Path(), "blocked-keys")
	dropKey := func(name string) {
		t.Helper()
		key, err := pki.ECDSAP256.Generate()
		if err != nil {
			t.Fatal(err)
		}
		der, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		if err := dropFast(x, name, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})); err != nil {
			t.Fatal(err)
		}
		if sum := passOver(t, c, x, newMemory()); sum.Denied != 1 || sum.Left != 0 {
			t.Errorf("%s: %+v", name, sum)
		}
	}
	lines := func() int {
		t.Helper()
		text, err := os.ReadFile(list)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Count(string(text), "\n")
	}
	dropKey("first")
	if n := lines(); n != 1 || log.count("the key is blocked") != 1 {
		t.Errorf("%d keys are blocked", n)
	}
	var full strings.Builder
	for i := range 4 << 20 / 65 {
		fmt.Fprintf(&full, "%064x\n", i)
	}
	if err := os.WriteFile(list, []byte(full.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	before := lines()
	dropKey("second")
	if n := lines(); n != before || log.count("blocked-keys is full, so the key is not blocked") != 1 {
		t.Errorf("%d keys are blocked, %d were", n, before)
	}
	if err := c.Block([]string{strings.Repeat("f", 64)}); err != nil || lines() != before+1 {
		t.Errorf("a person cannot block a key any more: %v", err)
	}
	if err := dropFast(x, "web", requests(t, 1)[0]); err != nil {
		t.Fatal(err)
	}
	if sum := passOver(t, c, x, newMemory()); sum.Held != 1 {
		t.Errorf("the next request: %+v", sum)
	}
}
