package cmd_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"ca-exchange/internal/pki"
	"ca-exchange/internal/refusal"
	"ca-exchange/internal/request"
	"ca-exchange/internal/request/requesttest"
)

// terminal is a program on a pseudo-terminal, as a person has it.
type terminal struct {
	*testing.T
	master  *os.File
	command *exec.Cmd

	mu     sync.Mutex
	screen bytes.Buffer
}

func (x *exchange) terminal(program string, args ...string) *terminal {
	x.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		x.Skipf("no pseudo-terminals here: %v", err)
	}
	must(x.T, unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0))
	n, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	must(x.T, err)
	slave, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	must(x.T, err)
	defer slave.Close()
	t := &terminal{T: x.T, master: master, command: exec.Command(filepath.Join(x.bin, program), args...)}
	t.command.Dir, t.command.Stdin, t.command.Stdout, t.command.Stderr = x.dir, slave, slave, slave
	t.command.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	must(x.T, t.command.Start())
	go func() {
		buffer := make([]byte, 4096)
		for {
			n, err := master.Read(buffer)
			if err != nil {
				return
			}
			t.mu.Lock()
			t.screen.Write(buffer[:n])
			t.mu.Unlock()
		}
	}()
	x.Cleanup(func() { t.command.Process.Kill(); master.Close() })
	return t
}

func (t *terminal) text() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.screen.String()
}

// await waits until a text stands on the screen so often.
func (t *terminal) await(text string, times int) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); strings.Count(t.text(), text) < times; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the screen never shows %q %d times:\n%s", text, times, t.text())
		}
	}
}

func (t *terminal) enter(line string) {
	t.Helper()
	_, err := t.master.WriteString(line + "\n")
	must(t.T, err)
}

func (t *terminal) exits(want int) {
	t.Helper()
	t.command.Wait()
	if got := t.command.ProcessState.ExitCode(); got != want {
		t.Errorf("exited with %d, not %d:\n%s", got, want, t.text())
	}
}

// held drops a request that waits for a person.
func (x *exchange) held(name string) {
	x.Helper()
	key, err := pki.ECDSAP256.Generate()
	must(x.T, err)
	csr, err := request.Create(key, name, nil, pki.Names{DNS: []string{name + ".example"}})
	must(x.T, err)
	x.drop(name+".csr", request.Encode(nil, csr))
	x.ca(0, "sync", "-q")
}

// TestNothingIsSignedUnseen: while a person looks, another process changes the policy, the enrolment or the record; what
// was shown is signed, or it is shown again.
func TestNothingIsSignedUnseen(t *testing.T) {
	bin := build(t)
	policy := func(x *exchange, old, new string) {
		file := filepath.Join(x.dir, "ca", "policy.yaml")
		text, err := os.ReadFile(file)
		must(t, err)
		must(t, os.WriteFile(file, bytes.Replace(text, []byte(old), []byte(new), 1), 0o600))
	}
	t.Run("nothing changes", func(t *testing.T) {
		x := newExchange(t, bin)
		x.held("a")
		person := x.terminal("ca-admin", "approve", "a")
		person.await("sign this certificate? [y/N]", 1)
		person.enter("y")
		person.exits(0)
		x.expect("a", "crt", "")
	})
	t.Run("no is no", func(t *testing.T) {
		x := newExchange(t, bin)
		x.held("a")
		person := x.terminal("ca-admin", "approve", "a")
		person.await("[y/N]", 1)
		person.enter("")
		person.exits(3)
		x.expect("a", "held", refusal.SignatureAbsent)
	})
	t.Run("policy", func(t *testing.T) {
		x := newExchange(t, bin)
		x.held("a")
		person := x.terminal("ca-admin", "approve", "a")
		person.await("365 days", 1)
		person.await("[y/N]", 1)
		policy(x, "days: 365\n  maxDays: 365", "days: 30\n  maxDays: 30")
		person.enter("y")
		person.await("something changed since this was shown", 1)
		person.await("30 days", 1)
		person.await("[y/N]", 2)
		x.expect("a", "held", refusal.SignatureAbsent)
		person.enter("y")
		person.exits(0)
		x.expect("a", "crt", "")
	})
	t.Run("record", func(t *testing.T) {
		x := newExchange(t, bin)
		x.held("a")
		person := x.terminal("ca-admin", "approve", "a")
		person.await("[y/N]", 1)
		x.ca(0, "deny", "a", "--reason", "no")
		person.enter("y")
		person.await("something changed since this was shown", 1)
		person.await("[y/N]", 2)
		x.expect("a", "denied", refusal.DeniedByPerson)
		person.enter("n")
		person.exits(3)
	})
	t.Run("approved by somebody else", func(t *testing.T) {
		x := newExchange(t, bin)
		x.held("a")
		person := x.terminal("ca-admin", "approve", "a")
		person.await("[y/N]", 1)
		x.ca(0, "approve", "a", "--yes")
		person.enter("y")
		person.exits(1)
		if text := x.ca(0, "list", "-o", "json"); strings.Count(text, `"serial"`) != 1 {
			t.Errorf("two certificates for one request:\n%s", text)
		}
	})
	t.Run("enrolment", func(t *testing.T) {
		x := newExchange(t, bin)
		signer := requesttest.SecurityKey(t)
		x.enroll("me", signer.PublicKey())
		signed, err := request.Sign(x.covered("me", "a.elsewhere", nil), signer)
		must(t, err)
		x.drop("a.csr", signed)
		x.ca(0, "sync", "-q")
		person := x.terminal("ca-admin", "approve", "a")
		person.await(`"me", enrolled since`, 1)
		person.await("[y/N]", 1)
		x.ca(0, "unenroll", "me")
		person.enter("y")
		person.await("something changed since this was shown", 1)
		person.await("an unknown key", 1)
		person.enter("n")
		person.exits(3)
	})
}

// TestReview goes through all that waits with one key each.
func TestReview(t *testing.T) {
	x := newExchange(t, build(t))
	for _, name := range []string{"a", "b", "c", "d"} {
		x.held(name)
	}
	x.ca(2, "review") // nobody to ask
	person := x.terminal("ca-admin", "review")
	for i, answers := range [][]string{{"a"}, {"d", "not here"}, {"s"}, {"q"}} {
		person.await("[q]uit", i+1)
		person.enter(answers[0])
		if len(answers) > 1 {
			person.await("why?", 1)
			person.enter(answers[1])
		}
	}
	person.exits(0)
	kinds := map[string]int{}
	for _, name := range []string{"a", "b", "c", "d"} {
		kinds[x.answered(name)]++
	}
	if kinds["held"] != 2 || kinds["crt"] != 1 || kinds["denied"] != 1 {
		t.Errorf("answers %v", kinds)
	}
}
