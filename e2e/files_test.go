package e2e_test

import (
	"bytes"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"ca-exchange/internal/refusal"
	"ca-exchange/internal/request/requesttest"
)

// illegalNames are moved aside unread, and ignoredNames left to the tools that made them.
var (
	illegalNames = []string{"a b.csr", "-rf.csr", "esc\x1b[31m.csr", "new\nline.csr", "bidi\u202e.csr", "bad\xff.csr",
		"ü.csr", "u\u0308.csr", strings.Repeat("x", 101) + ".csr", "issuers.csr", "ca.csr", "x.held.csr",
		"x.DENIED.csr", "quote\".csr", "$(id).csr", "*.csr"}
	ignoredNames = []string{".hidden.csr", "x.csr~", "._x.csr", ".nfs000.csr", "x.csr.tmp", "x.part",
		"x.sync-conflict-20261124-AB.csr", ".~lock.x.csr#", "notes.txt"}
)

// TestHostileFiles puts into the inbox what is no file, or not one to be trusted: nothing is followed, nothing blocks,
// nothing is eaten, and a good request is served beside it all.
func TestHostileFiles(t *testing.T) {
	t.Parallel()
	x := newExchange(t, build(t), "--trust-inbox")
	good := requesttest.Good(t)[0].Entry
	secret := filepath.Join(x.dir, "secret")
	must(t, os.WriteFile(secret, []byte("secret"), 0o600))
	in := func(name string) string { return x.path("inbox", name) }

	must(t, os.Symlink(secret, in("link.csr")))
	must(t, os.Symlink("nowhere", in("dangling.csr")))
	must(t, unix.Mkfifo(in("fifo.csr"), 0o644))
	must(t, os.Mkdir(in("directory.csr"), 0o755))
	must(t, os.Symlink(x.dir, in("team")))
	socket, err := net.Listen("unix", in("socket.csr"))
	must(t, err)
	defer socket.Close()
	if os.Geteuid() == 0 {
		must(t, unix.Mknod(in("device.csr"), syscall.S_IFCHR|0o644, int(unix.Mkdev(1, 5)))) // /dev/zero never ends
	}
	sparse, err := os.Create(in("sparse.csr"))
	must(t, err)
	must(t, sparse.Truncate(8<<30))
	must(t, sparse.Close())
	x.drop("large.csr", bytes.Repeat([]byte("A"), 70<<10))
	x.drop("gzip.csr", append([]byte{0x1f, 0x8b, 8, 0}, make([]byte, 100)...))
	must(t, os.WriteFile(filepath.Join(x.dir, "hard"), good, 0o644))
	must(t, os.Link(filepath.Join(x.dir, "hard"), in("hard.csr")))
	for _, name := range illegalNames {
		x.drop(name, good)
	}
	for _, name := range ignoredNames {
		x.drop(name, good)
	}

	start := time.Now()
	out := x.ca(0, "sync", "--settle", "0s")
	if took := time.Since(start); took > 30*time.Second {
		t.Errorf("it took %s", took)
	}
	x.checkPlain("the log", out)
	x.checkHostileFiles()
	if text, err := os.ReadFile(secret); err != nil || string(text) != "secret" {
		t.Errorf("the link's target: %q, %v", text, err)
	}
}

// checkHostileFiles looks at what became of each file of TestHostileFiles.
func (x *exchange) checkHostileFiles() {
	x.Helper()
	for name, code := range map[string]refusal.Code{"link": refusal.EntryNotRegular,
		"dangling": refusal.EntryNotRegular, "sparse": refusal.EntryTooLarge, "large": refusal.EntryTooLarge,
		"gzip": refusal.EntryEncoding} {
		checkRefused(x, requesttest.Case{Name: name, Code: code, Outcome: refusal.Deny})
	}
	for _, name := range append(slices.Clone(ignoredNames), "fifo.csr", "directory.csr", "socket.csr", "team") {
		if _, err := os.Lstat(x.path("inbox", name)); err != nil {
			x.Errorf("%q should be left alone: %v", name, err)
		}
	}
	for _, name := range illegalNames {
		if _, err := os.Lstat(x.path("rejected", name)); err != nil {
			x.Errorf("%q should lie in rejected/: %v", name, err)
		}
	}
	if _, err := os.Stat(x.path("outbox", "hard.crt")); err != nil {
		x.Errorf("a good request is not served: %v", err)
	}
}

// TestHostileDirectories puts links in the place of directories: that side stops with an error until they are gone.
func TestHostileDirectories(t *testing.T) {
	t.Parallel()
	bin := build(t)
	for _, side := range []string{"inbox", "outbox", "rejected"} {
		x := newExchange(t, bin)
		elsewhere := filepath.Join(x.dir, "elsewhere")
		must(t, os.Rename(x.path(side), elsewhere))
		must(t, os.Symlink(elsewhere, x.path(side)))
		if out := x.ca(1, "sync"); !strings.Contains(out, "is a symbolic link") {
			t.Errorf("%s: %s", side, out)
		}
		must(t, os.Remove(x.path(side)))
		must(t, os.Rename(elsewhere, x.path(side)))
		x.ca(0, "sync")
	}
}

// TestUnreadableEntry: an entry that ca-admin may not read is left, with one warning that says how to mend it; the rest
// is served.
func TestUnreadableEntry(t *testing.T) {
	t.Parallel()
	bin := build(t)
	dir, err := os.MkdirTemp("", "ca-exchange-unreadable-")
	must(t, err)
	defer os.RemoveAll(dir)
	must(t, os.Chmod(dir, 0o777))
	const nobody = 65534
	run := func(args ...string) (string, int) {
		command := exec.Command(filepath.Join(bin, "ca-admin"), args...)
		command.Dir, command.Env = dir, append(os.Environ(), "HOME="+dir)
		if os.Geteuid() == 0 { // root reads everything
			command.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
		}
		out, _ := command.CombinedOutput()
		return string(out), command.ProcessState.ExitCode()
	}
	if os.Geteuid() == 0 {
		must(t, os.Chmod(bin, 0o755))
	}
	if out, status := run("init", "--issuer", "ca", "--trust-inbox"); status != 0 {
		t.Fatal(out)
	}
	secret := filepath.Join(dir, "exchange", "inbox", "secret.csr")
	must(t, os.WriteFile(secret, []byte("-----BEGIN X-----\n-----END X-----\n"), 0o000))
	out, status := run("sync")
	if status != 3 || strings.Count(out, "warning: cannot read entries; let ca-admin read them: chmod a+r") != 1 ||
		!strings.Contains(out, "1 entry was left unanswered") {
		t.Errorf("exit %d:\n%s", status, out)
	}
	if _, err := os.Stat(secret); err != nil {
		t.Error(err)
	}
	// status says so, too, and a name that would steer a terminal or write a line of its own stays a name.
	must(t, os.Remove(secret))
	must(t, os.WriteFile(filepath.Join(filepath.Dir(secret), "x\x1b[31m\nca-admin: all is well.csr"), nil, 0o000))
	out, _ = run("status")
	if !strings.Contains(out, `entries that cannot be read: 1 (chmod a+r), for example "x\x1b[31m\nca-admin: all is `+
		`well.csr": permission denied`) || strings.Contains(out, "\x1b") {
		t.Errorf("status: %q", out)
	}
}
