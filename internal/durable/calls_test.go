package durable_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"ca-exchange/internal/durable"
	"ca-exchange/internal/durable/durabletest"
)

// counted opens a directory on a System that counts its calls.
func counted(t *testing.T, path string) (*durable.Dir, *durabletest.Failing) {
	t.Helper()
	f := &durabletest.Failing{System: durable.Kernel{}}
	back := durable.Swap(f)
	d := open(t, path)
	back()
	return d, f
}

// TestCalls counts the system calls of what is done once a request. A change that needs one more says so here.
func TestCalls(t *testing.T) {
	root := t.TempDir()
	d, f := counted(t, root)
	if err := d.Create("file", []byte(fresh), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		what string
		do   func() error
		want int
	}{
		{"Read: stat, open, fstat, read, close", func() error { _, _, err := d.Read("file", 100); return err }, 5},
		{"ReadListed: open, fstat, read, close", func() error { _, _, err := d.ReadListed("file", 100); return err },
			4},
		{"Peek: stat, open, fstat, read, close", func() error { _, _, err := d.Peek("file", 100); return err }, 5},
		{"Holds: open, read, close", func() error { _, err := d.Holds("file", []byte(fresh)); return err }, 3},
		{"Create: open, write, fsync, close, rename, fsync",
			func() error { return d.Create("another", []byte(fresh), 0o644) }, 6},
	} {
		before := f.Calls()
		if err := c.do(); err != nil {
			t.Fatalf("%s: %v", c.what, err)
		}
		if got := f.Calls() - before; got != c.want {
			t.Errorf("%s: %d calls, want %d", c.what, got, c.want)
		}
	}
}

// TestCallsOfABatch: beside what is done once a batch, a file costs open, write, close, rename.
func TestCallsOfABatch(t *testing.T) {
	d, f := counted(t, t.TempDir())
	if d.SyncMode() != durable.SyncWhole {
		t.Skip("syncfs does not count here")
	}
	batch := func(names string, n int) int {
		b, before := d.NewBatch(), f.Calls()
		for i := range n {
			b.Create(d, fmt.Sprint(names, i), []byte(fresh), 0o644)
		}
		if errs, err := b.Commit(); errors.Join(append(errs, err)...) != nil {
			t.Fatal(errs, err)
		}
		return f.Calls() - before
	}
	batch("first", 1)
	few, many := batch("few", 10), batch("many", 30)
	if many-few != 4*20 {
		t.Errorf("20 files more cost %d calls more, want 80", many-few)
	}
}

// TestModeOfEach: files of two modes in turn, under a umask that takes from one of them, each come out with their own.
func TestModeOfEach(t *testing.T) {
	old := unix.Umask(0o027)
	defer unix.Umask(old)
	root := t.TempDir()
	d := open(t, root)
	for i, mode := range []os.FileMode{0o644, 0o644, 0o600, 0o600, 0o644, 0o600} {
		name := fmt.Sprint(i)
		if err := d.Create(name, []byte(fresh), mode); err != nil {
			t.Fatal(err)
		}
		if s, err := os.Stat(filepath.Join(root, name)); err != nil || s.Mode() != mode {
			t.Errorf("file %d has mode %v, want %v: %v", i, s.Mode(), mode, err)
		}
	}
}

func TestPeekAndHolds(t *testing.T) {
	root := t.TempDir()
	d := open(t, root)
	if err := os.WriteFile(filepath.Join(root, "file"), []byte("0123456789"), 0o644); err != nil {
		t.Fatal(err)
	}
	for limit, want := range map[int]string{0: "", 3: "012", 10: "0123456789", 11: "0123456789"} {
		if got, s, err := d.Peek("file", limit); err != nil || string(got) != want || s.Size != 10 {
			t.Errorf("peeking %d bytes: %q of %d, %v, want %q of 10", limit, got, s.Size, err, want)
		}
	}
	for content, want := range map[string]bool{
		"": false, "012345678": false, "0123456789": true, "01234567890": false, "0123456780": false,
	} {
		if got, err := d.Holds("file", []byte(content)); err != nil || got != want {
			t.Errorf("holds %q: %t, %v, want %t", content, got, err, want)
		}
	}
	hostile := map[string]func(string) error{
		"fifo": func(path string) error { return unix.Mkfifo(path, 0o644) },
		"dir":  func(path string) error { return os.Mkdir(path, 0o755) },
		"link": func(path string) error { return os.Symlink("file", path) },
	}
	want := map[string]error{"fifo": durable.ErrNotRegular, "dir": durable.ErrNotRegular, "link": durable.ErrLink}
	for name, litter := range hostile {
		if err := litter(filepath.Join(root, name)); err != nil {
			t.Fatal(err)
		}
		if _, _, err := d.Peek(name, 100); !errors.Is(err, want[name]) {
			t.Errorf("peeking at a %s: %v, want %v", name, err, want[name])
		}
		if _, _, err := d.ReadListed(name, 100); !errors.Is(err, want[name]) {
			t.Errorf("reading a %s: %v, want %v", name, err, want[name])
		}
		if same, err := d.Holds(name, []byte("0123456789")); same || name == "link" && err == nil {
			t.Errorf("a %s holds the bytes: %t, %v", name, same, err)
		}
	}
}

// TestNamesInErrorsAreQuoted: a line feed or an escape in a name stays inside the line.
func TestNamesInErrorsAreQuoted(t *testing.T) {
	root := filepath.Join(t.TempDir(), "a\nb")
	if err := os.Mkdir(root, 0o755); err != nil {
		t.Fatal(err)
	}
	d := open(t, root)
	const name = "x\nca-admin: error: \x1b[31m\u202e"
	_, _, read := d.Read(name, 10)
	_, dir := d.OpenDir(name)
	_, stat := d.Stat(name)
	_, missing := durable.Open(filepath.Join(root, name))
	for _, err := range []error{read, dir, stat, missing, d.Remove(name), d.Rename(name, d, "y"), d.SyncFile(name)} {
		if err == nil || strings.ContainsAny(err.Error(), "\n\x1b\u202e") {
			t.Errorf("the error is %v", err)
			continue
		}
		if !strings.Contains(err.Error(), `a\nb/x\nca-admin: error: \x1b[31m\u202e": no such file or directory`) {
			t.Errorf("the error is %v", err)
		}
	}
}

// lame is a System on which one directory cannot be synced.
type lame struct {
	durable.System
	fd int
}

func (l *lame) Fsync(fd int) error {
	if fd == l.fd {
		return unix.EIO
	}
	return l.System.Fsync(fd)
}

func (l *lame) Open(dir int, name string, flags int, mode uint32) (int, error) {
	fd, err := l.System.Open(dir, name, flags, mode)
	if name == "lame" {
		l.fd = fd
	}
	return fd, err
}

// TestOneDirectoryFailsAlone: a batch over two directories, one of which cannot be synced: the other's files are there.
func TestOneDirectoryFailsAlone(t *testing.T) {
	root := t.TempDir()
	if err := os.Mkdir(filepath.Join(root, "lame"), 0o755); err != nil {
		t.Fatal(err)
	}
	back := durable.Swap(&lame{System: durable.Kernel{}, fd: -1})
	d := open(t, root)
	back()
	sub, err := d.OpenDir("lame")
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	b := d.NewBatch()
	b.Create(sub, "a", []byte(fresh), 0o644)
	b.Create(d, "b", []byte(fresh), 0o644)
	errs, err := b.Commit()
	if err != nil || !errors.Is(errs[0], unix.EIO) || errs[1] != nil {
		t.Errorf("%v, %v", errs, err)
	}
	expect(t, d, "b", fresh)
}
