package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"ca-exchange/internal/ca"
	"ca-exchange/internal/component"
	"ca-exchange/internal/durable"
	"ca-exchange/internal/inbox"
	"ca-exchange/internal/kube"
	"ca-exchange/internal/pass"
	"ca-exchange/internal/pki"
	"ca-exchange/internal/policy"
)

// flow is both sides of an exchange in one process: drop, scan, issue, publish, remove, install.
type flow struct {
	dir  string
	late time.Duration // how far the clocks went on since
	// denied: access to some file was denied, as to one of another owner, which is moved aside.
	denied bool
}

// newFlow makes a CA, an exchange and a component directory that trusts it.
func newFlow(t *testing.T) *flow {
	t.Helper()
	w := &flow{dir: t.TempDir()}
	text, err := policy.Default(policy.Defaults{Cluster: policy.Cluster{Kubernetes: kube.Latest().String()},
		Unsigned: []string{"server", "kube-scheduler"}})
	must(t, err)
	c, err := ca.Create(w.path("ca"), ca.Setup{
		Issuers: []pki.IssuerSpec{{Name: kube.ClusterIssuer, CommonName: "kubernetes", KeyType: pki.ECDSAP256,
			Days: 3650}}, Policy: text,
	}, ca.Settings{Now: w.now, Log: slog.New(slog.DiscardHandler)})
	must(t, err)
	defer c.Close()
	x, err := pass.MakeExchange(c, w.path("exchange"), 0)
	must(t, err)
	x.Close()
	host, err := component.Create(w.path("host"), component.Config{Name: "cp1", Trust: c.Trust().Fingerprint},
		component.Settings{Now: w.now, Log: slog.New(slog.DiscardHandler)})
	must(t, err)
	must(t, host.Close())
	return w
}

// copy is the same flow elsewhere.
func (w *flow) copy(t *testing.T, dir string) *flow {
	t.Helper()
	must(t, os.CopyFS(dir, os.DirFS(w.dir)))
	for _, private := range []string{"ca", "host/component-admin"} { // CopyFS widens modes by the umask
		must(t, os.Chmod(filepath.Join(dir, private), 0o700))
	}
	return &flow{dir: dir}
}

func (w *flow) path(name string) string { return filepath.Join(w.dir, name) }

func (w *flow) now() time.Time { return time.Now().Add(w.late) }

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
func (w *flow) run(ctx context.Context, asks []kube.Ask) error {
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
			err = errors.Join(err, fmt.Errorf("%s is %s: %w", out.Profile, out.Status,
				errors.Join(out.Problem, errOpen)))
		}
	}
	return err
}

var errOpen = errors.New("not installed")

func (w *flow) request(host *component.Component, asks []kube.Ask) error {
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
		if _, err := host.Request(a, component.Wish{KeyType: pki.ECDSAP256, Release: kube.Latest(),
			Files: places[a.Profile.Name]}); err != nil {
			return err
		}
	}
	return nil
}

func (w *flow) sync(ctx context.Context, host *component.Component) ([]component.Progress, error) {
	x, err := inbox.OpenSides(w.path("exchange"), w.path("exchange"))
	if err != nil {
		return nil, err
	}
	defer x.Close()
	return host.Sync(ctx, x, component.SyncOptions{})
}

func (w *flow) answer(ctx context.Context) error {
	return w.withCA(ctx, func(c *ca.CA, x *inbox.Exchange) error {
		_, err := pass.Sync(ctx, c, x, pass.Options{})
		return err
	})
}

func (w *flow) withCA(ctx context.Context, do func(*ca.CA, *inbox.Exchange) error) error {
	c, err := ca.Open(w.path("ca"), ca.Settings{Now: w.now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.Unlock(); err != nil {
		return err
	}
	x, err := pass.OpenExchange(ctx, c, pass.Sides{Inbox: w.path("exchange"), Outbox: w.path("exchange"),
		OpenInbox: true})
	if err != nil {
		return err
	}
	defer x.Close()
	return do(c, x)
}

// on runs the whole way on another system.
func (w *flow) on(t *testing.T, s durable.System, asks []kube.Ask) error {
	defer durable.Swap(s)()
	return w.run(t.Context(), asks)
}
