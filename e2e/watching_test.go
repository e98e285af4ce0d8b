package e2e_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
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
	w.command = x.command(line[0], line[1:]...)
	w.command.Stderr = log
	w.command.SysProcAttr.Setpgid = true
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
	w.eventually("a certificate for "+name,
		func() bool { _, err := os.Stat(w.path("outbox", name+".crt")); return err == nil })
}
