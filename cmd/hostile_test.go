package cmd_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"ca-exchange/internal/refusal"
	"ca-exchange/internal/request"
	"ca-exchange/internal/request/requesttest"
)

// exchange is a CA and an exchange in a directory of their own, served by the real binary.
type exchange struct {
	*testing.T
	dir, bin string
}

func newExchange(t *testing.T, bin string, init ...string) *exchange {
	t.Helper()
	x := &exchange{t, t.TempDir(), bin}
	x.ca(0, append([]string{"init", "--issuer", "ca", "--key-type", "ECDSA-P256"}, init...)...)
	return x
}

// run runs a program and wants its exit status; both outputs come back.
func (x *exchange) run(want int, program string, args ...string) string {
	x.Helper()
	if program == "ca-admin" || program == "component-admin" {
		program = filepath.Join(x.bin, program)
	}
	command := exec.Command(program, args...)
	command.Dir = x.dir
	command.Env = append(os.Environ(), "CA_EXCHANGE=", "CA_ADMIN_DIR=", "COMPONENT_ADMIN_DIR=")
	out, _ := command.CombinedOutput()
	if got := command.ProcessState.ExitCode(); got != want {
		x.Fatalf("%s %q exited with %d, not %d:\n%s", program, args, got, want, out)
	}
	return string(out)
}

func (x *exchange) ca(want int, args ...string) string {
	x.Helper()
	return x.run(want, "ca-admin", args...)
}

func (x *exchange) path(elements ...string) string {
	return filepath.Join(append([]string{x.dir, "exchange"}, elements...)...)
}

func (x *exchange) drop(name string, entry []byte) {
	x.Helper()
	if err := os.WriteFile(x.path("inbox", name), entry, 0o644); err != nil {
		x.Fatal(err)
	}
}

// notice reads the notice of a name, nil where there is none.
func (x *exchange) notice(name, status string) *refusal.Notice {
	x.Helper()
	text, err := os.ReadFile(x.path("outbox", name+"."+status+".json"))
	if err != nil {
		return nil
	}
	n, err := refusal.ParseNotice(text)
	if err != nil {
		x.Errorf("%s: %v", name, err)
	}
	if i := bytes.IndexFunc(text, func(r rune) bool { return r != '\n' && (r < 0x20 || r > 0x7e && r != '…' && r != '²') }); i >= 0 {
		x.Errorf("%s: the notice holds a raw %q", name, text[i:min(i+8, len(text))])
	}
	return &n
}

// TestHostileEntries drops every hostile entry there is into one inbox that would issue anything harmless, and after
// them a good one: each is refused for its reason, none gets a certificate, and the good one is served.
func TestHostileEntries(t *testing.T) {
	x := newExchange(t, build(t), "--trust-inbox")
	cases := requesttest.Hostile(t)
	if len(cases) < 180 {
		t.Fatalf("only %d hostile entries", len(cases))
	}
	var took time.Duration
	refuse := func(blocked bool) {
		for _, c := range cases {
			if (c.Blocked != "") == blocked {
				x.drop(c.Name+".csr", c.Entry)
			}
		}
		start := time.Now()
		x.ca(0, "sync", "--settle", "0s", "-q")
		took += time.Since(start)
		for _, c := range cases {
			if (c.Blocked != "") == blocked {
				checkRefused(x, c)
			}
		}
	}
	refuse(false)
	var list strings.Builder
	for _, c := range cases {
		if c.Blocked != "" {
			fmt.Fprintln(&list, c.Blocked)
		}
	}
	must(t, os.WriteFile(filepath.Join(x.dir, "ca", "blocked-keys"), []byte(list.String()), 0o600))
	refuse(true)
	if left, err := os.ReadDir(x.path("inbox")); err != nil || len(left) > 0 {
		t.Errorf("%d entries are left, %v", len(left), err)
	}
	good := requesttest.Good(t)[0]
	x.drop("good.csr", good.Entry)
	x.ca(0, "sync")
	if _, err := os.Stat(x.path("outbox", "good.crt")); err != nil && x.notice("good", "held") == nil {
		t.Errorf("after all that the good request has no answer: %v", err)
	}
	if text := x.ca(0, "list", "-o", "json"); strings.Count(text, `"serial"`) > 1 {
		t.Errorf("a hostile entry got a certificate:\n%s", text)
	}
	t.Logf("%d hostile entries refused in %s", len(cases), took.Round(time.Millisecond))
}

