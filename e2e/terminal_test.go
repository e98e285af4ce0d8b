package e2e_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
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
	t := &terminal{T: x.T, master: master, command: x.command(program, args...)}
	t.command.Stdin, t.command.Stdout, t.command.Stderr = slave, slave, slave
	t.command.SysProcAttr.Setsid, t.command.SysProcAttr.Setctty = true, true
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
	deadline := time.Now().Add(10 * time.Second)
	for ; strings.Count(t.text(), text) < times; time.Sleep(10 * time.Millisecond) {
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

// endsUnasked is whether the program ends without a question.
func (t *terminal) endsUnasked() bool {
	t.Helper()
	ended := make(chan struct{})
	go func() { t.command.Wait(); close(ended) }()
	for limit := time.After(10 * time.Second); ; {
		select {
		case <-ended:
			return !strings.Contains(t.text(), "[y/N]")
		case <-limit:
			return false
		case <-time.After(20 * time.Millisecond):
			if strings.Contains(t.text(), "[y/N]") {
				return false
			}
		}
	}
}
