package component

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"
	"time"

	"ca-exchange/internal/inbox"
	"ca-exchange/internal/kube"
	"ca-exchange/internal/pki"
	"ca-exchange/internal/refusal"
)

// deny publishes a notice and takes the entry away.
func (w *world) deny(t *testing.T, s State, n refusal.Notice) {
	t.Helper()
	n.Status, n.Time = "Denied", w.clock
	b, err := n.Encode()
	must(t, err)
	w.publish(t, s.Entry+".denied.json", b)
	w.take(t, s)
}

func TestDrop(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.request(t)
	for i, dropped := range []bool{true, false} { // the second time it lies there already
		if out := w.sync(t, SyncOptions{})["pki/www.crt"]; out.Dropped != dropped || out.Undropped != nil {
			t.Errorf("sync %d: dropped %v, %v", i, out.Dropped, out.Undropped)
		}
	}
	if r := w.parsed(t, s); r.ID.String() != s.ID || r.Unsigned() || r.Cover.Trust != w.trust(t).Fingerprint {
		t.Errorf("%+v", r.Cover)
	}
	w.take(t, s) // the CA took it and answered nothing yet: it is dropped again
	if out := w.sync(t, SyncOptions{})["pki/www.crt"]; !out.Dropped {
		t.Error("not dropped again")
	}
}

// TestForeignEntry: what lies under the entry's name is compared, whatever it is.
func TestForeignEntry(t *testing.T) {
	t.Parallel()
	for what, make := range map[string]func(path string) error{
		"directory": func(path string) error { return os.Mkdir(path, 0o755) },
		"file":      func(path string) error { return os.WriteFile(path, []byte("x"), 0o644) },
		"link":      func(path string) error { return os.Symlink("/etc/passwd", path) },
	} {
		t.Run(what, func(t *testing.T) {
			w := newWorld(t)
			s := w.request(t)
			must(t, make(w.path("exchange", "inbox", s.Entry+".csr")))
			out := w.sync(t, SyncOptions{})["pki/www.crt"]
			if out.Dropped || !errors.Is(out.Undropped, inbox.ErrForeign) {
				t.Errorf("%v, %v", out.Dropped, out.Undropped)
			}
		})
	}
}

// TestDenied: a denial is found by any of the three ways a CA can name a request, it holds the same bytes up for a day,
// and a person's Again does not wait for that.
func TestDenied(t *testing.T) {
	t.Parallel()
	for by, notice := range map[string]func(w *world, s State, entry []byte) refusal.Notice{
		"id": func(_ *world, s State, _ []byte) refusal.Notice { return refusal.Notice{Request: s.ID} },
		"refused id": func(_ *world, _ State, entry []byte) refusal.Notice {
			return refusal.Notice{Request: pki.RefusedID(entry).String()}
		},
		"bytes": func(_ *world, _ State, entry []byte) refusal.Notice {
			sum := sha256.Sum256(entry)
			return refusal.Notice{Request: strings.Repeat("0", 64), Bytes: hex.EncodeToString(sum[:])}
		},
	} {
		t.Run(by, func(t *testing.T) {
			w := newWorld(t)
			s := w.request(t)
			w.sync(t, SyncOptions{})
			w.deny(t, s, notice(w, s, w.read(t, "exchange", "inbox", s.Entry+".csr")))
			for _, c := range []struct {
				after   time.Duration
				options SyncOptions
				dropped bool
			}{
				{time.Minute, SyncOptions{}, false},
				{time.Minute, SyncOptions{Again: true}, true},
				{23 * time.Hour, SyncOptions{}, false},
				{2 * time.Hour, SyncOptions{}, true},
			} {
				w.take(t, s)
				w.clock = w.clock.Add(c.after)
				out := w.sync(t, c.options)["pki/www.crt"]
				if out.Notice == nil || out.Notice.Status != "Denied" || out.Said != "Denied" ||
					out.Dropped != c.dropped {
					t.Errorf("after %s: notice %v, said %q, dropped %v", c.after, out.Notice, out.Said, out.Dropped)
				}
			}
			// A denial closes nothing: the certificate that comes after all is taken.
			w.answer(t, s)
			if out := w.sync(t, SyncOptions{})["pki/www.crt"]; out.Status != StatusInstalled {
				t.Errorf("%s, %v", out.Status, out.Problem)
			}
		})
	}
}

// TestNoticeOfAnother: a notice under the request's name that speaks of another request is not shown.
func TestNoticeOfAnother(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.request(t)
	w.sync(t, SyncOptions{})
	w.deny(t, s, refusal.Notice{Request: strings.Repeat("1", 64), Bytes: strings.Repeat("2", 64)})
	if out := w.sync(t, SyncOptions{})["pki/www.crt"]; out.Notice != nil || !out.Dropped {
		t.Errorf("%v, %v", out.Notice, out.Dropped)
	}
}

