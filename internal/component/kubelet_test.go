package component

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ca-exchange/internal/kube"
	"ca-exchange/internal/pki"
)

// kubelet is a request for the kubelet's pair, below a directory of its own.
func (w *world) kubelet(t *testing.T) State {
	t.Helper()
	p, ok := kube.Find(kube.Latest(), "kubelet")
	if !ok {
		t.Fatal("no profile kubelet")
	}
	return w.request(t, func(a *kube.Ask, wish *Wish) {
		*a = kube.AskFor(p, nil, "cp1", pki.Names{})
		wish.Files = Files{
			Kubeconfig: p.Kubeconfig, Server: "https://192.0.2.1:6443", Cluster: "kubernetes",
			Kubelet: w.path("kubelet"), Combined: p.Combined,
		}
	})
}

// TestKubeletLink: the kubelet's current pair is a link to a dated file beside it, whatever lay there; and stays one
// when an interrupted installation goes on.
func TestKubeletLink(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	pki := w.path("kubelet", "pki")
	must(t, os.MkdirAll(pki, 0o755))
	must(t, os.WriteFile(filepath.Join(pki, "kubelet-client-current.pem"), []byte("of version 1"), 0o600))
	for range 2 {
		s := w.kubelet(t)
		w.sync(t, SyncOptions{})
		w.answer(t, s)
		if out := w.sync(t, SyncOptions{})["kubelet.conf"]; out.Status != StatusInstalled {
			t.Fatalf("%s, %v", out.Status, out.Problem)
		}
		s, err := w.open(t).state(s.ID)
		must(t, err)
		_, key := splitPEM(w.read(t, "kubelet", "pki", "kubelet-client-current.pem"))
		must(t, os.WriteFile(w.path("host", "component-admin", "requests", s.ID, keyFile), key, 0o600))
		s.Status = StatusInstalling
		must(t, w.open(t).save(s))
		w.clock = w.clock.Add(time.Hour)
		// A copy in the link's place has the right bytes, and is still no link.
		pair := w.read(t, "kubelet", "pki", "kubelet-client-current.pem")
		must(t, os.Remove(filepath.Join(pki, "kubelet-client-current.pem")))
		must(t, os.WriteFile(filepath.Join(pki, "kubelet-client-current.pem"), pair, 0o600))
		if all, err := w.open(t).SyncLocal(t.Context()); err != nil || all[0].Problem != nil {
			t.Fatalf("%+v, %v", all, err)
		}
		target, err := os.Readlink(filepath.Join(pki, "kubelet-client-current.pem"))
		want := "kubelet-client-" + s.Verified.Format("2006-01-02-15-04-05") + ".pem"
		if err != nil || target != want {
			t.Errorf("it links to %q, %v, not %q", target, err, want)
		}
		if mode, err := os.Stat(filepath.Join(pki, target)); err != nil || mode.Mode() != 0o600 {
			t.Errorf("%v, %v", mode.Mode(), err)
		}
	}
	if n := len(strings.Fields(list(t, pki))); n != 4 { // the link, two pairs, version 1's file
		t.Errorf("%s", list(t, pki))
	}
}
