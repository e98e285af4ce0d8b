package component

import (
	"crypto/x509"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"ca-exchange/internal/inbox"
	"ca-exchange/internal/kube"
	"ca-exchange/internal/pki"
	"ca-exchange/internal/refusal"
)

// understands makes the exchange one of a CA that knows renewals.
func (w *world) understands(t *testing.T) {
	t.Helper()
	features := inbox.EncodeFeatures(inbox.FeatureRenew)
	must(t, os.WriteFile(w.path("exchange", "outbox", inbox.FeaturesFile), features, 0o644))
}

// renew runs Renew and gives what it did, and the open request of the server, if any.
func (w *world) renew(t *testing.T, o RenewOptions) ([]Renewal, *State) {
	t.Helper()
	c := w.open(t)
	x, err := inbox.Open(w.path("exchange"))
	must(t, err)
	defer x.Close()
	all, err := c.Renew(x, o)
	must(t, err)
	items, err := c.Items()
	must(t, err)
	return all, items[0].Open
}

// due moves the clock to when the installed certificate is due.
func (w *world) due(t *testing.T) {
	t.Helper()
	items, err := w.open(t).Items()
	must(t, err)
	w.clock = items[0].Due
}

func TestRenew(t *testing.T) {
	t.Parallel()
	w, old := installed(t)
	w.understands(t)
	if all, open := w.renew(t, RenewOptions{}); len(all) != 0 || open != nil {
		t.Fatalf("a fresh certificate was renewed: %+v", all)
	}
	w.due(t)
	all, open := w.renew(t, RenewOptions{})
	if len(all) != 1 || !all[0].Asked || open == nil || open.Replaces != old.Fingerprint {
		t.Fatalf("%+v, %+v", all, open)
	}
	w.sync(t, SyncOptions{})
	r := w.parsed(t, *open)
	if r.Cover.Replaces != old.Fingerprint ||
		strings.Join(r.CSR.Names.Strings(), " ") != "DNS:www.example IP:192.0.2.21" {
		t.Errorf("%+v asks for %s", r.Cover, r.CSR.Names.Strings())
	}
	if again, still := w.renew(t, RenewOptions{}); !again[0].Waiting || still.ID != open.ID {
		t.Errorf("an open request was not waited for: %+v", again)
	}
	// A renewal may end earlier than what it replaces: the policy gives less by now.
	w.answer(t, *open, func(c *x509.Certificate) { c.NotAfter = w.clock.AddDate(0, 1, 0) })
	out := w.sync(t, SyncOptions{})["pki/www.crt"]
	if out.Status != StatusInstalled || out.Reason != ReasonRekeyed || out.OldSerial != old.Serial {
		t.Errorf("%s, %v, %s, old serial %s", out.Status, out.Problem, out.Reason, out.OldSerial)
	}
	w.pair(t, "pki/www.crt", "pki/www.key")
	if was, err := w.open(t).state(old.ID); err != nil || was.Status != StatusReplaced {
		t.Errorf("the old one is %s, %v", was.Status, err)
	}
	if items, err := w.open(t).Items(); err != nil || len(items) != 1 || items[0].Status(w.clock) != ItemInstalled {
		t.Errorf("%+v, %v", items, err)
	}
}

// TestRenewOldCA: a CA of version 1 holds every request with Replaces, so it gets none.
func TestRenewOldCA(t *testing.T) {
	t.Parallel()
	w, _ := installed(t)
	w.due(t)
	if _, open := w.renew(t, RenewOptions{}); open == nil || open.Replaces != "" {
		t.Errorf("%+v", open)
	}
}

// TestReplacesOwnOnly: a certificate of another CA is nothing that this one could replace.
func TestReplacesOwnOnly(t *testing.T) {
	t.Parallel()
	w, s := installed(t)
	w.understands(t)
	w.sync(t, SyncOptions{})
	template, key := w.template(t, w.request(t, func(_ *kube.Ask, wish *Wish) { wish.Again = true }))
	if s := w.request(t, func(_ *kube.Ask, wish *Wish) { wish.Again = true }); s.Replaces == "" {
		t.Error("its own certificate is not replaced")
	}
	theirs := newAuthority(t, "other", w.clock).sign(t, template, key)
	must(t, os.WriteFile(w.path("host", s.Files.Certificate), theirs, 0o644))
	if s := w.request(t, func(_ *kube.Ask, wish *Wish) { wish.Again = true }); s.Replaces != "" {
		t.Errorf("replaces %s", s.Replaces)
	}
}

func TestRenewKeepKey(t *testing.T) {
	t.Parallel()
	w, _ := installed(t)
	w.due(t)
	key := string(w.read(t, "host", "pki/www.key"))
	_, open := w.renew(t, RenewOptions{KeepKey: true})
	w.answer(t, *open)
	if out := w.sync(t, SyncOptions{})["pki/www.crt"]; out.Status != StatusInstalled || out.Reason != ReasonRenewed {
		t.Errorf("%s, %v, %s", out.Status, out.Problem, out.Reason)
	}
	if string(w.read(t, "host", "pki/www.key")) != key {
		t.Error("the key changed")
	}
	w.pair(t, "pki/www.crt", "pki/www.key")
	w.pair(t, "pki/www.crt.previous", "pki/www.key.previous")
}

