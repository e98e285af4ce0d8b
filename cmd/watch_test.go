package cmd_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// watching is a running `ca-admin watch` on an exchange.
type watching struct {
	*exchange
	command *exec.Cmd
	log     string // the file it logs to
	next    int
	lying   string // what lies in the outbox, for a test that waits in vain
}

// watch starts a watch, wrapped in another command where one is given, and waits until it serves.
func (x *exchange) watch(wrapper []string, args ...string) *watching {
	x.Helper()
	w := &watching{exchange: x, log: filepath.Join(x.dir, "watch.log")}
	log, err := os.Create(w.log)
	must(x.T, err)
	defer log.Close()
	line := append(append(wrapper, filepath.Join(x.bin, "ca-admin"), "watch"), args...)
	w.command = exec.Command(line[0], line[1:]...)
	w.command.Dir, w.command.Stderr = x.dir, log
	w.command.Env = append(os.Environ(), "CA_EXCHANGE=", "CA_ADMIN_DIR=", "COMPONENT_ADMIN_DIR=")
	w.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	must(x.T, w.command.Start())
	x.Cleanup(func() {
		syscall.Kill(-w.command.Process.Pid, syscall.SIGKILL)
		w.command.Wait()
	})
	w.says("watching exchange=")
	return w
}

// eventually waits for a condition, half a minute at most.
func (w *watching) eventually(what string, true func() bool) {
	w.Helper()
	for end := time.Now().Add(30 * time.Second); !true(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			text, _ := os.ReadFile(w.log)
			w.Fatalf("%s: not within half a minute; the watch says:\n%s%s", what, text, w.lying)
		}
	}
}

func (w *watching) says(text string) {
	w.Helper()
	w.eventually("it says "+text, func() bool { return w.count(text) > 0 })
}

func (w *watching) count(text string) int {
	b, err := os.ReadFile(w.log)
	must(w.T, err)
	return strings.Count(string(b), text)
}

// serves drops a request of its own and waits for its certificate.
func (w *watching) serves() {
	w.Helper()
	w.next++
	name := fmt.Sprintf("served%d", w.next)
	w.drop(name+".csr", serverRequest(w.T, name))
	w.eventually("a certificate for "+name, func() bool { _, err := os.Stat(w.path("outbox", name+".crt")); return err == nil })
}

// serverRequest is a plain request for NAME.example.
func serverRequest(t *testing.T, name string) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{CommonName: name}, DNSNames: []string{name + ".example"}}, key)
	must(t, err)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der})
}

// TestWatchReplaced: the exchange or its inbox is taken away, replaced and put back under a running watch. It warns once,
// touches nothing that is not the exchange, and serves again.
func TestWatchReplaced(t *testing.T) {
	bin := build(t)
	for name, test := range map[string]struct {
		away, back func(x *exchange) // by renaming and making what a person, or an unmount, would
		untouched  string            // a directory that must stay as it was made
	}{
		"inbox removed and made again": {
			func(x *exchange) { must(x.T, os.RemoveAll(x.path("inbox"))) },
			func(x *exchange) { must(x.T, os.Mkdir(x.path("inbox"), 0o755)) }, "",
		},
		"exchange unmounted, mounted": {
			func(x *exchange) { must(x.T, os.Rename(x.path(), x.path("../away"))) },
			func(x *exchange) { must(x.T, os.Rename(x.path("../away"), x.path())) }, "",
		},
		"an empty mount point": {
			func(x *exchange) {
				must(x.T, os.Rename(x.path(), x.path("../away")))
				must(x.T, os.Mkdir(x.path(), 0o755))
			},
			func(x *exchange) {
				must(x.T, os.Remove(x.path())) // fails where anything was written into it
				must(x.T, os.Rename(x.path("../away"), x.path()))
			}, "",
		},
		"inbox replaced by a link": {
			func(x *exchange) {
				must(x.T, os.Rename(x.path("inbox"), x.path("kept")))
				must(x.T, os.Mkdir(x.path("../elsewhere"), 0o755))
				must(x.T, os.WriteFile(x.path("../elsewhere/bait.csr"), serverRequest(x.T, "bait"), 0o644))
				must(x.T, os.Symlink("../elsewhere", x.path("inbox")))
			},
			func(x *exchange) {
				must(x.T, os.Remove(x.path("inbox")))
				must(x.T, os.Rename(x.path("kept"), x.path("inbox")))
			}, "../elsewhere/bait.csr",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := newExchange(t, bin, "--trust-inbox")
			w := x.watch(nil, "--poll", "100ms")
			w.serves()
			test.away(x)
			w.says("waiting for better times")
			status := x.ca(0, "status")
			if !strings.Contains(status, "the watch waits since") {
				t.Errorf("status says: %s", status)
			}
			time.Sleep(300 * time.Millisecond) // what was done in two steps was perhaps seen in two
			warned := w.count("waiting for better times")
			time.Sleep(time.Second) // several rounds more
			if n := w.count("waiting for better times"); n != warned || n > 2 {
				t.Errorf("it warned %d times of one trouble", n)
			}
			test.back(x)
			w.says("serving again")
			w.serves()
			if test.untouched == "" {
				return
			}
			if _, err := os.Stat(x.path(test.untouched)); err != nil {
				t.Errorf("behind the link: %v", err)
			}
			if _, err := os.Stat(x.path("outbox/bait.crt")); err == nil {
				t.Error("a request from behind the link was answered")
			}
		})
	}
}

