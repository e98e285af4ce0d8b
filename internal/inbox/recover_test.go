package inbox

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

const asideA = asidePrefix + "abcdefghij-a.csr"

// TestRecover: what a killed process had taken aside is put back after a minute, in the inbox and in teams (P3).
func TestRecover(t *testing.T) {
	x := newExchange(t)
	lies := map[string]string{"team": "d---------"}
	for _, team := range []string{"", "team/"} {
		for file, content := range map[string]string{
			asideA: "a", asidePrefix + "abcdefghij-b.csr": "b", asidePrefix + "nohyphen": "c",
			asidePrefix + "abcdefghij-a.txt": "d",
			".ca-exchange-abc.csr":           "e", "b.csr": "another",
		} {
			x.put("inbox/"+team+file, content)
			lies[team+file] = content
		}
	}
	if back, err := x.Recover(time.Now().Add(asideAge / 2)); back != 0 || err != nil {
		t.Errorf("too early: %d back, %v", back, err)
	}
	x.lies(x.inbox, lies)
	if back, err := x.Recover(time.Now().Add(2 * asideAge)); back != 4 || err != nil {
		t.Errorf("%d back, %v, want 4", back, err)
	}
	for _, team := range []string{"", "team/"} {
		delete(lies, team+asideA)
		delete(lies, team+asidePrefix+"abcdefghij-b.csr")
		lies[team+"a.csr"], lies[team+"b-????????.csr"] = "a", "b"
	}
	x.lies(x.inbox, lies)
}

// TestRecoverGoesOn: a file or a sub-directory in which nothing can be renamed stops nobody else.
func TestRecoverGoesOn(t *testing.T) {
	system := &hooked{}
	x := newExchange(t, system)
	x.put("inbox/"+asideA, whole)
	x.put("inbox/"+asidePrefix+"abcdefghij-stuck.csr", "")
	for i := range 20 {
		x.put(fmt.Sprintf("inbox/t%d/%sabcdefghij-%d.csr", i, asidePrefix, i), "")
	}
	system.hook = func(op, name string) error {
		if op == "rename" && (strings.HasSuffix(name, "-stuck.csr") || strings.HasSuffix(name, "-7.csr")) {
			return unix.EACCES
		}
		return nil
	}
	back, err := x.Recover(time.Now().Add(2 * asideAge))
	if back != 20 || !errors.Is(err, unix.EACCES) || strings.Contains(err.Error(), "\n") {
		t.Errorf("%d back, %v", back, err)
	}
	const begin, end = "recovering entries: rename ", "permission denied; other directories that failed: 1"
	if said := err.Error(); !strings.HasPrefix(said, begin) || !strings.HasSuffix(said, end) {
		t.Errorf("the error is %v", err)
	}
	if c := x.Read(Entry{File: "a.csr"}); c.State != Complete {
		t.Errorf("the inbox's own entry: %+v", c)
	}
	system.hook = refuse("open", ".", unix.EIO)
	if _, err := x.Recover(time.Now()); !errors.Is(err, unix.EIO) {
		t.Errorf("an inbox that cannot be listed: %v", err)
	}
}

// TestSweep removes a dead process's temporaries on both sides, and in teams.
func TestSweep(t *testing.T) {
	x := newExchange(t)
	const temporary = ".ca-exchange-abc.tmp"
	for _, dir := range []string{"inbox", "outbox", "inbox/team", "outbox/team"} {
		x.put(dir+"/"+temporary, "")
		x.put(dir+"/x.tmp", "")
	}
	must(t, x.Sweep(time.Now().Add(SweepAge/2)))
	if got := len(tree(t, x.inbox)) + len(tree(t, x.outbox)); got != 10 {
		t.Errorf("too early: %d files and directories are left, want 10", got)
	}
	must(t, x.Sweep(time.Now().Add(2*SweepAge)))
	for _, dir := range []string{x.inbox, x.outbox} {
		x.lies(dir, map[string]string{"x.tmp": "", "team": "d---------", "team/x.tmp": ""})
	}
}

func TestSweepThatFails(t *testing.T) {
	for errno, want := range map[unix.Errno]bool{unix.EACCES: false, unix.EIO: true} {
		system := &hooked{}
		x := newExchange(t, system)
		x.put("outbox/.ca-exchange-abc.tmp", "")
		x.put("outbox/team/.ca-exchange-abc.tmp", "")
		system.hook = func(op, _ string) error {
			if op == "remove" {
				return errno
			}
			return nil
		}
		err := x.Sweep(time.Now().Add(2 * SweepAge))
		const end = "input/output error; other directories that failed: 1"
		if (err != nil) != want || want && !strings.HasSuffix(err.Error(), end) {
			t.Errorf("%v: %v", errno, err)
		}
	}
}

// TestMoved: what is held open is not what lies there any more.
func TestMoved(t *testing.T) {
	again := func(path string) error { return errors.Join(os.RemoveAll(path), os.Mkdir(path, 0o755)) }
	for what, change := range map[string]func(x *exchange) error{
		"":                  func(*exchange) error { return nil },
		"inbox removed":     func(x *exchange) error { return os.Remove(x.inbox) },
		"inbox made again":  func(x *exchange) error { return again(x.inbox) },
		"outbox made again": func(x *exchange) error { return again(x.outbox) },
		"inbox a file":      func(x *exchange) error { os.Remove(x.inbox); return os.WriteFile(x.inbox, nil, 0o644) },
		"inbox a link to what it was": func(x *exchange) error {
			return errors.Join(os.Rename(x.inbox, x.inbox+"2"), os.Symlink(x.inbox+"2", x.inbox))
		},
		"exchange gone": func(x *exchange) error { return os.RemoveAll(x.root) },
		"exchange another, its sides the same": func(x *exchange) error {
			other := x.root + "2"
			return errors.Join(os.Rename(x.root, other), os.Mkdir(x.root, 0o755),
				os.Rename(filepath.Join(other, "inbox"), x.inbox), os.Rename(filepath.Join(other, "outbox"), x.outbox))
		},
	} {
		x := newExchange(t)
		must(t, change(x))
		if moved := x.Moved(); moved != (what != "") {
			t.Errorf("%q: moved %t", what, moved)
		}
	}
}
