package e2e_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// TestHostileOutbox lets somebody write the outbox while component-admin waits: nothing of it is installed, followed,
// believed, or printed raw, and the true certificate is installed in the end.
func TestHostileOutbox(t *testing.T) {
	t.Parallel()
	x := newExchange(t, build(t))
	x.run(0, "component-admin", "init", "--name", "me", "--trust", x.trust())
	x.run(0, "component-admin", "request", "server", "--dns", "www.example")
	x.ca(0, "sync")
	var pending struct{ Items []struct{ ID, Name string } }
	x.decode(&pending, "pending", "-o", "json")
	name, id := pending.Items[0].Name, pending.Items[0].ID
	answer := x.path("outbox", name+".crt")
	foreign, err := os.ReadFile(x.path("outbox", "ca.crt"))
	must(t, err)

	big := make([]byte, 70<<10)
	for what, put := range map[string]func() error{
		"another certificate": func() error { return os.WriteFile(answer, foreign, 0o644) },
		"junk":                func() error { return os.WriteFile(answer, []byte("\x1b[2Jjunk"), 0o644) },
		"a huge file":         func() error { return os.WriteFile(answer, big, 0o644) },
		"a link":              func() error { return os.Symlink(x.bait(), answer) },
		"a FIFO":              func() error { return unix.Mkfifo(answer, 0o644) },
	} {
		must(t, put())
		status := map[bool]int{true: 5, false: 3}[what == "another certificate" || what == "junk"]
		if out := x.run(status, "component-admin", "sync"); strings.Contains(out, "\x1b") {
			t.Errorf("%s: raw output %q", what, out)
		}
		if _, err := os.Stat(filepath.Join(x.dir, "component", "pki", "www.example.crt")); err == nil {
			t.Errorf("%s was installed", what)
		}
		must(t, os.Remove(answer))
	}
	forged := `{"apiVersion":"ca-exchange/v1","kind":"Answer","request":"` + id +
		`","status":"Denied","reason":"X","message":"\u001b[2Jrun \u202e rm -rf",` +
		`"refusals":[{"code":"\u001bx","field":"f","asked":"a","allowed":"b"}],"time":"2026-11-24T00:00:00Z"}`
	must(t, os.WriteFile(x.path("outbox", name+".denied.json"), []byte(forged), 0o644))
	out := x.run(4, "component-admin", "sync")
	if !strings.Contains(out, "(unverified)") || strings.ContainsAny(out, "\x1b\u202e") {
		t.Errorf("a forged denial is shown as %q", out)
	}
	must(t, os.Remove(x.path("outbox", name+".denied.json")))
	x.ca(0, "approve", id[:16], "--yes")
	x.run(0, "component-admin", "sync")
}
