package e2e_test

import (
	"os"
	"strings"
	"syscall"
	"testing"
)

// TestUnplug: on a medium of its own, both sides say when it may go; the CA's asks for the unmounting, which its files
// need. In a directory beside the CA's there is nothing to unplug.
func TestUnplug(t *testing.T) {
	t.Parallel()
	x := newExchange(t, build(t))
	if out := x.ca(0, "sync"); strings.Contains(out, "unplug") {
		t.Errorf("sync of a directory says\n%s", out)
	}
	stick, err := os.MkdirTemp("/var/tmp", "ca-exchange-")
	must(t, err)
	defer os.RemoveAll(stick)
	if device(t, stick) == device(t, x.dir) {
		t.Skip("this machine has one file system for all temporary files")
	}
	x.ca(0, "exchange", stick)
	x.run(0, "component-admin", "init", "--name", "web", "--trust", x.trust())
	if out := x.ca(0, "sync", "--exchange", stick); !strings.Contains(out, "unmount "+stick+" before you unplug it") {
		t.Errorf("sync of another medium says\n%s", out)
	}
	if out := x.run(0, "component-admin", "sync", "--exchange", stick); out != "nothing is open; safe to unplug\n" {
		t.Errorf("component-admin sync says\n%s", out)
	}
}

func device(t *testing.T, path string) uint64 {
	t.Helper()
	var s syscall.Stat_t
	must(t, syscall.Stat(path, &s))
	return uint64(s.Dev)
}
