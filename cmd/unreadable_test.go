package cmd_test

import (
	"database/sql"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestUnreadableEntry: an entry that ca-admin may not read is left, with one warning that says how to mend it; the rest
// is served.
func TestUnreadableEntry(t *testing.T) {
	bin := build(t)
	dir, err := os.MkdirTemp("", "ca-exchange-unreadable-")
	must(t, err)
	defer os.RemoveAll(dir)
	must(t, os.Chmod(dir, 0o777))
	const nobody = 65534
	run := func(args ...string) (string, int) {
		command := exec.Command(filepath.Join(bin, "ca-admin"), args...)
		command.Dir, command.Env = dir, append(os.Environ(), "HOME="+dir)
		if os.Geteuid() == 0 { // root reads everything
			command.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
		}
		out, _ := command.CombinedOutput()
		return string(out), command.ProcessState.ExitCode()
	}
	if os.Geteuid() == 0 {
		must(t, os.Chmod(bin, 0o755))
	}
	if out, status := run("init", "--issuer", "ca", "--trust-inbox"); status != 0 {
		t.Fatal(out)
	}
	secret := filepath.Join(dir, "exchange", "inbox", "secret.csr")
	must(t, os.WriteFile(secret, []byte("-----BEGIN X-----\n-----END X-----\n"), 0o000))
	out, status := run("sync")
	if status != 3 || strings.Count(out, "warning: reading an entry; let ca-admin read it: chmod a+r") != 1 || !strings.Contains(out, "1 entries were left unanswered") {
		t.Errorf("exit %d:\n%s", status, out)
	}
	if _, err := os.Stat(secret); err != nil {
		t.Error(err)
	}
	// status says so, too, and a name that would steer a terminal or write a line of its own stays a name.
	must(t, os.Remove(secret))
	must(t, os.WriteFile(filepath.Join(filepath.Dir(secret), "x\x1b[31m\nca-admin: all is well.csr"), nil, 0o000))
	out, _ = run("status")
	if !strings.Contains(out, `1 entries can't be read (chmod a+r), such as "x\x1b[31m\nca-admin: all is well.csr": permission denied`) || strings.Contains(out, "\x1b") {
		t.Errorf("status: %q", out)
	}
}

// TestClockBehind: a clock behind the last record stops signing, says so with a hint, and goes on once a person accepts it.
func TestClockBehind(t *testing.T) {
	x := newExchange(t, build(t))
	db, err := sql.Open("sqlite", filepath.Join(x.dir, "ca", "ledger.db"))
	must(t, err)
	_, err = db.Exec("UPDATE events SET time = ?", time.Now().Add(time.Hour).UTC().Format("2006-01-02T15:04:05Z"))
	must(t, errors.Join(err, db.Close()))
	if out := x.ca(1, "sync"); !strings.Contains(out, "error: the clock is behind the ledger") || !strings.Contains(out, "hint: set the clock; if it is right now: ca-admin clock --accept") {
		t.Errorf("%s", out)
	}
	x.ca(0, "clock")
	x.ca(0, "clock", "--accept")
	x.ca(0, "sync")
	x.ca(5, "verify") // the edit itself does not go unnoticed
}
