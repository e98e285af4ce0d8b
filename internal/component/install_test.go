package component

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ca-exchange/internal/kube"
	"ca-exchange/internal/pki"
)

// installed makes a world whose host has one certificate.
func installed(t *testing.T) (*world, State) {
	t.Helper()
	w := newWorld(t)
	s := w.request(t)
	w.sync(t, SyncOptions{})
	w.answer(t, s)
	out := w.sync(t, SyncOptions{})["pki/www.crt"]
	if out.Status != StatusInstalled || out.Problem != nil {
		t.Fatalf("%s: %v", out.Status, out.Problem)
	}
	return w, out.State
}

func TestInstalled(t *testing.T) {
	t.Parallel()
	w, s := installed(t)
	leaf := w.pair(t, "pki/www.crt", "pki/www.key")
	if s.Fingerprint != pki.Fingerprint(leaf) || !s.NotAfter.Equal(leaf.NotAfter) {
		t.Errorf("state %s, %s; certificate %s, %s", s.Fingerprint, s.NotAfter, pki.Fingerprint(leaf), leaf.NotAfter)
	}
	for file, mode := range map[string]fs.FileMode{"pki/www.key": 0o600, "pki/www.crt": 0o644, "pki/ca.crt": 0o644} {
		if s, err := os.Stat(w.path("host", file)); err != nil || s.Mode() != mode {
			t.Errorf("%s: %v, %v, not %v", file, s.Mode(), err, mode)
		}
	}
	if left := list(t,
		w.path("host", "component-admin", "requests", s.ID)); left != "certificate.pem request.csr state.json" {
		t.Errorf("the request still has %s", left)
	}
	if left := list(t, w.path("exchange", "outbox")); left != "issuers.pem" {
		t.Errorf("the outbox still has %s", left)
	}
}

// trySync is a Sync that the test expects to fail.
func (w *world) trySync(t *testing.T) {
	c, err := Open(w.path("host"), w.settings())
	if err != nil {
		return
	}
	defer c.Close()
	w.syncWith(t, c)
}

func TestFinishTwice(t *testing.T) {
	t.Parallel()
	w, s := installed(t)
	c := w.open(t)
	key := w.read(t, "host", "pki/www.key")
	dir, err := c.request(s.ID)
	must(t, err)
	defer dir.Close()
	// As if killed after the certificate was renamed and before the state said so: the copy of the key is there still.
	must(t, dir.Create(keyFile, key, 0o600))
	s.Status = StatusInstalling
	must(t, c.save(s))
	if all, err := c.SyncLocal(t.Context()); err != nil || len(all) != 1 || all[0].Status != StatusInstalled {
		t.Fatalf("%+v, %v", all, err)
	}
	w.pair(t, "pki/www.crt", "pki/www.key")
	if names := list(t, w.path("host", "pki")); strings.Contains(names, previousSuffix) {
		t.Errorf("what was in place already was kept: %s", names)
	}
	if _, err := dir.Stat(keyFile); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the copy of the key is still there: %v", err)
	}
}

// TestPreviousKeepsMode: what an installation replaces may hold a key, whatever its name says.
func TestPreviousKeepsMode(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	must(t, os.MkdirAll(w.path("host", "pki"), 0o755))
	must(t, os.WriteFile(w.path("host", "pki/www.crt"), []byte("certificate and PRIVATE KEY"), 0o600))
	s := w.request(t)
	w.answer(t, s)
	w.sync(t, SyncOptions{})
	kept, err := os.Stat(w.path("host", "pki/www.crt.previous"))
	if err != nil || kept.Mode() != 0o600 ||
		!bytes.Contains(w.read(t, "host", "pki/www.crt.previous"), []byte("PRIVATE")) {
		t.Errorf("mode %v, %v, not 0600", kept.Mode(), err)
	}
}

// TestForgedAnswers: whatever lies in the outbox under a request's name, nothing of it is installed.
func TestForgedAnswers(t *testing.T) {
	t.Parallel()
	other := newAuthority(t, "kubernetes", time.Now())
	stranger := newKey(t)
	for _, c := range []struct {
		name   string
		want   string
		change func(w *world, template *x509.Certificate, key *crypto.PublicKey)
	}{
		{"key", "the certificate is for another key",
			func(_ *world, _ *x509.Certificate, key *crypto.PublicKey) { *key = stranger.Public() }},
		{"issuer", "was not signed by the pinned issuer",
			func(w *world, _ *x509.Certificate, _ *crypto.PublicKey) { w.ca = other }},
		{"common name", "the subject is",
			func(_ *world, c *x509.Certificate, _ *crypto.PublicKey) { c.Subject.CommonName = "other.example" }},
		{"group", "the subject is",
			func(_ *world, c *x509.Certificate, _ *crypto.PublicKey) {
				c.Subject.Organization = []string{"system:masters"}
			}},
		{"usage", "not for serverAuth",
			func(_ *world, c *x509.Certificate, _ *crypto.PublicKey) {
				c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
			}},
		{"authority", "CA",
			func(_ *world, c *x509.Certificate, _ *crypto.PublicKey) { c.IsCA = true }},
		{"more names", "names that were not asked for",
			func(_ *world, c *x509.Certificate, _ *crypto.PublicKey) {
				c.DNSNames = append(c.DNSNames, "evil.example")
			}},
		{"ended", "not valid now",
			func(w *world, c *x509.Certificate, _ *crypto.PublicKey) {
				c.NotBefore, c.NotAfter = w.clock.Add(-2*time.Hour), w.clock.Add(-time.Hour)
			}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			s := w.request(t)
			template, key := w.template(t, s)
			honest := w.ca
			c.change(w, template, &key)
			w.publish(t, s.Entry+".crt", w.ca.sign(t, template, key))
			w.ca = honest
			out := w.sync(t, SyncOptions{})["pki/www.crt"]
			if out.Status != StatusOpen || out.Problem == nil || !strings.Contains(out.Problem.Error(), c.want) {
				t.Errorf("%s, %v", out.Status, out.Problem)
			}
			if _, err := os.Stat(w.path("host", "pki")); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("something was installed: %s", list(t, w.path("host", "pki")))
			}
			// The right one still comes: a wrong answer closes nothing.
			w.answer(t, s)
			if out := w.sync(t, SyncOptions{})["pki/www.crt"]; out.Status != StatusInstalled {
				t.Errorf("the right answer afterwards: %s, %v", out.Status, out.Problem)
			}
		})
	}
}