func TestRenewNames(t *testing.T) {
	t.Parallel()
	w, _ := installed(t)
	more := pki.Names{IPs: []netip.Addr{netip.MustParseAddr("192.0.2.99")}}
	names := func(_ State, have pki.Names) (pki.Names, error) {
		have.DNS = nil
		return have.Merge(more), nil
	}
	all, open := w.renew(t, RenewOptions{Now: true, DryRun: true, Names: names})
	if open != nil || strings.Join(all[0].Added, " ") != "IP:192.0.2.99" ||
		strings.Join(all[0].Dropped, " ") != "DNS:www.example" {
		t.Errorf("%+v, %v", all, open)
	}
}

// TestRenewGuards: no loop, whatever a CA answers; --now is a person, and passes.
func TestRenewGuards(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, want string
		change     func(*world, *x509.Certificate)
	}{
		{"short", "is renewed at most every 1h0m0s",
			func(w *world, c *x509.Certificate) {
				c.NotBefore, c.NotAfter = w.clock.Add(-time.Hour), w.clock.Add(time.Minute)
			}},
		{"issuer", "its issuer ca ends at",
			func(w *world, c *x509.Certificate) { c.NotAfter = w.ca.certificate.NotAfter }},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.answer(t, w.request(t), func(template *x509.Certificate) { c.change(w, template) })
			w.sync(t, SyncOptions{})
			if c.name == "issuer" {
				w.due(t)
			}
			all, open := w.renew(t, RenewOptions{})
			if len(all) != 1 || !strings.Contains(all[0].Skipped, c.want) || open != nil {
				t.Errorf("%+v, %v", all, open)
			}
			if all, open := w.renew(t, RenewOptions{Now: true}); !all[0].Asked || open == nil {
				t.Errorf("--now: %+v", all)
			}
			first := func() string { _, open := w.renew(t, RenewOptions{}); return open.ID }()
			if _, open := w.renew(t, RenewOptions{Now: true}); open.ID == first {
				t.Error("--now left the open request")
			}
		})
	}
}

// TestRenewDenied: a denial, forged or honest, delays a renewal by a day; then a new cover asks anew, and the old
// request's answer is taken all the same.
func TestRenewDenied(t *testing.T) {
	t.Parallel()
	w, _ := installed(t)
	w.due(t)
	_, open := w.renew(t, RenewOptions{})
	w.sync(t, SyncOptions{Renew: true})
	w.deny(t, *open, refusal.Notice{Request: open.ID})
	w.clock = w.clock.Add(23 * time.Hour)
	if out := w.sync(t, SyncOptions{Renew: true})["pki/www.crt"]; out.ID != open.ID || out.Dropped {
		t.Errorf("asked again after 23 hours: %+v", out)
	}
	w.clock = w.clock.Add(2 * time.Hour)
	if out := w.sync(t, SyncOptions{Renew: true})["pki/www.crt"]; out.ID == open.ID || !out.Dropped {
		t.Errorf("not asked afresh after a day: %+v", out)
	}
	w.answer(t, *open)
	if out := w.sync(t, SyncOptions{Renew: true})["pki/www.crt"]; out.Status != StatusInstalled {
		t.Errorf("%s, %v", out.Status, out.Problem)
	}
}

// TestRenewExpired: the program never gives up on a certificate.
func TestRenewExpired(t *testing.T) {
	t.Parallel()
	w, s := installed(t)
	w.clock = s.NotAfter.AddDate(1, 0, 0)
	items, err := w.open(t).Items()
	must(t, err)
	if items[0].Status(w.clock) != ItemExpired {
		t.Errorf("%s", items[0].Status(w.clock))
	}
	if _, open := w.renew(t, RenewOptions{}); open == nil {
		t.Error("not asked for")
	} else {
		w.answer(t, *open)
	}
	if out := w.sync(t, SyncOptions{})["pki/www.crt"]; out.Status != StatusInstalled {
		t.Errorf("%s, %v", out.Status, out.Problem)
	}
}

// TestRenewServer: a kubeconfig that was pointed elsewhere since keeps going there.
func TestRenewServer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p, _ := kube.Find(kube.Latest(), "kube-scheduler")
	s := w.request(t, func(a *kube.Ask, wish *Wish) {
		*a = kube.AskFor(p, nil, "", pki.Names{})
		wish.Files = Files{Kubeconfig: p.Kubeconfig, Server: "https://192.0.2.1:6443", Cluster: "kubernetes"}
	})
	w.answer(t, s)
	w.sync(t, SyncOptions{})
	scheduler, _ := kube.Find(kube.Latest(), "kube-scheduler")
	file, err := w.open(t).SetServer(scheduler, Layout{}, "https://192.0.2.2:6443")
	if must(t, err); file != "scheduler.conf" {
		t.Errorf("it wrote %s", file)
	}
	_, open := w.renew(t, RenewOptions{Now: true})
	w.answer(t, *open)
	w.sync(t, SyncOptions{})
	if k, err := kube.ParseKubeconfig(w.read(t, "host", "scheduler.conf")); err != nil ||
		k.Server != "https://192.0.2.2:6443" {
		t.Errorf("%s, %v", k.Server, err)
	}
}