// TestNewCover: what a cover says of this host follows the host: a new one is written over the same key and dropped at
// once, the old entry is withdrawn, and the old one's answer is still good.
func TestNewCover(t *testing.T) {
	t.Parallel()
	for what, change := range map[string]func(t *testing.T, w *world){
		"expired":    func(_ *testing.T, w *world) { w.clock = w.clock.Add(coverLife + time.Hour) },
		"clock back": func(_ *testing.T, w *world) { w.clock = w.clock.Add(-time.Hour) },
		"name":       func(t *testing.T, w *world) { must(t, w.open(t).Configure(Config{Name: "other"})) },
		"identity":   func(t *testing.T, w *world) { must(t, w.open(t).NewIdentity("")) },
	} {
		t.Run(what, func(t *testing.T) {
			w := newWorld(t)
			s := w.request(t)
			w.sync(t, SyncOptions{})
			template, key := w.template(t, s)
			change(t, w)
			template.NotBefore = w.clock.Add(-time.Minute)
			out := w.sync(t, SyncOptions{})["pki/www.crt"]
			if out.ID == s.ID || !out.Dropped || w.waiting(t) != out.Entry+".csr" {
				t.Fatalf("%s, dropped %v, waiting %q", out.ID, out.Dropped, w.waiting(t))
			}
			if r := w.parsed(t, out.State); r.CSR.Fingerprint == "" || r.Cover.Requester != w.open(t).Name {
				t.Errorf("%+v", r.Cover)
			}
			w.publish(t, s.Entry+".crt", w.ca.sign(t, template, key))
			if out := w.sync(t, SyncOptions{})["pki/www.crt"]; out.Status != StatusInstalled {
				t.Errorf("%s, %v", out.Status, out.Problem)
			}
			w.pair(t, "pki/www.crt", "pki/www.key")
			w.sync(t, SyncOptions{})
			if left := list(t, w.path("exchange", "outbox")); left != "issuers.pem" || w.waiting(t) != "" {
				t.Errorf("the exchange still has %s, %s", left, w.waiting(t))
			}
		})
	}
}

// TestAskTwice: one open request a place. A second one says so; Again withdraws the first, and its answer and key go.
func TestAskTwice(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.request(t)
	w.sync(t, SyncOptions{})
	ask, wish := serverAsk(t)
	_, err := w.open(t).Request(ask, wish)
	if open, ok := errors.AsType[*OpenError](err); !ok || open.ID != first.ID {
		t.Fatalf("%v", err)
	}
	w.clock = w.clock.Add(time.Minute)
	second := w.request(t, func(_ *kube.Ask, w *Wish) { w.Again = true })
	w.publish(t, first.Entry+".crt", []byte("an answer that nobody waits for"))
	w.sync(t, SyncOptions{})
	if w.waiting(t) != second.Entry+".csr" {
		t.Errorf("the inbox has %s", w.waiting(t))
	}
	if left := list(t, w.path("exchange", "outbox")); left != "issuers.pem" {
		t.Errorf("the outbox has %s", left)
	}
	if left := list(t, w.path("host", "component-admin", "requests", first.ID)); left != "request.csr state.json" {
		t.Errorf("the first request still has %s", left)
	}
}

// TestOneFile: what two profiles would write is refused before a key is made.
func TestOneFile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.request(t)
	ask, wish := serverAsk(t)
	ask.Profile, _ = kube.Find(kube.Latest(), "client")
	for _, files := range []Files{wish.Files, {Certificate: "pki/other.crt", Key: "pki/www.key"}} {
		wish.Files = files
		if _, err := w.open(t).Request(ask, wish); !errors.Is(err, ErrTaken) {
			t.Errorf("%v: %v", files, err)
		}
	}
	if n := strings.Count(list(t, w.path("host", "component-admin", "requests")), " ") + 1; n != 1 {
		t.Errorf("%d requests", n)
	}
}

// TestRefusedBefore: what the CA would always deny never gets a key.
func TestRefusedBefore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for what, change := range map[string]func(*kube.Ask, *Wish){
		"days":        func(_ *kube.Ask, w *Wish) { w.Days = 99999 },
		"common name": func(a *kube.Ask, _ *Wish) { a.CommonName = strings.Repeat("x", 65) },
		"group":       func(a *kube.Ask, _ *Wish) { a.Organizations = []string{"system:masters\x00"} },
	} {
		ask, wish := serverAsk(t)
		change(&ask, &wish)
		c := w.open(t)
		if err := c.Check(ask, wish); !errors.Is(err, ErrRefused) {
			t.Errorf("%s: %v", what, err)
		}
		if _, err := c.Request(ask, wish); !errors.Is(err, ErrRefused) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := os.Stat(w.path("host", "component-admin", "requests")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("there is %s", list(t, w.path("host", "component-admin", "requests")))
	}
}

