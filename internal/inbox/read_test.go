package inbox

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestRead(t *testing.T) {
	system := &hooked{}
	x := newExchange(t, system)
	for file, content := range map[string]string{
		"whole.csr": whole, "half.csr": whole[:50], "empty.csr": "", "full.csr": strings.Repeat("\x00", Limit),
		"over.csr": strings.Repeat("\x00", Limit+1), "sparse.csr": "", "shut.csr": whole, "stale.csr": whole,
	} {
		x.put("inbox/"+file, content)
	}
	must(t, os.Truncate(filepath.Join(x.inbox, "sparse.csr"), 8<<30))
	for what, place := range litter {
		must(t, place(filepath.Join(x.inbox, what)))
	}
	system.hook = func(op, name string) error {
		return map[string]error{"shut.csr": unix.EACCES, "stale.csr": unix.ESTALE}[name]
	}
	for file, want := range map[string]State{
		"whole.csr": Complete, "half.csr": Incomplete, "empty.csr": Incomplete, "full.csr": Complete,
		"over.csr": TooLarge, "sparse.csr": TooLarge, "shut.csr": Unreadable, "stale.csr": Gone, "none.csr": Gone,
		"a FIFO": Ignored, "a directory": Ignored, "an empty directory": Ignored, "a socket": Ignored,
		"a link": Link, "a dangling link": Link,
	} {
		for _, regular := range []bool{true, false} { // swapped since it was listed
			c := x.Read(Entry{File: file, regular: regular})
			read := want == Complete || want == Incomplete
			if c.State != want || (c.Bytes != nil) != read || (c.Err != nil) != (want == Unreadable) {
				t.Errorf("%s, listed as a file %t: state %d, %d bytes, %v, want state %d",
					file, regular, c.State, len(c.Bytes), c.Err, want)
			}
		}
	}
}

func TestReadInTeams(t *testing.T) {
	system := &hooked{}
	x := newExchange(t, system)
	for what, place := range litter {
		if !strings.Contains(what, "directory") {
			must(t, place(filepath.Join(x.inbox, strings.ReplaceAll(what, " ", "-"))))
		}
	}
	x.put("inbox/shut/a.csr", whole)
	system.hook = refuse("open", "shut", unix.EACCES)
	for team, want := range map[string]State{
		"none": Gone, "a-link": Gone, "a-FIFO": Gone, "a-socket": Gone, "shut": Unreadable,
		"..": Unreadable, ".": Unreadable,
	} {
		if c := x.Read(Entry{Team: team, File: "a.csr"}); c.State != want {
			t.Errorf("team %q: %+v, want state %d", team, c, want)
		}
	}
}

// TestUnchanged: what was left is known again by device, inode, size, and both times; each alone betrays a change.
func TestUnchanged(t *testing.T) {
	x := newExchange(t)
	x.put("inbox/team/a.csr", whole)
	e := x.entry("team", "a.csr")
	path := filepath.Join(x.inbox, "team", "a.csr")
	then := x.Read(e).Stat
	unchanged := func() bool { now, err := x.Stat(e); return err == nil && now.Same(then) }
	if !unchanged() {
		t.Error("nothing happened, and it is changed")
	}
	long := time.Now().Add(-time.Hour)
	for what, change := range map[string]func() error{
		"its times":     func() error { return os.Chtimes(path, long, long) },
		"its mode":      func() error { return os.Chmod(path, 0o600) },
		"its content":   func() error { return os.WriteFile(path, []byte(whole), 0o600) },
		"another inode": func() error { os.Rename(path, path+".old"); return os.WriteFile(path, []byte(whole), 0o600) },
		"gone":          func() error { return os.Remove(path) },
		"its team gone": func() error { return os.RemoveAll(filepath.Dir(path)) },
	} {
		must(t, os.MkdirAll(filepath.Dir(path), 0o755))
		must(t, os.WriteFile(path, []byte(whole), 0o644))
		then = x.Read(e).Stat
		time.Sleep(10 * time.Millisecond) // a kernel's tick, by which it stamps files
		must(t, change())
		if unchanged() {
			t.Errorf("%s: it counts as unchanged", what)
		}
	}
}