// TestWatchMounted: another file system is mounted over the exchange and taken away again. inotify hears of neither.
func TestWatchMounted(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("mounting needs root")
	}
	x := newExchange(t, build(t), "--trust-inbox")
	w := x.watch(nil, "--poll", "100ms")
	w.serves()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=1m", "ca-exchange-test", x.path()).CombinedOutput(); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("mount: %s", out)
		}
		t.Skipf("nothing can be mounted here: %s", out)
	}
	mounted := true
	t.Cleanup(func() {
		if mounted {
			syscall.Unmount(x.path(), 0)
		}
	})
	w.says("waiting for better times")
	if entries, err := os.ReadDir(x.path()); err != nil || len(entries) > 0 {
		t.Errorf("what was mounted holds %v, %v", entries, err)
	}
	must(t, syscall.Unmount(x.path(), 0))
	mounted = false
	w.says("serving again")
	w.serves()
}

// TestWatchWithoutEvents: the user's limit of inotify is reached, so the watch looks now and then, and says why; when it
// can have events again it takes them. The limit is that of a user namespace.
func TestWatchWithoutEvents(t *testing.T) {
	limit := "/proc/sys/user/max_inotify_instances"
	if out, err := exec.Command("unshare", "--user", "--map-root-user", "sh", "-c", "echo 0 >"+limit).CombinedOutput(); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("a limit of its own: %v: %s", err, out)
		}
		t.Skipf("no user namespaces here: %s", out)
	}
	x := newExchange(t, build(t), "--trust-inbox")
	script := `echo 0 >` + limit + `; (until [ -e raise ]; do sleep 0.05; done; echo 100 >` + limit + `) & exec "$@"`
	w := x.watch([]string{"unshare", "--user", "--map-root-user", "sh", "-c", script, "sh"}, "--poll", "100ms")
	w.says("mode=polling (no events: ")
	w.serves()
	if status := x.ca(0, "status"); !strings.Contains(status, "see fs.inotify.max_user_instances), a look every 100ms") {
		t.Errorf("status says: %s", status)
	}
	must(t, os.WriteFile(filepath.Join(x.dir, "raise"), nil, 0o644))
	w.says("mode=events")
	w.serves()
	w.eventually("status says events", func() bool { return strings.Contains(x.ca(0, "status"), ": events, a look every 100ms") })
}

// TestWatchOverflow: more happens than the kernel keeps events of. The watch polls every hour only, so that nothing but
// the overflow itself can make it look.
func TestWatchOverflow(t *testing.T) {
	x := newExchange(t, build(t), "--trust-inbox")
	w := x.watch(nil, "--poll", "1h")
	w.serves()
	must(t, w.command.Process.Signal(syscall.SIGSTOP))
	queue := 16384
	if text, err := os.ReadFile("/proc/sys/fs/inotify/max_queued_events"); err == nil {
		fmt.Sscan(string(text), &queue)
	}
	for i := range queue/2 + 1000 { // of each the kernel tells twice at least: made, and removed
		name := x.path("inbox", fmt.Sprintf(".ca-exchange-%d.tmp", i)) // which alone is no reason to look
		must(t, os.WriteFile(name, nil, 0o644))
		must(t, os.Remove(name))
	}
	x.drop("last.csr", serverRequest(t, "last"))
	must(t, w.command.Process.Signal(syscall.SIGCONT))
	w.eventually("an answer", func() bool { _, err := os.Stat(x.path("outbox", "last.crt")); return err == nil })
}

