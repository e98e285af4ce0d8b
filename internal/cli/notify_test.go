package cli

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

func TestServiceManager(t *testing.T) {
	abstract := fmt.Sprintf("@ca-exchange-test-%d", os.Getpid())
	for _, name := range []string{filepath.Join(t.TempDir(), "notify"), abstract} {
		socket, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: name, Net: "unixgram"})
		if err != nil {
			t.Fatal(err)
		}
		defer socket.Close()
		t.Setenv("NOTIFY_SOCKET", name)
		ServiceManager().Notify("READY=1\nSTATUS=it works")
		socket.SetReadDeadline(time.Now().Add(5 * time.Second))
		text := make([]byte, 100)
		n, err := socket.Read(text)
		if got := string(text[:n]); err != nil || got != "READY=1\nSTATUS=it works" {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	t.Setenv("NOTIFY_SOCKET", filepath.Join(t.TempDir(), "gone"))
	ServiceManager().Notify("READY=1") // nobody listens any more: nothing happens
}

func TestServiceManagerBeat(t *testing.T) {
	self := strconv.Itoa(os.Getpid())
	for _, c := range []struct {
		socket, usec, pid string
		listens           bool
		beat              time.Duration
	}{
		{"/run/notify", "180000000", self, true, time.Minute},
		{"@notify", "3000", "", true, time.Millisecond},
		{"/run/notify", "180000000", "1", true, 0}, // another process's
		{"/run/notify", "", "", true, 0},
		{"/run/notify", "0", "", true, 0},
		{"/run/notify", "-3", "", true, 0},
		{"/run/notify", "soon", "", true, 0},
		{"", "180000000", self, false, 0},
		{"vsock:2:1234", "180000000", self, false, 0},
	} {
		t.Setenv("NOTIFY_SOCKET", c.socket)
		t.Setenv("WATCHDOG_USEC", c.usec)
		t.Setenv("WATCHDOG_PID", c.pid)
		if m := ServiceManager(); (m.Notify != nil) != c.listens || m.Beat != c.beat {
			t.Errorf("%q %q %q: listens %t, beat %s", c.socket, c.usec, c.pid, m.Notify != nil, m.Beat)
		}
	}
}
