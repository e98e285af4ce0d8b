package pass

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"ca-exchange/internal/ca"
	"ca-exchange/internal/inbox"
	"ca-exchange/internal/pki"
	"ca-exchange/internal/policy"
	"ca-exchange/internal/signer/signertest"
)

// attached makes a CA whose key an agent has, no file. Its clock goes as the test wants.
func attached(t *testing.T, log *remembered) (*ca.CA, *inbox.Exchange, *signertest.Agent, *atomic.Int64) {
	t.Helper()
	c, x := makeCA(t, pki.ECDSAP256, slog.New(slog.NewTextHandler(log, nil)))
	t.Cleanup(func() { x.Close(); c.Close() })
	file := filepath.Join(c.Dir().Path(), "ca.key")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	key, err := pki.ParsePrivateKey(text, nil)
	if err != nil {
		t.Fatal(err)
	}
	a := signertest.New(t, key)
	public, err := ssh.NewPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	with := policy.Signer{Agent: ssh.FingerprintSHA256(public), Socket: a.Socket}
	if err := c.AttachSigner(t.Context(), "ca", with); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if err := c.Unlock(); err != nil {
		t.Fatal(err)
	}
	later, start := new(atomic.Int64), time.Now()
	c.Now = func() time.Time { return start.Add(time.Duration(later.Load())) }
	return c, x, a, later
}

func drop(t *testing.T, x *inbox.Exchange, prefix string, n int) {
	t.Helper()
	for i, e := range requests(t, n) {
		if err := dropFast(x, fmt.Sprintf("%s%d", prefix, i), e); err != nil {
			t.Fatal(err)
		}
	}
}

func wantCertificates(t *testing.T, c *ca.CA, x *inbox.Exchange, n int) {
	t.Helper()
	all, err := issued(t, c)
	if err != nil || len(all) != n {
		t.Errorf("%d certificates, expected %d; %v", len(all), n, err)
	}
	published, err := filepath.Glob(filepath.Join(x.Path(), "outbox", "s*.crt"))
	if err != nil || len(published) != n {
		t.Errorf("%d are published, expected %d; %v", len(published), n, err)
	}
}

// TestAgentGone: an agent that is gone in the middle of a watch leaves its requests where they are. It is said once,
// what needs no signature is answered meanwhile, and all of them are served once when the agent is back.
func TestAgentGone(t *testing.T) {
	t.Parallel()
	log := &remembered{}
	c, x, a, later := attached(t, log)
	m := newMemory()
	drop(t, x, "s", 3)
	if sum := passOver(t, c, x, m); sum.Issued != 3 {
		t.Fatalf("with the agent: %+v", sum)
	}
	a.Stop()
	drop(t, x, "sl", 40)
	if err := dropFast(x, "client", clientRequest(t, 1)); err != nil {
		t.Fatal(err)
	}
	if sum := passOver(t, c, x, m); sum.Left != 40 || sum.Held != 1 || sum.Issued != 0 {
		t.Errorf("without the agent: %+v", sum)
	}
	for range 5 {
		later.Add(int64(2 * time.Minute))
		if sum := passOver(t, c, x, m); sum.Left+sum.Answered() != 0 {
			t.Errorf("they are looked at again while the agent is away: %+v", sum)
		}
	}
	if n := log.count("signing with issuer ca"); n != 1 || log.count("no signature: ") != 1 {
		t.Errorf("the agent's absence is said %d times: %q", n, log.lines)
	}
	wantCertificates(t, c, x, 3)
	a.Start()
	later.Add(int64(2 * time.Minute))
	if sum := passOver(t, c, x, m); sum.Issued != 40 || sum.Left != 0 {
		t.Errorf("with the agent again: %+v", sum)
	}
	wantCertificates(t, c, x, 43)
	a.Stop()
	drop(t, x, "sm", 1)
	passOver(t, c, x, m)
	if n := log.count("signing with issuer ca"); n != 2 {
		t.Errorf("the second absence is not said, or too often: %d", n)
	}
}

// TestWrongSigner: what an agent signs wrongly, or with another key, is neither recorded nor published, and is said
// with the issuer's name. Once it signs well its requests are served.
func TestWrongSigner(t *testing.T) {
	t.Parallel()
	other, err := pki.ECDSAP256.Generate()
	if err != nil {
		t.Fatal(err)
	}
	with, err := ssh.NewSignerFromSigner(other)
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*ssh.Signature){
		"one bit": func(s *ssh.Signature) { s.Blob[len(s.Blob)-1] ^= 1 },
		"another key": func(s *ssh.Signature) {
			if wrong, err := with.Sign(nil, []byte("text")); err == nil {
				s.Blob = wrong.Blob
			}
		},
	} {
		log := &remembered{}
		c, x, a, later := attached(t, log)
		m, good := newMemory(), a.Change
		a.Change = change
		drop(t, x, "s", 5)
		if sum := passOver(t, c, x, m); sum.Left != 5 || sum.Answered() != 0 {
			t.Errorf("%s: %+v", name, sum)
		}
		wantCertificates(t, c, x, 0)
		if log.count("issuer \\\"ca\\\"") != 1 || log.count("a wrong signature") != 1 {
			t.Errorf("%s: %q", name, log.lines)
		}
		a.Change = good
		later.Add(int64(2 * time.Minute))
		if sum := passOver(t, c, x, m); sum.Issued != 5 {
			t.Errorf("%s: once it signs well: %+v", name, sum)
		}
		wantCertificates(t, c, x, 5)
	}
}

// TestSlowSigner: what is held or denied does not wait for all signatures of a slow signer, and in the end all is
// signed once.
func TestSlowSigner(t *testing.T) {
	t.Parallel()
	c, x, a, later := attached(t, &remembered{})
	a.Change = func(*ssh.Signature) { later.Add(int64(20 * time.Second)) }
	drop(t, x, "s", 12)
	if err := dropFast(x, "client", clientRequest(t, 1)); err != nil {
		t.Fatal(err)
	}
	if sum := passOver(t, c, x, newMemory()); sum.Issued != 12 || sum.Held != 1 || sum.Left != 0 {
		t.Errorf("%+v", sum)
	}
	wantCertificates(t, c, x, 12)
	before := 0
	for e, err := range c.Ledger().Log(t.Context(), time.Time{}) {
		if err != nil {
			t.Fatal(err)
		}
		if e.Kind == "Held" {
			break
		}
		before += strings.Count(e.Kind, "Issued")
	}
	if before > 4 {
		t.Errorf("the held one waited for %d signatures of 20 seconds each", before)
	}
}
