package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"ca-exchange/internal/durable"
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
	long(t)
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

// TestLeftCopiesEnd: copies of a request that is left where it is give no pass without end.
func TestLeftCopiesEnd(t *testing.T) {
	long(t)
	t.Parallel()
	x := newExchange(t, build(t))
	x.fillHeld()
	two := wishFor("", "", "two", "two.example").plain(t)
	for i := range 40 {
		x.drop(fmt.Sprintf("copy%d.csr", i), two)
	}
	x.ends(30*time.Second, "sync")
}

// TestLinksInTeamsEnd: links of one name in sub-directories that ca-admin cannot write give no pass without end.
func TestLinksInTeamsEnd(t *testing.T) {
	t.Parallel()
	x := newUnprivileged(t)
	for i := range 4 {
		team := x.path("inbox", fmt.Sprintf("t%d", i))
		must(t, os.Mkdir(team, 0o755))
		must(t, os.Symlink(x.bait(), filepath.Join(team, "link.csr")))
		must(t, os.Chmod(team, 0o555))
		t.Cleanup(func() { os.Chmod(team, 0o755) })
	}
	x.drop("good.csr", wishFor("", "", "good", "good.example").plain(t))
	x.ends(30*time.Second, "sync")
	if x.answered("good") != "held" {
		t.Errorf("beside the links a good request is answered by %q", x.answered("good"))
	}
}

// TestTeamMadeAgain: a watch serves a sub-directory that was removed and made again, and everybody when a team's part
// of the outbox was removed.
func TestTeamMadeAgain(t *testing.T) {
	t.Parallel()
	x := newExchange(t, build(t), "--trust-inbox")
	team := x.path("inbox", "team")
	must(t, os.Mkdir(team, 0o755))
	w := x.watch(nil, "--poll", "100ms")
	answered := func(name string) func() bool {
		return func() bool { _, err := os.Stat(x.path("outbox", name+".crt")); return err == nil }
	}
	x.drop("team/a.csr", serverRequest(t, "a"))
	w.eventually("the team's first answer", answered("team/a"))
	must(t, os.RemoveAll(team))
	must(t, os.Mkdir(team, 0o755))
	x.drop("team/b.csr", serverRequest(t, "b"))
	w.eventually("an answer in the team that was made again", answered("team/b"))
	must(t, os.RemoveAll(x.path("outbox", "team")))
	x.drop("team/c.csr", serverRequest(t, "c"))
	w.serves()
	w.eventually("an answer in the outbox team that was made again", answered("team/c"))
}

// unwritable is a System on which a sub-directory's asides cannot be put back.
type unwritable struct {
	durable.System
}

func (u unwritable) RenameNew(oldDir int, old string, newDir int, name string) error {
	if strings.HasSuffix(old, "-theirs.csr") {
		return unix.EACCES
	}
	return u.System.RenameNew(oldDir, old, newDir, name)
}

// TestRecoveryGoesOn: an entry that a killed ca-admin had taken aside is put back, though a neighbour's sub-directory
// has one that cannot be.
func TestRecoveryGoesOn(t *testing.T) {
	w := newFlow(t)
	const aside = "exchange/inbox/.ca-exchange-aside-abcdefghij-"
	must(t, os.Mkdir(w.path("exchange/inbox/aaa"), 0o755))
	must(t, os.WriteFile(w.path("exchange/inbox/aaa/.ca-exchange-aside-abcdefghij-theirs.csr"), nil, 0o644))
	must(t, os.WriteFile(w.path(aside+"good.csr"), serverRequest(t, "good"), 0o644))
	w.late = time.Hour
	restore := durable.Swap(unwritable{durable.Kernel{}})
	err := w.answer(t.Context())
	restore()
	if _, missing := os.Stat(w.path("exchange/outbox/good.crt")); missing != nil {
		t.Errorf("what was taken aside is not answered: %v", errors.Join(err, missing))
	}
}

// TestLitter: whatever lies on names of the outbox, everybody is served.
func TestLitter(t *testing.T) {
	t.Parallel()
	for name, litter := range map[string]func(x *exchange){
		"a directory issuers.pem": func(x *exchange) {
			must(x.T, os.Remove(x.path("outbox", "issuers.pem")))
			must(x.T, os.Mkdir(x.path("outbox", "issuers.pem"), 0o755))
		},
		"a FIFO ca.crt": func(x *exchange) {
			must(x.T, os.Remove(x.path("outbox", "ca.crt")))
			must(x.T, unix.Mkfifo(x.path("outbox", "ca.crt"), 0o644))
		},
		"a directory on a notice's name": func(x *exchange) {
			must(x.T, os.Remove(x.path("outbox", "old.held.json")))
			must(x.T, os.Mkdir(x.path("outbox", "old.held.json"), 0o755))
			x.anyStatus("approve", x.heldIDs()[0], "--yes")
		},
		"a file on a team's name": func(x *exchange) {
			must(x.T, os.Mkdir(x.path("inbox", "team"), 0o755))
			must(x.T, os.WriteFile(x.path("outbox", "team"), nil, 0o644))
			x.drop("team/t.csr", serverRequest(x.T, "t"))
		},
		"a link on a team's name": func(x *exchange) {
			must(x.T, os.Mkdir(x.path("inbox", "team"), 0o755))
			must(x.T, os.Symlink("..", x.path("outbox", "team")))
			x.drop("team/t.csr", serverRequest(x.T, "t"))
		},
		"a directory on an answer's name and a full rejected": func(x *exchange) {
			for i := range 1000 {
				must(x.T, os.WriteFile(x.path("rejected", fmt.Sprint("j", i)), nil, 0o644))
			}
			must(x.T, os.Mkdir(x.path("outbox", "t.held.json"), 0o755))
			x.drop("t.csr", serverRequest(x.T, "t"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := newExchange(t, build(t))
			signer := x.requester("good", "--profile", "server", "--dns", "*.example")
			x.dropHeld("old")
			litter(x)
			for i := range 12 { // so that some share a batch with what cannot be answered
				good := wishFor("server", "good", "good.example", "good.example")
				x.drop(fmt.Sprintf("g%d.csr", i), good.signed(x, signer))
			}
			out := x.ends(time.Minute, "sync")
			if n := len(x.issued()); n < 12 {
				t.Errorf("%d of 12 are served:\n%s", n, out)
			}
		})
	}
}

// TestNoticeIsBounded: names without number outside a scope make no notice that nobody reads, and ca-admin knows its
// own notice again when the request is dropped once more.
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
