package e2e_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestFingerprintsPage runs the commands of docs/fingerprints.md and wants the values that our programs print.
func TestFingerprintsPage(t *testing.T) {
	t.Parallel()
	long(t)
	needs(t, "openssl", "ssh-keygen", "sha256sum")
	x := newExchange(t, build(t))
	x.run(0, "component-admin", "init", "--name", "web")
	x.run(0, "cp", "component/component-admin/identity.pub", "exchange/outbox/ca.crt", ".")
	x.run(0, "openssl", "req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", "server.key", "-out", "server.csr",
		"-subj", "/CN=www.example", "-addext", "subjectAltName=DNS:www.example")
	csr, err := os.ReadFile(filepath.Join(x.dir, "server.csr"))
	must(t, err)
	x.drop("server.csr", csr)
	x.ca(0, "sync")
	x.ca(0, "approve", x.id("server"), "--yes")
	x.run(0, "cp", "exchange/outbox/server.crt", ".")
	var shown struct {
		Request     struct{ KeyFingerprint string }
		Certificate struct{ Fingerprint string }
	}
	x.decode(&shown, "show", "server", "-o", "json")
	_, fingerprint, _ := strings.Cut(x.run(0, "component-admin", "config"), "\nfingerprint  ")
	text, err := os.ReadFile("../docs/fingerprints.md")
	must(t, err)
	var commands []string
	for line := range strings.Lines(string(text)) {
		if command, ok := strings.CutPrefix(line, "    "); ok {
			commands = append(commands, command)
		}
	}
	want := []string{
		strings.TrimPrefix(x.trust(), "sha256:"), strings.TrimSpace(fingerprint), x.id("server"),
		shown.Certificate.Fingerprint, shown.Request.KeyFingerprint,
	}
	if len(commands) != len(want) {
		t.Fatalf("the page has %d commands, not %d: %q", len(commands), len(want), commands)
	}
	for i, command := range commands {
		got := x.run(0, "sh", "-c", command)
		if strings.Contains(command, "-fingerprint") {
			got = strings.ToLower(strings.ReplaceAll(got, ":", ""))
		}
		if len(want[i]) < 40 || !strings.Contains(got, want[i]) {
			t.Errorf("%sprints %s, and %q is wanted", command, got, want[i])
		}
	}
}