func TestMoreNamesAccepted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.request(t)
	w.answer(t, s, func(c *x509.Certificate) { c.DNSNames = append(c.DNSNames, "more.example") })
	if out := w.sync(t, SyncOptions{AcceptNames: true})["pki/www.crt"]; out.Status != StatusInstalled {
		t.Errorf("%s, %v", out.Status, out.Problem)
	}
}

// TestOnlyTheChain: of an answer the leaf alone is believed; what else stands in it is never written.
func TestOnlyTheChain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	other := newAuthority(t, "other", w.clock)
	s := w.request(t)
	template, key := w.template(t, s)
	w.publish(t, s.Entry+".crt", append(w.ca.sign(t, template, key), pki.EncodeCertificates(other.certificate)...))
	w.sync(t, SyncOptions{})
	if c, err := pki.ParseCertificates(w.read(t, "host", "pki/www.crt")); err != nil || len(c) != 1 {
		t.Errorf("%d certificates, %v", len(c), err)
	}
}

// TestEarlierEnd: a valid certificate that ends before the installed one is an old answer dropped again.
func TestEarlierEnd(t *testing.T) {
	t.Parallel()
	w, _ := installed(t)
	w.clock = w.clock.Add(time.Hour)
	s := w.request(t)
	w.answer(t, s, func(c *x509.Certificate) { c.NotAfter = w.clock.AddDate(0, 6, 0) })
	out := w.sync(t, SyncOptions{})["pki/www.crt"]
	if out.Status != StatusOpen || out.Problem == nil ||
		!strings.Contains(out.Problem.Error(), "before the installed one") {
		t.Errorf("%s, %v", out.Status, out.Problem)
	}
}

// TestUselessInPlace: a certificate of another CA that ends later does not keep the right one out.
func TestUselessInPlace(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.request(t)
	template, key := w.template(t, s)
	template.NotAfter = w.clock.AddDate(5, 0, 0)
	must(t, os.MkdirAll(w.path("host", "pki"), 0o755))
	theirs := newAuthority(t, "other", w.clock).sign(t, template, key)
	must(t, os.WriteFile(w.path("host", "pki", "www.crt"), theirs, 0o644))
	w.answer(t, s)
	if out := w.sync(t, SyncOptions{})["pki/www.crt"]; out.Status != StatusInstalled {
		t.Errorf("%s, %v", out.Status, out.Problem)
	}
}

func TestLosing(t *testing.T) {
	t.Parallel()
	w, _ := installed(t)
	w.clock = w.clock.Add(time.Hour)
	s := w.request(t, func(a *kube.Ask, _ *Wish) { a.Names.IPs = nil })
	w.answer(t, s)
	var said []string
	w.sync(t, SyncOptions{Losing: func(_ State, lost []string) {
		said = append(said, lost...)
		if leaf := w.pair(t, "pki/www.crt", "pki/www.key"); len(leaf.IPAddresses) != 1 {
			t.Error("it was said after the installation")
		}
	}})
	if strings.Join(said, ",") != "IP 192.0.2.21" {
		t.Errorf("said %q", said)
	}
}

func TestAnotherCAInPlace(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	other := newAuthority(t, "kubernetes", w.clock)
	must(t, os.MkdirAll(w.path("host", "pki"), 0o755))
	theirs := pki.EncodeCertificates(other.certificate)
	must(t, os.WriteFile(w.path("host", "pki", "ca.crt"), theirs, 0o644))
	s := w.request(t)
	w.answer(t, s)
	out := w.sync(t, SyncOptions{})["pki/www.crt"]
	if !errors.Is(out.Problem, ErrOtherCA) || !bytes.Equal(w.read(t, "host", "pki", "ca.crt"), theirs) {
		t.Errorf("%v", out.Problem)
	}
	if _, err := os.Stat(w.path("host", "pki", "www.key")); !errors.Is(err, fs.ErrNotExist) {
		t.Error("a key was installed beside another CA")
	}
}

// TestLinkInPlace: a link is replaced itself, and what it leads to stays.
func TestLinkInPlace(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	elsewhere := filepath.Join(t.TempDir(), "file")
	must(t, os.WriteFile(elsewhere, []byte("theirs"), 0o600))
	must(t, os.MkdirAll(w.path("host", "pki"), 0o755))
	must(t, os.Symlink(elsewhere, w.path("host", "pki", "www.key")))
	s := w.request(t)
	w.answer(t, s)
	w.sync(t, SyncOptions{})
	w.pair(t, "pki/www.crt", "pki/www.key")
	if b, err := os.ReadFile(elsewhere); err != nil || string(b) != "theirs" {
		t.Errorf("%q, %v", b, err)
	}
}