func TestPinning(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c, err := Create(w.path("fresh"), Config{Name: "cp2"}, w.settings())
	must(t, err)
	defer c.Close()
	ask, wish := serverAsk(t)
	if _, err := c.Request(ask, wish); !errors.Is(err, ErrUnpinned) {
		t.Errorf("asking without a pin: %v", err)
	}
	other := "sha256:" + strings.Repeat("ab", 32)
	must(t, c.Pin(other))
	if _, err := w.syncWith(t, c); !errors.Is(err, ErrOtherTrust) {
		t.Errorf("another CA's exchange: %v", err)
	}
	// The marker is a hint that anybody can change: the issuers themselves are held against the pin.
	marker := strings.Replace(string(w.read(t, "exchange", "exchange.json")), w.trust(t).Fingerprint, other, 1)
	must(t, os.WriteFile(w.path("exchange", "exchange.json"), []byte(marker), 0o644))
	if _, err := w.syncWith(t, c); !errors.Is(err, ErrOtherTrust) {
		t.Errorf("another CA's issuers: %v", err)
	}
	if _, err := c.Issuers(); !errors.Is(err, ErrIssuers) {
		t.Errorf("something was pinned: %v", err)
	}
}

// TestAnotherExchange: a host that knows its issuers drops nothing into the exchange of another CA.
func TestAnotherExchange(t *testing.T) {
	t.Parallel()
	w, _ := installed(t)
	w.request(t, func(_ *kube.Ask, wish *Wish) { wish.Files = Files{Certificate: "pki/b.crt", Key: "pki/b.key"} })
	other := "sha256:" + strings.Repeat("ab", 32)
	marker := strings.Replace(string(w.read(t, "exchange", "exchange.json")), w.trust(t).Fingerprint, other, 1)
	must(t, os.WriteFile(w.path("exchange", "exchange.json"), []byte(marker), 0o644))
	if _, err := w.syncWith(t, w.open(t)); !errors.Is(err, ErrOtherTrust) || w.waiting(t) != "" {
		t.Errorf("%v, waiting %q", err, w.waiting(t))
	}
}

// TestPinAgain: a mistyped fingerprint is replaced freely until something is installed under it, then by Repin alone.
func TestPinAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	right, other := w.trust(t).Fingerprint, "sha256:"+strings.Repeat("ab", 32)
	c := w.open(t)
	must(t, errors.Join(c.Pin(other), c.Pin(right)))
	w.answer(t, w.request(t))
	w.sync(t, SyncOptions{})
	c = w.open(t)
	if err := c.Pin(other); !errors.Is(err, ErrOtherTrust) || c.Trust != right {
		t.Errorf("%v, pinned is %s", err, c.Trust)
	}
	s := w.request(t, func(_ *kube.Ask, wish *Wish) { wish.Files = Files{Certificate: "pki/b.crt", Key: "pki/b.key"} })
	must(t, c.Repin(other))
	if stale, err := c.stale(s); err != nil || !stale {
		t.Errorf("the cover names the CA before: stale %v, %v", stale, err)
	}
	if _, err := c.Issuers(); !errors.Is(err, ErrIssuers) || c.Trust != other {
		t.Errorf("%v, pinned is %s", err, c.Trust)
	}
}

// TestIssuersLater: without issuers nothing is installed, and requests are dropped all the same.
func TestIssuersLater(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	must(t, os.Remove(w.path("exchange", "outbox", "issuers.pem")))
	s := w.request(t)
	w.answer(t, s)
	if out := w.sync(t, SyncOptions{})["pki/www.crt"]; out.Status != StatusOpen || !out.Dropped {
		t.Errorf("%s, dropped %v, %v", out.Status, out.Dropped, out.Problem)
	}
}

func TestOwner(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.request(t)
	must(t, os.Chmod(w.path("host", "component-admin"), 0o755))
	if _, err := Open(w.path("host"), w.settings()); !errors.Is(err, ErrOwner) {
		t.Errorf("mode 0755: %v", err)
	}
	must(t, os.Chmod(w.path("host", "component-admin"), 0o700))
	if os.Geteuid() != 0 {
		t.Skip("only root can give files away")
	}
	s := w.request(t, func(a *kube.Ask, wish *Wish) { wish.Files = Files{Certificate: "pki/b.crt", Key: "pki/b.key"} })
	file := w.path("host", "component-admin", "requests", s.ID, "key.pem")
	must(t, os.Chown(file, 12345, 12345))
	_, err := Open(w.path("host"), w.settings())
	if owner, ok := errors.AsType[*OwnerError](err); !ok || owner.Path != file || owner.Owner != 12345 {
		t.Errorf("%v", err)
	}
}
