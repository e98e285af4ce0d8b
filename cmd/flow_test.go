package cmd_test

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"ca-exchange/internal/ca"
	"ca-exchange/internal/component"
	"ca-exchange/internal/durable"
	"ca-exchange/internal/durable/durabletest"
	"ca-exchange/internal/inbox"
	"ca-exchange/internal/kube"
	"ca-exchange/internal/pki"
	"ca-exchange/internal/policy"
)

// world is both sides of an exchange in one process: drop, scan, issue, publish, remove, install.
type world struct {
	dir  string
	late time.Duration // how far the clocks went on since
}

// newWorld makes a CA, an exchange and a component directory that trusts it.
func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{dir: t.TempDir()}
	text, err := policy.Default(policy.Defaults{Cluster: policy.Cluster{Kubernetes: kube.Latest().String()}, Unsigned: []string{"server", "kube-scheduler"}})
	must(t, err)
	c, err := ca.Create(w.path("ca"), ca.Setup{
		Issuers: []pki.IssuerSpec{{Name: kube.ClusterIssuer, CommonName: "kubernetes", KeyType: pki.ECDSAP256, Days: 3650}}, Policy: text,
	}, ca.Settings{Now: w.now, Log: slog.New(slog.DiscardHandler)})
	must(t, err)
	defer c.Close()
	x, err := c.MakeExchange(w.path("exchange"), 0)
	must(t, err)
	x.Close()
	host, err := component.Create(w.path("host"), component.Config{Name: "cp1", Trust: c.Trust().Fingerprint}, component.Settings{Now: w.now, Log: slog.New(slog.DiscardHandler)})
	must(t, err)
	must(t, host.Close())
	return w
}

// copy is the same world elsewhere.
func (w *world) copy(t *testing.T, dir string) *world {
	t.Helper()
	must(t, os.CopyFS(dir, os.DirFS(w.dir)))
	for _, private := range []string{"ca", "host/component-admin"} { // CopyFS widens modes by the umask
		must(t, os.Chmod(filepath.Join(dir, private), 0o700))
	}
	return &world{dir: dir}
}

func (w *world) path(name string) string { return filepath.Join(w.dir, name) }

func (w *world) now() time.Time { return time.Now().Add(w.late) }

// asks are a certificate with its key in two files, and one in a kubeconfig.
func asks(t *testing.T) []kube.Ask {
	t.Helper()
	var all []kube.Ask
	for _, name := range []string{"server", "kube-scheduler"} {
		p, ok := kube.Find(kube.Latest(), name)
		if !ok {
			t.Fatal(name)
		}
		a := kube.AskFor(p, nil, "", pki.Names{})
		if p.Generic() {
			a.CommonName, a.Names = "www.example", pki.Names{DNS: []string{"www.example"}}
		} else {
			a.Server = "https://192.0.2.10:6443"
		}
		all = append(all, a)
	}
	return all
}

var places = map[string]component.Files{
	"server":         {Certificate: "pki/www.crt", Key: "pki/www.key"},
	"kube-scheduler": {Kubeconfig: "scheduler.conf", Server: "https://192.0.2.10:6443", Cluster: "kubernetes"},
}