func checkRefused(x *exchange, c requesttest.Case) {
	x.Helper()
	if _, err := os.Stat(x.path("outbox", c.Name+".crt")); err == nil {
		x.Errorf("%s: got a certificate", c.Name)
	}
	n := x.notice(c.Name, map[refusal.Outcome]string{refusal.Hold: "held", refusal.Deny: "denied"}[c.Outcome])
	if n == nil {
		x.Errorf("%s: no notice says %s", c.Name, c.Outcome)
		return
	}
	for _, r := range n.Refusals {
		if r.Code == c.Code || r.Code == refusal.EntryTooLarge && len(c.Entry) > request.MaxEntry {
			return
		}
	}
	x.Errorf("%s: %v, not %s", c.Name, n.Refusals, c.Code)
}

// TestHostileFiles puts into the inbox what is no file, or not one to be trusted: nothing is followed, nothing blocks,
// nothing is eaten, and a good request is served beside it all.
func TestHostileFiles(t *testing.T) {
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
	illegal := []string{"a b.csr", "-rf.csr", "esc\x1b[31m.csr", "new\nline.csr", "bidi\u202e.csr", "bad\xff.csr", "ü.csr", "u\u0308.csr",
		strings.Repeat("x", 101) + ".csr", "issuers.csr", "ca.csr", "x.held.csr", "x.DENIED.csr", "quote\".csr", "$(id).csr", "*.csr"}
	for _, name := range illegal {
		x.drop(name, good)
	}
	ignored := []string{".hidden.csr", "x.csr~", "._x.csr", ".nfs000.csr", "x.csr.tmp", "x.part", "x.sync-conflict-20261124-AB.csr", ".~lock.x.csr#", "notes.txt"}
	for _, name := range ignored {
		x.drop(name, good)
	}

	start := time.Now()
	out := x.ca(0, "sync", "--settle", "0s")
	if took := time.Since(start); took > 30*time.Second {
		t.Errorf("it took %s", took)
	}
	x.plain("the log", out)
	for name, code := range map[string]refusal.Code{"link": refusal.EntryNotRegular, "dangling": refusal.EntryNotRegular, "sparse": refusal.EntryTooLarge, "large": refusal.EntryTooLarge, "gzip": refusal.EntryEncoding} {
		checkRefused(x, requesttest.Case{Name: name, Code: code, Outcome: refusal.Deny})
	}
	if text, err := os.ReadFile(secret); err != nil || string(text) != "secret" {
		t.Errorf("the link's target: %q, %v", text, err)
	}
	for _, name := range append(ignored, "fifo.csr", "directory.csr", "socket.csr", "team") {
		if _, err := os.Lstat(in(name)); err != nil {
			t.Errorf("%q should be left alone: %v", name, err)
		}
	}
	for _, name := range illegal {
		if _, err := os.Lstat(x.path("rejected", name)); err != nil {
			t.Errorf("%q should lie in rejected/: %v", name, err)
		}
	}
	if _, err := os.Stat(x.path("outbox", "hard.crt")); err != nil {
		t.Errorf("a good request is not served: %v", err)
	}
}

