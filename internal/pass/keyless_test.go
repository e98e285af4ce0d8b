package pass

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"ca-exchange/internal/ca"
	"ca-exchange/internal/kube"
	"ca-exchange/internal/pki"
	"ca-exchange/internal/policy"
)

// TestWithoutKey: a CA whose key is not at hand holds and denies as ever, leaves what is to be signed where it is, says
// so once, and signs each of it once when the key is there.
func TestWithoutKey(t *testing.T) {
	t.Parallel()
	log := &remembered{}
	c, x := makeCA(t, pki.ECDSAP256, slog.New(slog.NewTextHandler(log, nil)))
	t.Cleanup(func() { x.Close(); c.Close() })
	drop := func(name string, entry []byte) {
		t.Helper()
		if err := dropFast(x, name, entry); err != nil {
			t.Fatal(err)
		}
	}
	for i, e := range requests(t, 300) {
		drop(fmt.Sprintf("s%d", i), e)
	}
	drop("client", clientRequest(t, 1))
	drop("broken", []byte("-----BEGIN CERTIFICATE REQUEST-----\n-----END CERTIFICATE REQUEST-----\n"))
	m := newMemory()
	if sum := passOver(t, c, x, m); sum.Left != 300 || sum.Held != 1 || sum.Denied != 1 || sum.Issued != 0 {
		t.Fatalf("without the key: %+v", sum)
	}
	if sum := passOver(t, c, x, m); sum.Left+sum.Answered() != 0 {
		t.Errorf("the next pass looks again: %+v", sum)
	}
	drop("late", requests(t, 1)[0])
	passOver(t, c, x, m)
	if n := log.count("signing with issuer ca"); n != 1 {
		t.Errorf("%d log lines about the key", n)
	}
	if err := c.Unlock(); err != nil {
		t.Fatal(err)
	}
	if sum := passOver(t, c, x, m); sum.Issued != 301 || sum.Left != 0 {
		t.Errorf("with the key: %+v", sum)
	}
	if all, err := issued(t, c); err != nil || len(all) != 301 {
		t.Errorf("%d certificates, %v", len(all), err)
	}
}

// TestHeldWithoutKey: what is held, and would be issued since the rules changed, is issued once the key is there: by
// this process, or by one that starts later.
func TestHeldWithoutKey(t *testing.T) {
	t.Parallel()
	c, x := makeCAWith(t, pki.ECDSAP256, slog.New(slog.DiscardHandler), nil)
	t.Cleanup(func() { x.Close(); c.Close() })
	for i, e := range requests(t, 5) {
		if err := dropFast(x, fmt.Sprintf("s%d", i), e); err != nil {
			t.Fatal(err)
		}
	}
	if sum := passOver(t, c, x, newMemory()); sum.Held != 5 {
		t.Fatalf("%+v", sum)
	}
	text, err := policy.Default(policy.Defaults{Cluster: policy.Cluster{Kubernetes: kube.Latest().String()},
		Unsigned: []string{"server"}})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(c.Dir().Path(), "policy.yaml"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	pass := func(m *memory) Summary {
		t.Helper()
		sum, err := newPass(c, x, m, Options{OpenInbox: true}).run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return sum
	}
	m := newMemory()
	for i, want := range []int{5, 0} {
		if sum := pass(m); sum.Left != want || sum.Issued != 0 {
			t.Errorf("pass %d without the key: %+v", i, sum)
		}
	}
	later, err := ca.Open(c.Dir().Path(), c.Settings)
	if err != nil {
		t.Fatal(err)
	}
	defer later.Close()
	if err := later.Unlock(); err != nil {
		t.Fatal(err)
	}
	c = later
	if sum := pass(newMemory()); sum.Issued != 5 {
		t.Errorf("with the key: %+v", sum)
	}
	if sum := pass(newMemory()); sum.Answered() != 0 {
		t.Errorf("everything is answered: %+v", sum)
	}
}
