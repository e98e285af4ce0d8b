package e2e_test

import (
	"bytes"
	"crypto/x509"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestExport: the certificate of a request or serial on stdout, and nothing else there.
func TestExport(t *testing.T) {
	t.Parallel()
	x := newExchange(t, build(t))
	x.dropHeld("web")
	if out := x.ca(1, "export", x.id("web")); !strings.Contains(out, " has no certificate: it is Held") {
		t.Errorf("%s", out)
	}
	x.approve("web")
	published, err := os.ReadFile(x.path("outbox", "web.crt"))
	must(t, err)
	leaf := firstCertificate(t, x.path("outbox", "web.crt"))
	serial := leaf.SerialNumber.Text(16)
	serial = strings.Repeat("0", len(serial)%2) + serial
	for _, what := range []string{x.id("web"), x.id("web")[:16], serial, strings.ToUpper(serial)} {
		if out := x.ca(0, "export", what, "--chain"); out != string(published) {
			t.Errorf("export %s --chain:\n%s\nnot what was published", what, out)
		}
		out := x.ca(0, "export", what)
		if !strings.HasPrefix(string(published), out) || strings.Count(out, "BEGIN") != 1 {
			t.Errorf("export %s:\n%s", what, out)
		}
	}
	der := []byte(x.ca(0, "export", serial, "--der"))
	if _, err := x509.ParseCertificate(der); err != nil || !bytes.Equal(der, leaf.Raw) {
		t.Errorf("--der: %v", err)
	}
	x.ca(2, "export", serial, "--der", "--chain")
	person := x.terminal("ca-admin", "export", serial, "--der")
	person.await("DER is not for a terminal", 1)
	person.exits(2)
}

// TestEvents: the log as a table, since a time, and of one request.
func TestEvents(t *testing.T) {
	t.Parallel()
	x := newExchange(t, build(t), "--trust-inbox")
	x.drop("web.csr", serverRequest(t, "web"))
	x.drop("api.csr", serverRequest(t, "api"))
	x.ca(0, "sync", "-q")
	for _, test := range []struct {
		args   string
		events string
	}{
		{"", "Created RulesChanged Issued Issued"}, {"--since 1d", "Created RulesChanged Issued Issued"},
		{"--since 2000-01-01", "Created RulesChanged Issued Issued"},
		{"--since 2999-01-01T00:00:00Z", ""}, {"--request " + x.id("web"), "Issued"},
		{"--since 2999-01-01 --request " + x.id("web"), ""},
	} {
		lines := strings.Split(x.ca(0, append([]string{"events", "-q"}, strings.Fields(test.args)...)...), "\n")
		var events []string
		for _, line := range lines[1:] {
			if words := strings.Fields(line); len(words) > 2 {
				events = append(events, words[2])
			}
		}
		if got := strings.Join(events, " "); got != test.events {
			t.Errorf("events %s: %q, want %q", test.args, got, test.events)
		}
	}
	out := x.ca(2, "events", "--since", "yesterday")
	if !strings.Contains(out, `"yesterday" is not a time (examples: 7d, `) {
		t.Errorf("%s", out)
	}
}

// TestHeadIsWhole: what is not a whole head is a mistake of the command line, never a chain that is whole.
func TestHeadIsWhole(t *testing.T) {
	t.Parallel()
	x := newExchange(t, build(t))
	var status struct{ Head string }
	x.decode(&status, "status", "-o", "json")
	x.ca(0, "verify", "--head", status.Head)
	for _, head := range []string{
		"xyz", "5", "5:", "5:zz", ":abc", status.Head[:40], "0" + status.Head[1:], "-" + status.Head,
	} {
		if out := x.ca(2, "verify", "--head="+head); !strings.Contains(out, "is not SEQ:HASH") {
			t.Errorf("--head %q: %s", head, out)
		}
	}
}

// TestKeysAreNamed: show and check say of a private key that it is one, and change nothing.
func TestKeysAreNamed(t *testing.T) {
	t.Parallel()
	x := newExchange(t, build(t))
	key := filepath.Join(x.dir, "ca", "ca.key")
	before, err := os.ReadFile(key)
	must(t, err)
	if out := x.ca(1, "show", key); !strings.Contains(out, "holds a private key; it was not changed") {
		t.Errorf("%s", out)
	}
	if out := x.ca(4, "check", key); !strings.Contains(out, "deny: it holds a private key; it was not changed") {
		t.Errorf("%s", out)
	}
	after, err := os.ReadFile(key)
	if must(t, err); !bytes.Equal(before, after) {
		t.Error("the key was changed")
	}
}