// TestHostileDirectories puts links in the place of directories: that side stops with an error until they are gone.
func TestHostileDirectories(t *testing.T) {
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

// TestHostileOutbox lets somebody write the outbox while component-admin waits: nothing of it is installed, followed,
// believed, or printed raw, and the true certificate is installed in the end.
func TestHostileOutbox(t *testing.T) {
	x := newExchange(t, build(t))
	var status struct{ Trust string }
	must(t, json.Unmarshal([]byte(x.ca(0, "status", "-o", "json")), &status))
	x.run(0, "component-admin", "init", "--name", "me", "--trust", status.Trust)
	x.run(0, "component-admin", "request", "server", "--dns", "www.example")
	x.ca(0, "sync")
	var pending struct{ Items []struct{ ID, Name string } }
	must(t, json.Unmarshal([]byte(x.ca(0, "pending", "-o", "json")), &pending))
	name, id := pending.Items[0].Name, pending.Items[0].ID
	answer := x.path("outbox", name+".crt")
	foreign, err := os.ReadFile(x.path("outbox", "ca.crt"))
	must(t, err)

	big := make([]byte, 70<<10)
	for what, put := range map[string]func() error{
		"another certificate": func() error { return os.WriteFile(answer, foreign, 0o644) },
		"junk":                func() error { return os.WriteFile(answer, []byte("\x1b[2Jjunk"), 0o644) },
		"a huge file":         func() error { return os.WriteFile(answer, big, 0o644) },
		"a link":              func() error { return os.Symlink("/etc/passwd", answer) },
		"a FIFO":              func() error { return unix.Mkfifo(answer, 0o644) },
	} {
		must(t, put())
		if out := x.run(map[bool]int{true: 5, false: 3}[what == "another certificate" || what == "junk"], "component-admin", "sync"); strings.Contains(out, "\x1b") {
			t.Errorf("%s: raw output %q", what, out)
		}
		if _, err := os.Stat(filepath.Join(x.dir, "component", "pki", "www.example.crt")); err == nil {
			t.Errorf("%s was installed", what)
		}
		must(t, os.Remove(answer))
	}
	forged := `{"apiVersion":"ca-exchange/v1","kind":"Answer","request":"` + id + `","status":"Denied","reason":"X","message":"\u001b[2Jrun \u202e rm -rf","refusals":[{"code":"\u001bx","field":"f","asked":"a","allowed":"b"}],"time":"2026-11-24T00:00:00Z"}`
	must(t, os.WriteFile(x.path("outbox", name+".denied.json"), []byte(forged), 0o644))
	out := x.run(4, "component-admin", "sync")
	if !strings.Contains(out, "(unverified)") || strings.ContainsAny(out, "\x1b\u202e") {
		t.Errorf("a forged denial is shown as %q", out)
	}
	must(t, os.Remove(x.path("outbox", name+".denied.json")))
	x.ca(0, "approve", id[:12], "--yes")
	x.run(0, "component-admin", "sync")
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestGoodEntries: what real tools write, or could, is held unsigned, approved by a person, and openssl verifies the
// certificate.
func TestGoodEntries(t *testing.T) {
	x := newExchange(t, build(t))
	cases := requesttest.Good(t)
	for _, c := range cases {
		x.drop(c.Name+".csr", c.Entry)
	}
	x.ca(0, "sync", "-q")
	served := 0
	for _, c := range cases {
		if denied := x.notice(c.Name, "denied"); denied != nil {
			// Well-formed, but a cover of another CA's, or half an identity of Kubernetes.
			if denied.Reason != "CoverTrust" && denied.Reason != "SubjectReserved" {
				t.Errorf("%s is denied: %v", c.Name, denied)
			}
			continue
		}
		served++
		x.approve(c.Name)
		if out := x.run(0, "openssl", "verify", "-CAfile", "exchange/outbox/ca.crt", "exchange/outbox/"+c.Name+".crt"); !strings.Contains(out, "OK") {
			t.Errorf("%s: %s", c.Name, out)
		}
	}
	if served < 25 {
		t.Errorf("only %d of %d were served", served, len(cases))
	}
}

// approve approves as a person would: as it is, else with what the hint asks for. Copies of an approved request are
// settled already.
func (x *exchange) approve(name string) {
	x.Helper()
	if _, err := os.Stat(x.path("outbox", name+".crt")); err == nil {
		return
	}
	for _, flags := range [][]string{nil, {"--profile", "client"}, {"--profile", "server", "--dns", "x.example"}, {"--profile", "etcd-server"}, {"--profile", "kubelet", "--node", "w1"}} {
		command := exec.Command(filepath.Join(x.bin, "ca-admin"), append([]string{"approve", name, "--yes"}, flags...)...)
		command.Dir = x.dir
		if command.Run() == nil {
			return
		}
	}
	x.Errorf("%s can't be approved: %s", name, x.ca(3, "approve", name, "--yes"))
}
