package e2e_test

import (
	"net"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestWatchAsService: the real watch reports to a service manager that a test is: ready once it serves, alive, what it
// does, reloading and stopping.
func TestWatchAsService(t *testing.T) {
	t.Parallel()
	x := newExchange(t, build(t), "--trust-inbox")
	name := filepath.Join(x.dir, "notify")
	socket, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: name, Net: "unixgram"})
	must(t, err)
	defer socket.Close()
	hears := func(want string) {
		t.Helper()
		socket.SetReadDeadline(time.Now().Add(20 * time.Second))
		text := make([]byte, 4096)
		for {
			n, err := socket.Read(text)
			if err != nil {
				t.Fatalf("never %q: %v", want, err)
			}
			if strings.HasPrefix(string(text[:n]), want) {
				return
			}
		}
	}
	x.env = []string{"NOTIFY_SOCKET=" + name, "WATCHDOG_USEC=300000"}
	w := x.watch(nil, "--poll", "1h")
	hears("STATUS=0 held; serving ")
	hears("READY=1")
	w.serves() // also a manager that asks for READY=1 gets a watch that answers
	hears("WATCHDOG=1")
	must(t, w.command.Process.Signal(syscall.SIGHUP))
	hears("RELOADING=1")
	hears("READY=1")
	must(t, w.command.Process.Signal(syscall.SIGTERM))
	hears("STOPPING=1")
	if err := w.command.Wait(); err != nil {
		t.Errorf("it ends with %v", err)
	}
}