// run does what users do, from the beginning or from where an earlier attempt ended; an error says where it ends now.
func (w *world) run(ctx context.Context, asks []kube.Ask) error {
	host, err := component.Open(w.path("host"), component.Settings{Now: w.now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	defer host.Close()
	if err := w.request(host, asks); err != nil {
		return err
	}
	if _, err := w.sync(ctx, host); err != nil {
		return err
	}
	if err := w.answer(ctx); err != nil {
		return err
	}
	outcomes, err := w.sync(ctx, host)
	for _, out := range outcomes {
		if out.Status != component.StatusInstalled {
			err = errors.Join(err, fmt.Errorf("%s is %s: %w", out.Profile, out.Status, errors.Join(out.Problem, errOpen)))
		}
	}
	return err
}

var errOpen = errors.New("not installed")

func (w *world) request(host *component.Component, asks []kube.Ask) error {
	states, err := host.Requests()
	if err != nil {
		return err
	}
	made := map[string]bool{}
	for _, s := range states {
		made[s.Profile] = made[s.Profile] || s.Status != component.StatusSuperseded
	}
	for _, a := range asks {
		if made[a.Profile.Name] {
			continue
		}
		if _, err := host.Request(a, component.Wish{KeyType: pki.ECDSAP256, Release: kube.Latest(), Files: places[a.Profile.Name]}); err != nil {
			return err
		}
	}
	return nil
}

func (w *world) sync(ctx context.Context, host *component.Component) ([]component.Outcome, error) {
	x, err := inbox.OpenSides(w.path("exchange"), w.path("exchange"))
	if err != nil {
		return nil, err
	}
	defer x.Close()
	return host.Sync(ctx, x, component.SyncOptions{})
}

func (w *world) answer(ctx context.Context) error {
	return w.withCA(ctx, func(c *ca.CA, x *inbox.Exchange) error {
		_, err := c.Sync(ctx, x, -1, nil)
		return err
	})
}

func (w *world) withCA(ctx context.Context, do func(*ca.CA, *inbox.Exchange) error) error {
	c, err := ca.Open(w.path("ca"), ca.Settings{Now: w.now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.Unlock(); err != nil {
		return err
	}
	x, err := c.OpenExchange(ctx, ca.Sides{Inbox: w.path("exchange"), Outbox: w.path("exchange")}, true)
	if err != nil {
		return err
	}
	defer x.Close()
	return do(c, x)
}

// recovers: on a system that works again everything is done in a few attempts, as a timer or a person makes them.
func (w *world) recovers(ctx context.Context, asks []kube.Ask) (err error) {
	for range 3 {
		w.late += 3 * time.Minute // beyond which what a dead process had taken aside is put back
		if err = w.run(ctx, asks); err == nil {
			return nil
		}
	}
	return fmt.Errorf("three attempts later: %w", err)
}

// holds says which promise is broken: one certificate for each request, the chain whole, what is installed in the ledger,
// key and certificate of each other, nothing left lying about.
func (w *world) holds(ctx context.Context) error {
	w.late += 3 * time.Hour // temporaries are old now
	err := w.withCA(ctx, func(c *ca.CA, x *inbox.Exchange) error {
		if _, err := c.Sync(ctx, x, -1, nil); err != nil {
			return err
		}
		if err := c.Ledger().Verify(ctx, 0, ""); err != nil {
			return err
		}
		certificates := map[pki.ID]int{}
		for one, err := range c.Ledger().Certificates(ctx, time.Time{}, w.now().AddDate(20, 0, 0)) {
			if err != nil {
				return err
			}
			if certificates[one.Request]++; certificates[one.Request] > 1 {
				return fmt.Errorf("P1: two certificates for %s", one.Request)
			}
		}
		if len(certificates) != len(places) {
			return fmt.Errorf("P1: %d certificates for %d requests", len(certificates), len(places))
		}
		for _, files := range places {
			leaf, key, err := w.installed(files)
			if err != nil {
				return err
			}
			if _, ok, err := c.Ledger().CertificateByFingerprint(ctx, leaf); err != nil || !ok {
				return fmt.Errorf("P5: the ledger does not know what is installed in %s: %w", files.Place(), err)
			}
			if err := key; err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	host, err := component.Open(w.path("host"), component.Settings{Now: w.now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	defer host.Close()
	if _, err := w.sync(ctx, host); err != nil {
		return err
	}
	return w.tidy()
}

// installed gives the fingerprint of the certificate in a place, and what is wrong with its key.
func (w *world) installed(f component.Files) (fingerprint string, wrong error, err error) {
	var certificate, key []byte
	if f.Kubeconfig != "" {
		text, err := os.ReadFile(w.path("host/" + f.Kubeconfig))
		if err != nil {
			return "", nil, err
		}
		k, err := kube.ParseKubeconfig(text)
		if err != nil {
			return "", nil, err
		}
		certificate, key = k.Certificate, k.Key
	} else {
		if certificate, err = os.ReadFile(w.path("host/" + f.Certificate)); err != nil {
			return "", nil, err
		}
		if key, err = os.ReadFile(w.path("host/" + f.Key)); err != nil {
			return "", nil, err
		}
	}
	chain, err := pki.ParseCertificates(certificate)
	if err != nil {
		return "", nil, err
	}
	signer, err := pki.ParsePrivateKey(key, nil)
	if err != nil {
		return "", nil, err
	}
	if public, ok := signer.Public().(interface{ Equal(crypto.PublicKey) bool }); !ok || !public.Equal(chain[0].PublicKey) {
		wrong = fmt.Errorf("%s: key and certificate do not belong together", f.Place())
	}
	return pki.Fingerprint(chain[0]), wrong, nil
}

// tidy says what lies about that should not.
func (w *world) tidy() error {
	return filepath.WalkDir(w.dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := strings.TrimPrefix(path, w.dir+"/")
		switch {
		case durable.IsTemporary(e.Name()):
			return fmt.Errorf("left lying: %s", name)
		case strings.HasPrefix(name, "exchange/inbox/"), strings.HasPrefix(name, "exchange/rejected/") && !e.IsDir():
			return fmt.Errorf("left lying: %s", name)
		case strings.HasPrefix(name, "exchange/outbox/") && !e.IsDir() && e.Name() != "issuers.pem" && e.Name() != "ca.crt":
			return fmt.Errorf("left lying: %s", name)
		}
		return nil
	})
}

// partial says which file under its own name is not whole: what others may take at any moment.
func (w *world) partial() error {
	for _, pattern := range []string{"exchange/inbox/*.csr", "exchange/outbox/*.crt", "host/pki/*.crt", "host/pki/*.key"} {
		files, err := filepath.Glob(w.path(pattern))
		if err != nil {
			return err
		}
		for _, file := range files {
			b, err := os.ReadFile(file)
			if err == nil && !strings.HasSuffix(string(b), "-----\n") {
				return fmt.Errorf("P4: a part of %s is there: %q", file, b)
			}
		}
	}
	return nil
}

// TestFlowFailing fails every system call of the whole way in turn, with each error, before and after it was carried
// out; then the disk is well again, and every promise must hold.
func TestFlowFailing(t *testing.T) {
	template, wanted := newWorld(t), asks(t)
	errnos := []unix.Errno{unix.EIO, unix.ENOSPC, unix.EROFS, unix.ESTALE, unix.EACCES}
	dir := t.TempDir()
	failed, calls := 0, 0
	for n := 1; ; n += stride() {
		late := (n/len(errnos))%2 == 1
		calls = n
		w := template.copy(t, filepath.Join(dir, fmt.Sprint(n)))
		f := &durabletest.Failing{System: durable.Kernel{}, At: n, Err: errnos[n%len(errnos)], Late: late}
		f.After = func() {
			if err := w.partial(); err != nil {
				t.Errorf("call %d: %v", n, err)
			}
		}
		err := w.on(t, f, wanted)
		if !f.Failed() {
			must(t, err)
			must(t, w.holds(t.Context()))
			break
		}
		if err != nil {
			failed++
		}
		if err := errors.Join(w.recovers(t.Context(), wanted), w.holds(t.Context())); err != nil {
			t.Errorf("call %d failed with %v (late %t), which gave %v; then %v", n, f.Err, late, err, err)
		}
		must(t, os.RemoveAll(w.dir))
	}
	if failed < 20 {
		t.Errorf("only %d of the failures were noticed", failed)
	}
	t.Logf("%d of %d failures were reported, the others made no difference", failed, calls)
}

// TestFlowCrashing cuts the power at every change of the whole way in turn, with each kind of loss; then the machine
// starts again, and every promise must hold.
func TestFlowCrashing(t *testing.T) {
	template, wanted := newWorld(t), asks(t)
	dir := t.TempDir()
	for n := 1; ; n += stride() {
		reached := false
		for _, loss := range []durabletest.Loss{durabletest.Contents, durabletest.All} {
			w := template.copy(t, filepath.Join(dir, fmt.Sprint(n, "-", loss)))
			c := &durabletest.Crashing{System: durable.Kernel{}, At: n}
			err := w.on(t, c, wanted)
			must(t, c.PowerCut(loss))
			reached = reached || c.Crashed()
			if partial := w.partial(); partial != nil {
				t.Errorf("change %d, loss %d: %v", n, loss, partial)
			}
			if next := errors.Join(w.recovers(t.Context(), wanted), w.holds(t.Context())); next != nil {
				t.Errorf("the power went at change %d, loss %d, which gave %v; then %v", n, loss, err, next)
			}
			must(t, os.RemoveAll(w.dir))
		}
		if !reached {
			if n < 40 {
				t.Errorf("only %d changes", n)
			}
			return
		}
	}
}

// stride is from which call to which it goes: each in turn where changes are judged, fewer where somebody waits.
func stride() int {
	switch {
	case testing.Short():
		return 13
	case os.Getenv("CI") != "":
		return 1
	}
	return 5
}

// on runs the whole way on another system.
func (w *world) on(t *testing.T, s durable.System, asks []kube.Ask) error {
	defer durable.Swap(s)()
	return w.run(t.Context(), asks)
}

// TestServiceAccountOnce: of several that look for a service account key at once, one makes it; RSA takes long enough for
// all to have looked.
func TestServiceAccountOnce(t *testing.T) {
	w := newWorld(t)
	var made atomic.Int32
	var programs sync.WaitGroup
	for range 4 {
		programs.Go(func() {
			host, err := component.Open(w.path("host"), component.Settings{Now: w.now, Log: slog.New(slog.DiscardHandler)})
			if err != nil {
				t.Error(err)
				return
			}
			defer host.Close()
			first, err := host.ServiceAccount("", nil, pki.RSA2048)
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
	key, err := os.ReadFile(w.path("host/pki/sa.key"))
	must(t, err)
	signer, err := pki.ParsePrivateKey(key, nil)
	must(t, err)
	want, err := pki.EncodePublicKey(signer.Public())
	must(t, err)
	if public, err := os.ReadFile(w.path("host/pki/sa.pub")); err != nil || string(public) != string(want) {
		t.Errorf("sa.pub is not the public half of sa.key: %v", err)
	}
}
