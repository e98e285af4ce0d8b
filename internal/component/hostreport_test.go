package component

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ca-exchange/internal/inbox"
	"ca-exchange/internal/request"
)

// report tells the CA of a test what is installed, and gives what then lies in the inbox, verified; nil for nothing.
func (w *world) report(t *testing.T) (dropped bool, r *request.HostReport) {
	t.Helper()
	x, err := inbox.Open(w.path("exchange"))
	must(t, err)
	defer x.Close()
	if dropped, err = w.open(t).Report(t.Context(), x, "component-admin test"); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(w.path("exchange", "inbox", "*.report"))
	must(t, err)
	if len(files) == 0 {
		return dropped, nil
	}
	text, err := os.ReadFile(files[0])
	must(t, err)
	said, signature, err := request.ParseHostReport(text)
	must(t, err)
	id, err := w.open(t).Identity()
	must(t, err)
	if name := inbox.ReportFile(said.Requester, said.Node); len(files) > 1 || filepath.Base(files[0]) != name ||
		signature.Fingerprint() != id.Fingerprint {
		t.Errorf("the inbox has %q, the report's name is %q, its key %s", files, name, signature.Fingerprint())
	}
	return dropped, &said
}

func reporting(t *testing.T) (*world, State) {
	t.Helper()
	w, s := installed(t)
	w.publish(t, inbox.FeaturesFile, inbox.EncodeFeatures(inbox.FeatureRenew, inbox.FeatureReport))
	return w, s
}

// TestReport: the CA is told what lies in its place now, once a day while nothing changes, and at once when something
// does: one file for a node.
func TestReport(t *testing.T) {
	t.Parallel()
	w, s := reporting(t)
	dropped, r := w.report(t)
	if !dropped || r == nil || len(r.Items) != 1 || r.Requester != "cp1" || r.Trust != w.trust(t).Fingerprint {
		t.Fatalf("%v, %+v", dropped, r)
	}
	if i := r.Items[0]; i.Fingerprint != s.Fingerprint || i.Place != "pki/www.crt" || i.Profile != "server" ||
		!i.NotAfter.Equal(s.NotAfter) || i.Applied != ApplyPending {
		t.Errorf("%+v", i)
	}
	must(t, os.Remove(w.path("exchange", "inbox", inbox.ReportFile(r.Requester, r.Node)))) // taken
	w.clock = w.clock.Add(time.Hour)
	if dropped, r := w.report(t); dropped || r != nil {
		t.Errorf("nothing is new, and it is told: %+v", r)
	}
	if _, err := w.open(t).Apply(t.Context()); err != nil {
		t.Fatal(err)
	}
	if dropped, r := w.report(t); !dropped || r.Items[0].Applied != ApplyNone {
		t.Errorf("the hooks ran: %v, %+v", dropped, r)
	}
	must(t, os.Rename(w.path("host", "pki", "www.crt"), w.path("host", "pki", "other.crt")))
	if dropped, r := w.report(t); !dropped || !r.Time.After(w.clock) {
		t.Errorf("two of one second: %v, %+v", dropped, r)
	}
	must(t, os.Rename(w.path("host", "pki", "other.crt"), w.path("host", "pki", "www.crt")))
	w.clock = w.clock.Add(time.Hour)
	if dropped, r := w.report(t); !dropped || len(r.Items) != 1 {
		t.Errorf("it is back: %v, %+v", dropped, r)
	}
	before := w.clock
	w.clock = w.clock.Add(reportAgain)
	if dropped, r := w.report(t); !dropped || !r.Time.After(before) {
		t.Errorf("a day later: %v, %+v", dropped, r)
	}
	must(t, os.Remove(w.path("host", "pki", "www.crt")))
	if dropped, r := w.report(t); !dropped || len(r.Items) != 0 {
		t.Errorf("the certificate is gone: %v, %+v", dropped, r)
	}
}

// TestReportNotWanted: nothing is told to a CA that does not say that it understands it, by a host that is not to, or
// that has nothing; nor is a person asked to touch a key for it.
func TestReportNotWanted(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(w *world){
		"version 1": func(w *world) { must(t, os.Remove(w.path("exchange", "outbox", inbox.FeaturesFile))) },
		"policy":    func(w *world) { w.publish(t, inbox.FeaturesFile, inbox.EncodeFeatures(inbox.FeatureRenew)) },
		"off":       func(w *world) { must(t, w.open(t).Configure(Config{Reports: Off})) },
		"empty":     func(w *world) { must(t, os.Remove(w.path("host", "pki", "www.crt"))) },
		"no agent": func(w *world) {
			must(t, os.WriteFile(w.path("host", privateDir, identityFile), []byte("protected"), 0o600))
		},
		"security key": func(w *world) {
			const key = "sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAIJ2QBAdKcOzGn" +
				"GmE0bGKpo90yC6t2AYpkx0LvnxjWMbvAAAABHNzaDo= cp1\n"
			must(t, os.WriteFile(w.path("host", privateDir, publicFile), []byte(key), 0o644))
		},
	} {
		w, _ := reporting(t)
		change(w)
		x, err := inbox.Open(w.path("exchange"))
		must(t, err)
		defer x.Close()
		if c := w.open(t); c.needsTouch() != (name == "security key") {
			t.Errorf("%s: a person's touch: %v", name, c.needsTouch())
		}
		dropped, err := w.open(t).Report(t.Context(), x, "test")
		if dropped || err != nil || strings.Contains(w.waiting(t), ".report") {
			t.Errorf("%s: %v, %v, the inbox has %s", name, dropped, err, w.waiting(t))
		}
	}
}

// TestReportAgainOn: what was turned off is turned on again.
func TestReportAgainOn(t *testing.T) {
	t.Parallel()
	w, _ := reporting(t)
	must(t, w.open(t).Configure(Config{Reports: Off}))
	must(t, w.open(t).Configure(Config{Visit: "60d"}))
	if c := w.open(t); c.Reports != Off {
		t.Errorf("reports are %q", c.Reports)
	}
	must(t, w.open(t).Configure(Config{Reports: "on"}))
	if dropped, _ := w.report(t); !dropped {
		t.Error("nothing is told")
	}
}
