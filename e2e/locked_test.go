package e2e_test

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestLockedNight: a night of a thousand requests against a locked watch, which is ready, holds and denies, repeats
// answers, and says once what it waits for. Unlocked, each request is answered exactly once.
func TestLockedNight(t *testing.T) {
	long(t)
	t.Parallel()
	x := guarded(t, "--trust-inbox", "--issuer", "ca")
	x.drop("before.csr", serverRequest(t, "before"))
	x.ca(0, "sync", "--passphrase-file", "passphrase")
	before := readText(t, x.path("outbox", "before.crt"))
	must(t, os.Remove(x.path("outbox", "before.crt")))
	heard := x.hear()
	w := x.watch(nil, "--locked", "--poll", "100ms", "--metrics-file", filepath.Join(x.dir, "prom"))
	heard("STATUS=0 held; serving " + strconv.Quote(x.path()) + "; locked, ca-admin unlock: ca")
	heard("READY=1")
	const night = 1000
	for i := range night {
		x.drop(fmt.Sprintf("n%d.csr", i), serverRequest(t, fmt.Sprintf("n%d", i)))
		if i%100 == 0 {
			time.Sleep(150 * time.Millisecond) // passes in between
		}
	}
	x.drop("broken.csr", []byte("-----BEGIN CERTIFICATE REQUEST-----\n-----END CERTIFICATE REQUEST-----\n"))
	w.eventually("a denial", func() bool { return there(x.path("outbox", "broken.denied.json")) })
	if status := x.ca(0, "status"); !strings.Contains(status, "encrypted, and the watch does not have it: ca-admin") {
		t.Errorf("status: %s", status)
	}
	if !strings.Contains(readText(t, filepath.Join(x.dir, "prom")), `ca_exchange_issuer_key_locked{issuer="ca"} 1`) {
		t.Error("the metrics say nothing")
	}
	if said := w.count("its key is not at hand"); said != 1 {
		t.Errorf("the log says %d times that the key is not there", said)
	}
	x.ca(0, "unlock", "--passphrase-file", "passphrase")
	w.eventually("all answers", func() bool {
		all, _ := filepath.Glob(x.path("outbox", "n*.crt"))
		return len(all) == night
	})
	w.eventually("an empty inbox", func() bool { left, _ := os.ReadDir(x.path("inbox")); return len(left) == 0 })
	var list struct{ Items []struct{ Serial string } }
	x.decode(&list, "list", "--all", "-o", "json")
	if len(list.Items) != night+1 {
		t.Errorf("%d certificates for %d requests", len(list.Items), night+1)
	}
	x.ca(0, "verify", "--repair")
	if readText(t, x.path("outbox", "before.crt")) != before {
		t.Error("an earlier request has another certificate")
	}
	x.ca(0, "lock")
	x.drop("late.csr", serverRequest(t, "late"))
	w.eventually("it says that it is locked again", func() bool { return w.count("its key is not at hand") == 2 })
	must(t, w.command.Process.Signal(syscall.SIGTERM))
	if err := w.command.Wait(); err != nil {
		t.Errorf("it ends with %v", err)
	}
}

// hear is a service manager, and waits for a line from the programs started after it.
func (x *exchange) hear() func(want string) {
	x.Helper()
	name := filepath.Join(x.dir, "notify")
	socket, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: name, Net: "unixgram"})
	must(x.T, err)
	x.Cleanup(func() { socket.Close() })
	x.env = append(x.env, "NOTIFY_SOCKET="+name)
	return func(want string) {
		x.Helper()
		socket.SetReadDeadline(time.Now().Add(30 * time.Second))
		for text := make([]byte, 4096); ; {
			n, err := socket.Read(text)
			if err != nil {
				x.Fatalf("never %q: %v", want, err)
			}
			if string(text[:n]) == want {
				return
			}
		}
	}
}