// TestReplaced: of two certificates in one place the one that came later stays, also within one second.
func TestReplaced(t *testing.T) {
	t.Parallel()
	at := time.Now().UTC().Truncate(time.Second)
	old := State{ID: "old", Status: StatusInstalled, Serial: "01", Verified: at}
	for _, c := range []struct {
		name string
		next State
	}{
		{"a second later", State{Serial: "02", Verified: at.Add(time.Second)}},
		{"in the same second", State{Serial: "02", OldSerial: "01", Verified: at}},
	} {
		c.next.ID, c.next.Status = "next", StatusInstalled
		for _, order := range [][]State{{old, c.next}, {c.next, old}} {
			if gone := replaced(order); len(gone) != 1 || gone[0].ID != "old" {
				t.Errorf("%s, %s first: %+v is replaced", c.name, order[0].ID, gone)
			}
		}
	}
}

// TestItems: a file is one item, whatever was asked for it, and it is what lies there that counts.
func TestItems(t *testing.T) {
	t.Parallel()
	w, s := installed(t)
	w.clock = w.clock.Add(time.Hour)
	w.request(t)
	items, err := w.open(t).Items()
	must(t, err)
	if len(items) != 1 || items[0].State.ID != s.ID || items[0].Open == nil {
		t.Fatalf("%+v", items)
	}
	for _, c := range []struct {
		at   time.Time
		want string
	}{
		{items[0].Due.Add(-time.Second), ItemInstalled}, {items[0].Due, ItemDue},
		{items[0].Overdue.Add(time.Second), ItemOverdue}, {s.NotAfter.Add(time.Second), ItemExpired},
	} {
		if got := items[0].Status(c.at); got != c.want {
			t.Errorf("at %s: %s, not %s", c.at, got, c.want)
		}
	}
	must(t, os.Remove(w.path("host", "pki", "www.crt")))
	if items, err = w.open(t).Items(); err != nil || items[0].Status(w.clock) != ItemMissing || items[0].Unreadable() {
		t.Errorf("%+v, %v", items, err)
	}
	must(t, os.WriteFile(w.path("host", "pki", "www.crt"), []byte("junk"), 0o644))
	if items, err = w.open(t).Items(); err != nil || !items[0].Unreadable() {
		t.Errorf("%+v, %v", items, err)
	}
}

func TestTooShort(t *testing.T) {
	t.Parallel()
	w, _ := installed(t)
	must(t, w.open(t).Configure(Config{Visit: "120d"}))
	c := w.open(t)
	rule, err := c.Rule()
	must(t, err)
	items, err := c.Items()
	must(t, err)
	if got := items[0].TooShort(rule); got != 840*24*time.Hour {
		t.Errorf("%s", got)
	}
	if err := c.Configure(Config{Visit: "often"}); err == nil {
		t.Error("a visit that is not a duration was taken")
	}
}

// TestRenewVersion1: a certificate that version 1 installed owes no hooks, and is renewed once like any other; then the
// hooks run, and know what was there before.
func TestRenewVersion1(t *testing.T) {
	t.Parallel()
	w, s := installed(t)
	serial := s.Serial
	s.Serial, s.Reason, s.Replaces, s.OldSerial, s.Apply = "", "", "", "", nil // its state.json has none of these
	must(t, w.open(t).save(s))
	must(t, os.Remove(w.path("host", "component-admin", issuersFile)))
	w.recorder(t)
	_, err := w.open(t).Apply(t.Context())
	must(t, err)
	if got := w.runs(t); got != "" {
		t.Errorf("the hooks of version 1's certificate ran %q", got)
	}
	w.due(t)
	_, open := w.renew(t, RenewOptions{})
	w.answer(t, *open)
	out := w.sync(t, SyncOptions{})["pki/www.crt"]
	if out.Status != StatusInstalled || out.OldSerial != serial || out.Reason != ReasonRekeyed {
		t.Errorf("%s, %v, old serial %q, %q", out.Status, out.Problem, out.OldSerial, out.Reason)
	}
	_, err = w.open(t).Apply(t.Context())
	must(t, err)
	if got := w.runs(t); !strings.HasPrefix(got, "web rekeyed ") || strings.Count(got, "\n") != 1 {
		t.Errorf("the hooks ran %q", got)
	}
	if all, open := w.renew(t, RenewOptions{}); len(all) != 0 || open != nil {
		t.Errorf("renewed a second time: %+v", all)
	}
}
