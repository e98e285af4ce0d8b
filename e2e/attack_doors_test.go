package e2e_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestNameIsNoLineOfTheLog: a file name with a line feed, in a sub-directory that ca-admin cannot write, is no line
// of its own on stderr.
func TestNameIsNoLineOfTheLog(t *testing.T) {
	t.Parallel()
	x := newUnprivileged(t)
	team := x.path("inbox", "team")
	must(t, os.Mkdir(team, 0o755))
	const lie = "ca-admin: error: the CA key was compromised"
	x.drop("team/x\n"+lie+".csr", []byte("x"))
	x.drop("team/.ca-exchange-aside-abcdefghij-y\n"+lie+".csr", []byte("x"))
	must(t, os.Chmod(team, 0o555))
	t.Cleanup(func() { os.Chmod(team, 0o755) })
	for _, args := range [][]string{{"sync", "--settle", "0s"}, {"status"},
		{"sync", "--settle", "0s", "--log-format", "json"}} {
		if out := x.ends(time.Minute, args...); strings.Contains("\n"+out, "\n"+lie) {
			t.Errorf("%q prints a neighbour's line:\n%s", args, out)
		}
	}
}

// TestFIFOIsNoFile: what a person names on the command line is read as the inbox is: no FIFO keeps a command waiting,
// and a signal ends it.
func TestFIFOIsNoFile(t *testing.T) {
	t.Parallel()
	x := newExchange(t, build(t))
	must(t, unix.Mkfifo(x.path("inbox", "x.csr"), 0o644))
	for _, args := range [][]string{{"check"}, {"show"}, {"sign", "--yes"}} {
		command := x.command("ca-admin", append(args, "exchange/inbox/x.csr")...)
		var out bytes.Buffer
		command.Stdout, command.Stderr = &out, &out
		must(t, command.Start())
		ended := make(chan error, 1)
		go func() { ended <- command.Wait() }()
		select {
		case err := <-ended:
			if err == nil || !strings.Contains(out.String(), "x.csr") {
				t.Errorf("%q of a FIFO: %v %s", args, err, out.String())
			}
		case <-time.After(10 * time.Second):
			t.Errorf("%q waits at a FIFO", args)
			command.Process.Signal(syscall.SIGKILL)
			<-ended
		}
	}
}

// TestNoKeyStaysOnTheExchange: a private key in an entry goes, whatever the entry is called and however large it is.
func TestNoKeyStaysOnTheExchange(t *testing.T) {
	t.Parallel()
	needs(t, "openssl")
	x := newExchange(t, build(t))
	x.run(0, "openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
		"/CN=one",
		"-keyout", "one.key", "-out", "one.csr")
	key, err := os.ReadFile(filepath.Join(x.dir, "one.key"))
	must(t, err)
	csr, err := os.ReadFile(filepath.Join(x.dir, "one.csr"))
	must(t, err)
	both := append(bytes.Clone(csr), key...)
	x.drop("my server.csr", both)
	x.drop("server.csr", both)
	x.drop("bundle.csr", append(bytes.Clone(both), make([]byte, 70<<10)...))
	x.drop("late.csr", append(bytes.Repeat([]byte("\n"), 70<<10), both...))
	x.ends(time.Minute, "sync", "--settle", "0s")
	must(t, filepath.WalkDir(x.path(), func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		if bytes.Contains(text, []byte("PRIVATE KEY-----")) {
			t.Errorf("a private key stays in %s", path)
		}
		return err
	}))
}

// TestPreviousIsNoWider: what an installation replaces keeps its mode: a bundle with a key in it is not opened to
// everybody.
func TestPreviousIsNoWider(t *testing.T) {
	t.Parallel()
	x := newExchange(t, build(t))
	x.component(0, "init", "--name", "cp", "--trust", x.trust())
	x.ca(0, "enroll", "cp", "--key", "component/component-admin/identity.pub", "--profile", "server", "--dns",
		"*.example")
	x.component(0, "request", "server", "--dns", "web.example", "--key-type", "ECDSA-P256")
	place := filepath.Join(x.dir, "component", "pki", "web.example.crt")
	must(t, os.MkdirAll(filepath.Dir(place), 0o755))
	must(t, os.WriteFile(place, []byte("a certificate and its key\n"), 0o600))
	x.ca(0, "sync", "-q")
	x.component(0, "sync")
	s, err := os.Stat(place + ".previous")
	must(t, err)
	if mode := s.Mode().Perm(); mode != 0o600 {
		t.Errorf("the copy of a file of mode 600 has %o", mode)
	}
}

func (x *exchange) component(want int, args ...string) string {
	x.Helper()
	return x.run(want, "component-admin", args...)
}

// TestDirectoryOnTheEntrysName: something else on the name of a waiting request is not taken for the request.
func TestDirectoryOnTheEntrysName(t *testing.T) {
	t.Parallel()
	for name, put := range map[string]func(file string) error{
		"a directory":    func(file string) error { return os.Mkdir(file, 0o755) },
		"another's file": func(file string) error { return os.WriteFile(file, serverRequest(t, "evil"), 0o644) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := newExchange(t, build(t))
			x.component(0, "init", "--name", "cp", "--trust", x.trust())
			x.component(0, "request", "server", "--dns", "web.example", "--key-type", "ECDSA-P256")
			entries, err := filepath.Glob(x.path("inbox", "*.csr"))
			must(t, err)
			must(t, os.Remove(entries[0]))
			must(t, put(entries[0]))
			command := x.command("component-admin", "sync")
			out, _ := command.CombinedOutput()
			if !strings.Contains(string(out), "warning: ") ||
				!strings.Contains(string(out), filepath.Base(entries[0])) {
				t.Errorf("sync says nothing of what lies on its entry's name:\n%s", out)
			}
		})
	}
}

// TestNoCoreDumps: a crash writes no memory to a disk, whatever limit the shell has. The kernel says so of a watch.
func TestNoCoreDumps(t *testing.T) {
	t.Parallel()
	x := newExchange(t, build(t))
	w := x.watch([]string{"sh", "-c", `ulimit -c unlimited 2>/dev/null; exec "$@"`, "sh"})
	limits, err := os.ReadFile(fmt.Sprintf("/proc/%d/limits", w.command.Process.Pid))
	must(t, err)
	if !regexp.MustCompile(`(?m)^Max core file size +0 +0 +bytes`).Match(limits) {
		t.Errorf("a watch may dump core:\n%s", limits)
	}
}

// TestGODEBUG: what the Go runtime lets an environment variable change does not change what is refused.
func TestGODEBUG(t *testing.T) {
	t.Parallel()
	x := newExchange(t, build(t), "--trust-inbox")
	x.env = append(x.env, "GODEBUG=x509sha1=1,x509rsacrt=0,x509negativeserial=1,rsa1024min=0,x509policies=0")
	for name, flags := range map[string][]string{
		"sha1": {"-newkey", "rsa:2048", "-sha1"}, "short": {"-newkey", "rsa:1024"},
	} {
		x.run(0, "openssl", append([]string{"req", "-new", "-nodes", "-keyout", name + ".key", "-out", name + ".csr",
			"-subj", "/CN=" + name + ".example"}, flags...)...)
		x.ca(4, "check", name+".csr")
	}
}
