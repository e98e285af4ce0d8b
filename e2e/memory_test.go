package e2e_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestPassphraseIsNowhere: a passphrase that was handed to a watch is in no file of the CA directory and the exchange,
// in no log, no argument and no variable. The memory of a locked watch does not have it, by a core that root makes;
// docs/keys.md says what Go cannot promise of one that was unlocked. The same user does not reach that memory.
func TestPassphraseIsNowhere(t *testing.T) {
	long(t)
	t.Parallel()
	u := newUsers(t, "022")
	x := &exchange{T: t, dir: u.path("carol"), bin: u.bin}
	secret := "passphrase-" + strconv.FormatInt(time.Now().UnixNano(), 36)
	must(t, os.WriteFile(u.path("given"), []byte(secret+"\n"), 0o644))
	u.run(0, carol, "ca-admin init --issuer ca --encrypt --trust-inbox --passphrase-fd 3 3<../given")
	must(t, os.WriteFile(u.path("carol/watch.log"), nil, 0o644))
	must(t, os.Chown(u.path("carol/watch.log"), carol, carol))
	watch := u.command(carol, u.path("carol"), "exec ca-admin watch --locked --poll 50ms 2>watch.log")
	must(t, watch.Start())
	defer func() { watch.Process.Kill(); watch.Wait() }()
	w := &watching{exchange: x, log: u.path("carol/watch.log"), command: watch}
	w.says("watching exchange=")
	if n := u.core(watch.Process.Pid, secret); n > 0 {
		t.Errorf("a locked watch has the passphrase %d times", n)
	}
	x.drop("web.csr", serverRequest(t, "web"))
	u.run(0, carol, "ca-admin unlock --passphrase-fd 3 3<../given")
	w.eventually("an answer", func() bool { return there(x.path("outbox", "web.crt")) })
	process := fmt.Sprintf("/proc/%d/", watch.Process.Pid)
	for _, file := range append(filesBelow(t, u.path("carol")), process+"environ", process+"cmdline") {
		if text, err := os.ReadFile(file); err == nil && bytes.Contains(text, []byte(secret)) {
			t.Errorf("%s has the passphrase", file)
		}
	}
	u.run(1, carol, "cat "+process+"environ") // PR_SET_DUMPABLE
	limits := readText(t, process+"limits")
	if !strings.Contains(limits, "Max core file size        0                    0") {
		t.Errorf("core files: %s", limits)
	}
	t.Logf("unlocked, the watch has the passphrase %d times", u.core(watch.Process.Pid, secret))
	u.run(0, carol, "ca-admin lock")
	t.Logf("locked again, it has it %d times", u.core(watch.Process.Pid, secret))
}

// core has root make a core of a process, and counts a text in it.
func (u *users) core(pid int, secret string) int {
	u.Helper()
	needs(u.T, "gcore")
	file := filepath.Join(u.T.TempDir(), "core")
	out, err := exec.Command("gcore", "-o", file, strconv.Itoa(pid)).CombinedOutput()
	if err != nil {
		u.Fatalf("%v: %s", err, out)
	}
	core, err := os.ReadFile(file + "." + strconv.Itoa(pid))
	must(u.T, err)
	if len(core) < 1<<20 {
		u.Errorf("the core has only %d bytes:\n%s", len(core), out)
	}
	return bytes.Count(core, []byte(secret))
}

func filesBelow(t *testing.T, dir string) (files []string) {
	t.Helper()
	must(t, filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() {
			files = append(files, path)
		}
		return err
	}))
	return files
}
