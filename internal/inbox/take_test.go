package inbox

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestRemove(t *testing.T) {
	x := newExchange(t)
	x.put("inbox/a.csr", whole)
	x.put("inbox/team/a.csr", whole)
	for _, team := range []string{"", "team"} {
		e := x.entry(team, "a.csr")
		must(t, x.Remove(e, []byte(whole)))
		must(t, x.Remove(e, []byte(whole))) // what is gone is no error
		must(t, x.SyncInbox(team))
	}
	x.lies(x.inbox, map[string]string{"team": "d---------"})
	must(t, os.Remove(filepath.Join(x.inbox, "team")))
	must(t, x.Remove(Entry{Team: "team", Name: "a", File: "a.csr"}, nil))
	must(t, x.SyncInbox("team"))
}

// TestRemovePutsBack: an entry that is not the one that was read is put back (P3), whatever it is by now.
func TestRemovePutsBack(t *testing.T) {
	file := func(content string) func(string) error {
		return func(path string) error { return os.WriteFile(path, []byte(content), 0o644) }
	}
	swaps := map[string]func(string) error{
		"other bytes": file("B" + whole[1:]), "a byte more": file(whole + "\n"), "a byte less": file(whole[1:]),
		"nothing": file(""),
	}
	for what, place := range litter {
		swaps[what] = place
	}
	for what, swap := range swaps {
		t.Run(what, func(t *testing.T) {
			x := newExchange(t)
			x.put("inbox/a.csr", whole)
			e := x.entry("", "a.csr")
			if c := x.Read(e); c.State != Complete {
				t.Fatalf("read: %+v", c)
			}
			must(t, os.Remove(filepath.Join(x.inbox, "a.csr")))
			must(t, swap(filepath.Join(x.inbox, "a.csr")))
			before := tree(t, x.inbox)
			must(t, x.Remove(e, []byte(whole)))
			x.lies(x.inbox, before)
		})
	}
}

// TestRemovePutsBackBeside: two swaps, the second while the first is aside: both entries stay.
func TestRemovePutsBackBeside(t *testing.T) {
	system := &hooked{}
	x := newExchange(t, system)
	long := strings.Repeat("n", 100)
	x.put("inbox/"+long+".csr", whole)
	e := x.entry("", long+".csr")
	x.put("inbox/"+long+".csr", "second")
	system.hook = func(op, name string) error {
		if op == "open" && strings.HasPrefix(name, asidePrefix) {
			x.put("inbox/"+long+".csr", "third")
		}
		return nil
	}
	must(t, x.Remove(e, []byte(whole)))
	x.lies(x.inbox, map[string]string{long + ".csr": "third", long[:80] + "-????????.csr*": "second"})
}

func TestRemoveWhereNothingCanBe(t *testing.T) {
	for _, errno := range []unix.Errno{unix.EROFS, unix.EACCES, unix.EPERM} {
		system := &hooked{}
		x := newExchange(t, system)
		x.put("inbox/a.csr", whole)
		x.put("inbox/bad name.csr", whole)
		system.hook = func(op, name string) error {
			if op == "rename" {
				return errno
			}
			return nil
		}
		if err := x.Remove(x.entry("", "a.csr"), []byte(whole)); !errors.Is(err, ErrReadOnly) {
			t.Errorf("%v: removing: %v, want ErrReadOnly", errno, err)
		}
		if fate, err := x.Reject(x.entry("", "bad name.csr")); !errors.Is(err, ErrReadOnly) || fate != Stayed {
			t.Errorf("%v: rejecting: %v, %v, want ErrReadOnly", errno, fate, err)
		}
		x.lies(x.inbox, map[string]string{"a.csr": whole, "bad name.csr": whole})
	}
}

// TestRemoveThatFails: the entry gets its name back, and the trouble reads the same each time.
func TestRemoveThatFails(t *testing.T) {
	system := &hooked{}
	x := newExchange(t, system)
	x.put("inbox/a.csr", whole)
	e := x.entry("", "a.csr")
	system.hook = func(op, name string) error {
		if op == "remove" {
			return unix.EIO
		}
		return nil
	}
	for range 2 {
		err := x.Remove(e, []byte(whole))
		if err == nil || err.Error() != `removing "a.csr": input/output error` || !errors.Is(err, unix.EIO) {
			t.Errorf("the error is %v", err)
		}
		x.lies(x.inbox, map[string]string{"a.csr": whole})
	}
	system.hook = func(op, name string) error {
		if op == "remove" || op == "rename to" && name == "a.csr" {
			return unix.EIO
		}
		return nil
	}
	err := x.Remove(e, []byte(whole))
	if err == nil || !strings.Contains(err.Error(), `removing "a.csr": input/output error; it waits aside: rename `) {
		t.Errorf("the error is %v", err)
	}
}

// TestRemoveWithoutLinks: a link in a team's place is not followed to somebody else's entry.
func TestRemoveWithoutLinks(t *testing.T) {
	x := newExchange(t)
	elsewhere := t.TempDir()
	must(t, os.WriteFile(filepath.Join(elsewhere, "a.csr"), []byte(whole), 0o644))
	x.put("inbox/team/a.csr", whole)
	e := x.entry("team", "a.csr")
	must(t, os.RemoveAll(filepath.Join(x.inbox, "team")))
	must(t, os.Symlink(elsewhere, filepath.Join(x.inbox, "team")))
	must(t, x.Remove(e, []byte(whole)))
	if _, err := os.Stat(filepath.Join(elsewhere, "a.csr")); err != nil {
		t.Error(err)
	}
	if c := x.Read(e); c.State != Gone {
		t.Errorf("read through a link: %+v", c)
	}
}