// TestUnlock: a watch takes passphrases that differ from issuer to issuer, and goes on after wrong ones; one that was
// killed leaves a socket that the next one replaces.
func TestUnlock(t *testing.T) {
	t.Parallel()
	long(t)
	x := guarded(t)
	if out := x.ca(1, "unlock", "--passphrase-file", "passphrase"); !strings.Contains(out, "no watch runs") {
		t.Error(out)
	}
	x.ca(0, "passwd", "etcd-ca", "--passphrase-file", "passphrase", "--new-passphrase-file", "another")
	killed := x.watch(nil, "--locked")
	must(t, killed.command.Process.Kill())
	killed.command.Wait()
	if out := x.ca(1, "lock"); !strings.Contains(out, "no watch runs") {
		t.Error(out)
	}
	w := x.watch(nil, "--locked")
	info, err := os.Lstat(filepath.Join(x.dir, "ca", "control.sock"))
	if err != nil || info.Mode() != os.ModeSocket|0o600 {
		t.Errorf("control.sock: %v, %v", info.Mode(), err)
	}
	x.ca(1, "unlock", "--passphrase-file", "short")
	person := x.terminal("ca-admin", "unlock")
	for n, typed := range []string{"wrong", passphrase, "another passphrase"} {
		person.await("passphrase for ", n+1)
		person.enter(typed)
	}
	person.exits(0)
	w.says("the keys at hand have changed locked=[]")
	x.ca(0, "lock")
	w.says("the keys at hand have changed locked=[ca etcd-ca front-proxy-ca]")
	x.ca(0, "passwd", "--decrypt", "ca", "--passphrase-file", "passphrase")
	if out := x.ca(1, "unlock", "--passphrase-file", "passphrase"); !strings.Contains(out, "does not decrypt") {
		t.Error(out)
	}
	must(t, w.command.Process.Signal(os.Interrupt))
	w.command.Wait()
	if _, err := os.Lstat(filepath.Join(x.dir, "ca", "control.sock")); err == nil {
		t.Error("a watch that ended in order leaves its socket")
	}
}

// TestControlIsStrict: what is no question gets no key and ends no watch: nothing, too much, another verb.
func TestControlIsStrict(t *testing.T) {
	t.Parallel()
	x := guarded(t, "--issuer", "ca")
	w := x.watch(nil, "--locked")
	socket := filepath.Join(x.dir, "ca", "control.sock")
	long := strings.Repeat("unlock\n", 1000)
	for _, message := range []string{"", "\n", "unlock", "unlock\n", "sign\nsomething", long} {
		if answer := tell(t, socket, message); strings.HasPrefix(message, "sign") &&
			!strings.Contains(answer, `\"sign\" is neither unlock nor lock`) {
			t.Errorf("%q: %s", message, answer)
		}
	}
	w.says("more than a passphrase is sent")
	x.ca(0, "unlock", "--passphrase-file", "passphrase")
}

// TestControlOfAnotherUser: the watch of a user gives no key to another one and forgets none, not for root either.
func TestControlOfAnotherUser(t *testing.T) {
	long(t)
	t.Parallel()
	u := newUsers(t, "022")
	must(t, os.WriteFile(u.path("carol/passphrase"), []byte(passphrase), 0o644))
	u.run(0, carol, "ca-admin init --issuer ca --encrypt --passphrase-file passphrase")
	watch := u.command(carol, u.path("carol"), "exec ca-admin watch --passphrase-file passphrase")
	must(t, watch.Start())
	defer func() { watch.Process.Signal(os.Interrupt); watch.Wait() }()
	socket := u.path("carol/ca/control.sock")
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if _, err := os.Lstat(socket); err == nil {
			break
		}
	}
	for _, message := range []string{"lock\n", "unlock\n" + passphrase} {
		if answer := tell(t, socket, message); !strings.Contains(answer, "you are user 0, the watch is user 64001's") {
			t.Errorf("%q: %s", message, answer)
		}
	}
	if out := u.run(0, carol, "ca-admin status"); strings.Contains(out, "the watch does not have it") {
		t.Errorf("root has locked it:\n%s", out)
	}
	if out := u.runIn(u.path("carol"), 1, 0, "ca-admin lock"); !strings.Contains(out, "sudo -u '#64001' ca-admin") {
		t.Errorf("root is told\n%s", out)
	}
	u.run(1, dave, "ca-admin --dir "+u.path("carol/ca")+" lock")
	u.run(0, carol, "ca-admin lock")
}

// tell sends bytes to a control socket, whatever they are, and gives the answer.
func tell(t *testing.T, socket, message string) string {
	t.Helper()
	connection, err := net.Dial("unix", socket)
	must(t, err)
	defer connection.Close()
	connection.Write([]byte(message))
	connection.(*net.UnixConn).CloseWrite()
	answer := make([]byte, 4096)
	n, _ := connection.Read(answer)
	return string(answer[:n])
}

func there(file string) bool {
	_, err := os.Lstat(file)
	return err == nil
}
