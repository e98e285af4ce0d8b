package e2e_test

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

// TestEighty: on a terminal of 80 columns the screens of a control plane and its CA have no longer line. Lines of
// prose on stdout or with commands to be pasted are left to the terminal.
func TestEighty(t *testing.T) {
	t.Parallel()
	long(t)
	needs(t, "stty")
	x := newExchange(t, build(t))
	x.run(0, "component-admin", "init", "--name", "cp1", "--trust", x.trust())
	x.ca(0, "enroll", "cp1", "--key", "component/component-admin/identity.pub", "--control-plane", "--dns", "*.example")
	config := absolute(t, "testdata/kubeadm.yaml")
	x.run(0, "component-admin", "request", "control-plane", "--config", config, "--key-type", "ECDSA-P256")
	x.dropWaiting("a-server-with-a-rather-long-name.of-a-team")
	x.ca(0, "sync")
	x.run(3, "component-admin", "sync")
	prose := regexp.MustCompile(`^(?:[a-z]+-admin: |exchange |next is due |\d+ of )`)
	for _, command := range []string{
		"ca-admin list", "ca-admin pending", "ca-admin requesters", "ca-admin status", "ca-admin review",
		"component-admin status",
	} {
		person := x.terminal("sh", "-c", "stty cols 80; TERM=dumb "+filepath.Join(x.bin, command)+"; echo end")
		if strings.HasSuffix(command, "review") {
			person.await("[q]uit", 1)
			person.enter("?")
			person.await("s: leave it pending", 1)
			person.await("[q]uit", 2)
			person.enter("q")
		}
		person.await("end\r\n", 1)
		for line := range strings.Lines(strings.ReplaceAll(person.text(), "\r", "")) {
			line = strings.TrimRight(line, "\n")
			if n := utf8.RuneCountInString(line); n > 80 && !prose.MatchString(line) {
				t.Errorf("%s: %d columns: %q", command, n, line)
			}
		}
	}
}

// TestWaitingSaid: a command that waits says what for, and a watch on a terminal has the time in its lines; in a file
// it has not.
func TestWaitingSaid(t *testing.T) {
	t.Parallel()
	x := newExchange(t, build(t))
	watch := x.terminal("ca-admin", "watch", "--poll", "50ms")
	x.run(0, "component-admin", "init", "--name", "web", "--trust", x.trust())
	request := []string{"request", "server", "--dns", "a.example", "--key-type", "ECDSA-P256", "--wait", "100ms"}
	out := x.run(3, "component-admin", request...)
	if want := "waiting up to 100ms for pki/a.example.crt; Ctrl-C leaves the rest"; strings.Count(out, want) != 1 {
		t.Errorf("request --wait says\n%s", out)
	}
	watch.await("held request=", 1)
	if !regexp.MustCompile(`(?m)^\d\d:\d\d:\d\d held request=`).MatchString(watch.text()) {
		t.Errorf("the watch's terminal shows\n%s", watch.text())
	}
	watch.enter("\x03")
	watch.exits(0)
	x.dropWaiting("b")
	if out := x.ca(0, "sync"); !strings.Contains(out, "\nheld request=") && !strings.HasPrefix(out, "held request=") {
		t.Errorf("sync says\n%s", out)
	}
}
