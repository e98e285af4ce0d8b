package e2e_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// ends runs ca-admin, whatever it says, and wants it to end within a limit.
func (x *exchange) ends(limit time.Duration, args ...string) string {
	x.Helper()
	ctx, cancel := context.WithTimeout(x.Context(), limit)
	defer cancel()
	command := x.command("ca-admin", args...)
	var out strings.Builder
	command.Stdout, command.Stderr = &out, &out
	must(x.T, command.Start())
	done := make(chan struct{})
	go func() { command.Wait(); close(done) }()
	select {
	case <-done:
	case <-ctx.Done():
		command.Process.Kill()
		<-done
		x.Fatalf("%q did not end within %s:\n%s", args, limit, out.String())
	}
	return out.String()
}

// wantIssued wants a certificate under a name.
func (x *exchange) wantIssued(name, beside string) {
	x.Helper()
	if x.answered(name) != "crt" {
		x.Errorf("beside %s a good request is answered by %q", beside, x.answered(name))
	}
}

// TestManyTeams: 520 sub-directories with an entry each do not keep the inbox itself from being served.
func TestManyTeams(t *testing.T) {
	t.Parallel()
	x := newExchange(t, build(t))
	signer := x.requester("good", "--profile", "server", "--dns", "*.example")
	evil := wishFor("", "", "evil", "evil.example").plain(t)
	for i := range 520 {
		must(t, os.Mkdir(x.path("inbox", fmt.Sprintf("t%d", i)), 0o755))
		x.drop(fmt.Sprintf("t%d/x.csr", i), evil)
	}
	x.drop("good.csr", wishFor("server", "good", "good.example", "good.example").signed(x, signer))
	x.ends(2*time.Minute, "sync", "-q")
	x.wantIssued("good", "520 sub-directories")
}

// TestLinksInTeamsEnd: links of one name in sub-directories that ca-admin cannot write give no pass without end.
func TestLinksInTeamsEnd(t *testing.T) {
	t.Parallel()
	x := newUnprivileged(t)
	for i := range 4 {
		team := x.path("inbox", fmt.Sprintf("t%d", i))
		must(t, os.Mkdir(team, 0o755))
		must(t, os.Symlink("/etc/passwd", filepath.Join(team, "link.csr")))
		must(t, os.Chmod(team, 0o555))
		t.Cleanup(func() { os.Chmod(team, 0o755) })
	}
	x.drop("good.csr", wishFor("", "", "good", "good.example").plain(t))
	x.ends(30*time.Second, "sync")
	if x.answered("good") != "held" {
		t.Errorf("beside the links a good request is answered by %q", x.answered("good"))
	}
}

// TestNoticeIsBounded: names without number outside a scope make no notice that nobody reads, and ca-admin knows its own
// notice again when the request is dropped once more.
func TestNoticeIsBounded(t *testing.T) {
	t.Parallel()
	x := newExchange(t, build(t))
	signer := x.requester("greedy", "--profile", "server", "--dns", "a.example,b.example,c.example,d.example")
	w := wishFor("server", "greedy", "x")
	for i := range 8000 {
		w.dns = append(w.dns, fmt.Sprintf("n%04d", i))
	}
	entry := w.signed(x, signer)
	if len(entry) > 64<<10 {
		w.dns = w.dns[:4000]
		entry = w.signed(x, signer)
	}
	for range 2 {
		x.drop("x.csr", entry)
		x.ca(0, "sync", "-q")
	}
	s, err := os.Stat(x.path("outbox", "x.held.json"))
	must(t, err)
	if s.Size() > 64<<10 {
		t.Errorf("%d bytes became a notice of %d", len(entry), s.Size())
	}
	if n := x.notice("x", "held"); n == nil || len(n.Refusals) > 33 {
		t.Errorf("the notice lists %d refusals", len(n.Refusals))
	}
	if moved, err := os.ReadDir(x.path("rejected")); err != nil || len(moved) > 0 {
		t.Errorf("ca-admin moved its own notice aside: %v, %v", moved, err)
	}
}