// TestBesideWatch: people approve, deny and sign, timers sync, all beside a running watch and twice at once. Each
// decision takes effect at once, and no request gets two certificates.
func TestBesideWatch(t *testing.T) {
	x := newExchange(t, build(t))
	w := x.watch(nil, "--poll", "50ms")
	const requests = 24
	for i := range requests {
		x.drop(fmt.Sprintf("r%d.csr", i), serverRequest(t, fmt.Sprintf("r%d", i)))
	}
	var ids []string
	w.eventually("all are held", func() bool { ids = x.ids(); return len(ids) == requests })
	var people sync.WaitGroup
	for i, id := range ids {
		people.Go(func() {
			if i%4 == 0 {
				x.any("deny", id, "--reason", "no")
			} else {
				x.any("approve", "--yes", id)
			}
		})
		people.Go(func() { x.any("approve", "--yes", id) })
		if i%6 == 0 {
			people.Go(func() { x.any("sync") })
		}
	}
	people.Wait()
	var list struct {
		Items []struct{ Request, Serial string }
	}
	must(t, json.Unmarshal([]byte(x.ca(0, "list", "-o", "json")), &list))
	perRequest := map[string]int{}
	for _, c := range list.Items {
		if perRequest[c.Request]++; perRequest[c.Request] > 1 {
			t.Errorf("request %s has two certificates", c.Request)
		}
	}
	if held := x.ids(); len(held) > 0 {
		t.Errorf("%d are still held", len(held))
	}
	w.eventually("every answer, and no other", func() bool {
		certificates, _ := filepath.Glob(x.path("outbox", "r*.crt"))
		notices, _ := filepath.Glob(x.path("outbox", "r*.json"))
		w.lying = fmt.Sprint(certificates, notices)
		return len(certificates) == len(perRequest) && len(certificates)+len(notices) == requests
	})
	x.ca(0, "verify")
}

// any runs ca-admin, whatever it says: two people at once can't both be the first.
func (x *exchange) any(args ...string) {
	command := exec.Command(filepath.Join(x.bin, "ca-admin"), args...)
	command.Dir = x.dir
	command.Env = append(os.Environ(), "CA_EXCHANGE=", "CA_ADMIN_DIR=", "COMPONENT_ADMIN_DIR=")
	if out, err := command.CombinedOutput(); err != nil && strings.Contains(string(out), "SQLITE") {
		x.Errorf("%q: %s", args, out)
	}
}

// ids are the held requests.
func (x *exchange) ids() (ids []string) {
	x.Helper()
	var list struct{ Items []struct{ ID string } }
	must(x.T, json.Unmarshal([]byte(x.ca(0, "pending", "-o", "json")), &list))
	for _, r := range list.Items {
		ids = append(ids, r.ID)
	}
	return ids
}

// TestTwoComponentAdmins: in one component directory several programs ask and sync at once. Everything is installed, each
// place once, and key and certificate fit.
func TestTwoComponentAdmins(t *testing.T) {
	x := newExchange(t, build(t), "--trust-inbox")
	x.watch(nil, "--poll", "50ms")
	var status struct{ Trust string }
	must(t, json.Unmarshal([]byte(x.ca(0, "status", "-o", "json")), &status))
	x.run(0, "component-admin", "init", "--name", "cp1", "--trust", status.Trust)
	var programs sync.WaitGroup
	for i := range 12 {
		programs.Go(func() { // twice for each place: the second supersedes the first
			x.run(0, "component-admin", "request", "server", "--dns", fmt.Sprintf("s%d.example", i%6), "--key-type", "ECDSA-P256", "--wait", "60s")
		})
		programs.Go(func() { x.run(0, "component-admin", "status") })
	}
	programs.Wait()
	x.run(0, "component-admin", "sync", "--wait", "60s")
	for i := range 6 {
		base := filepath.Join(x.dir, "component", "pki", fmt.Sprintf("s%d.example", i))
		leaf := firstCertificate(t, base+".crt")
		key, err := os.ReadFile(base + ".key")
		must(t, err)
		block, _ := pem.Decode(key)
		parsed, err := x509.ParseECPrivateKey(block.Bytes)
		must(t, err)
		if !parsed.PublicKey.Equal(leaf.PublicKey) {
			t.Errorf("%s: key and certificate do not fit", base)
		}
	}
}

