package e2e_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestKeysPage runs the commands of docs/keys.md in their order, on a terminal, as the person who reads it does: the
// keys are encrypted, a watch starts locked, is unlocked, and answers.
func TestKeysPage(t *testing.T) {
	long(t)
	t.Parallel()
	needs(t, "openssl")
	x := &exchange{T: t, dir: t.TempDir(), bin: build(t)}
	must(t, os.WriteFile(filepath.Join(x.dir, "passphrase"), []byte(passphrase+"\n"), 0o600))
	must(t, os.WriteFile(filepath.Join(x.dir, "passphrase.new"), []byte(passphrase+"\n"), 0o600))
	var watch *terminal
	shown := pageCommand.FindAllStringSubmatch(readText(t, "../docs/keys.md"), -1)
	for _, match := range shown {
		switch line := match[1]; {
		case strings.HasPrefix(line, "ca-admin watch"):
			x.run(0, "openssl", "pkey", "-in", "ca/ca.key", "-passin", "file:passphrase", "-noout")
			watch = x.terminal("ca-admin", strings.Fields(line)[1:]...)
			watch.await("keys are locked", 1)
		default:
			x.terminal("env", "PATH="+x.bin+":"+os.Getenv("PATH"), "bash", "-c", line).answers(passphrase)
		}
		if strings.HasSuffix(match[1], "unlock") {
			x.drop("web.csr", serverRequest(t, "web"))
			watch.await("held", 1)
		}
	}
	if len(shown) < 11 || watch == nil {
		t.Fatalf("docs/keys.md shows only %d commands", len(shown))
	}
	must(t, watch.command.Process.Signal(os.Interrupt))
	watch.exits(0)
	if out := x.run(0, "tar", "-tf", "ca.tar"); !strings.Contains(out, "etcd/ca.key") {
		t.Errorf("the backup holds %s", out)
	}
}

// answers types a passphrase whenever the program asks for one, until it ends well.
func (t *terminal) answers(passphrase string) {
	t.Helper()
	ended := make(chan error, 1)
	go func() { ended <- t.command.Wait() }()
	for typed := 0; ; {
		select {
		case err := <-ended:
			if err != nil {
				t.Fatalf("%q: %v\n%s", t.command.Args, err, t.text())
			}
			return
		case <-time.After(20 * time.Millisecond):
		}
		screen := t.text()
		if strings.Count(screen, "passphrase for ")+strings.Count(screen, "passphrase again") > typed {
			typed++
			t.enter(passphrase)
		}
	}
}