// TestStatusAfterKill: status tells of the watch that runs, never of one that was killed.
func TestStatusAfterKill(t *testing.T) {
	x := newExchange(t, build(t), "--trust-inbox")
	for range 2 {
		w := x.watch(nil, "--poll", "100ms")
		w.eventually("status names the process", func() bool {
			return strings.Contains(x.ca(0, "status"), fmt.Sprintf("watch     process %d on ", w.command.Process.Pid))
		})
		must(t, w.command.Process.Kill())
		w.command.Wait()
		if status := x.ca(0, "status"); !strings.Contains(status, "watch     none runs") {
			t.Errorf("after it was killed: %s", status)
		}
	}
}

func firstCertificate(t *testing.T, file string) *x509.Certificate {
	t.Helper()
	b, err := os.ReadFile(file)
	must(t, err)
	block, _ := pem.Decode(b)
	c, err := x509.ParseCertificate(block.Bytes)
	must(t, err)
	return c
}

// TestOneWayInbox: the inbox comes on a medium that can't be written. It is served all the same, each entry once, with
// one warning, and what is added is served, too.
func TestOneWayInbox(t *testing.T) {
	x := newExchange(t, build(t), "--trust-inbox")
	x.ca(0, "exchange", "out")
	readOnly := x.readOnly()
	w := x.watch(nil, "--inbox", readOnly, "--outbox", "out", "--poll", "100ms")
	answered := func(name string) func() bool {
		return func() bool { _, err := os.Stat(filepath.Join(x.dir, "out", "outbox", name+".crt")); return err == nil }
	}
	for _, name := range []string{"first", "second"} {
		if os.Geteuid() != 0 {
			must(t, os.Chmod(x.path("inbox"), 0o755))
		}
		x.drop(name+".csr", serverRequest(t, name))
		if os.Geteuid() != 0 {
			must(t, os.Chmod(x.path("inbox"), 0o555))
		}
		w.eventually("an answer on the other medium", answered(name))
	}
	time.Sleep(time.Second) // ten passes more
	for text, most := range map[string]int{"leaving answered entries where they are": 2, "pass issued=": 2} {
		if n := w.count(text); n > most {
			t.Errorf("%q stands %d times in the log", text, n)
		}
	}
	for _, name := range []string{"first", "second"} {
		if _, err := os.Stat(x.path("inbox", name+".csr")); err != nil {
			t.Errorf("the entry on the one-way medium: %v", err)
		}
	}
	if status := x.ca(0, "status", "--inbox", readOnly, "--outbox", "out"); !strings.Contains(status, "warning: ") {
		t.Errorf("status does not say that the inbox can't be written: %s", status)
	}
}

// readOnly gives a path to the exchange by which nothing can be written: a mount for root, whom no mode stops.
func (x *exchange) readOnly() string {
	x.Helper()
	if os.Geteuid() != 0 {
		x.Cleanup(func() { os.Chmod(x.path("inbox"), 0o755) }) // or nothing of it could be removed
		must(x.T, os.Chmod(x.path("inbox"), 0o555))
		return x.path()
	}
	dir := filepath.Join(x.dir, "one-way")
	must(x.T, os.Mkdir(dir, 0o755))
	if err := syscall.Mount(x.path(), dir, "", syscall.MS_BIND, ""); err != nil {
		if os.Getenv("CI") != "" {
			x.Fatal(err)
		}
		x.Skipf("nothing can be mounted here: %v", err)
	}
	x.Cleanup(func() { syscall.Unmount(dir, syscall.MNT_DETACH) })
	must(x.T, syscall.Mount("", dir, "", syscall.MS_REMOUNT|syscall.MS_BIND|syscall.MS_RDONLY, ""))
	return dir
}
