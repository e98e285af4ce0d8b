package durable_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"ca-exchange/internal/durable"
)

func open(t *testing.T, path string) *durable.Dir {
	t.Helper()
	d, err := durable.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

func TestModesWhateverTheUmask(t *testing.T) {
	old := unix.Umask(0o077)
	defer unix.Umask(old)
	root := t.TempDir()
	d := open(t, root)
	if err := d.Create("file", nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := d.Replace("key", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, mode := range map[string]fs.FileMode{
		"inbox": 0o777 | fs.ModeSticky, "team": 0o770 | fs.ModeSticky | fs.ModeSetgid, "outbox": 0o755,
	} {
		dir, created, err := d.MakeDir(name, mode, -1)
		if err != nil || !created {
			t.Fatalf("%s: created %v: %v", name, created, err)
		}
		if dir.Path() != filepath.Join(root, name) {
			t.Errorf("path %q", dir.Path())
		}
		dir.Close()
		if again, created, err := d.MakeDir(name, 0o700, -1); err != nil || created {
			t.Errorf("%s: made again: %v, %v", name, created, err)
		} else {
			again.Close()
		}
	}
	want := map[string]string{
		"file": "-rw-r--r--", "key": "-rw-------", "inbox": "dtrwxrwxrwx", "team": "dgtrwxrwx---",
		"outbox": "drwxr-xr-x",
	}
	for name, mode := range want {
		s, err := d.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if s.Mode.String() != mode {
			t.Errorf("%s has mode %s, want %s", name, s.Mode, mode)
		}
	}
}

func TestVerbs(t *testing.T) {
	d := open(t, t.TempDir())
	create := func(name, data string) error { return d.Create(name, []byte(data), 0o644) }
	if err := create("a", "first"); err != nil {
		t.Fatal(err)
	}
	if err := create("a", "second"); !errors.Is(err, fs.ErrExist) {
		t.Errorf("creating a second time: %v", err)
	}
	expect(t, d, "a", "first")
	for _, step := range []struct {
		data    string
		changed bool
	}{{"first", false}, {"longer than first", true}, {"x", true}, {"x", false}, {"", true}} {
		changed, err := d.Ensure("a", []byte(step.data), 0o644)
		if err != nil || changed != step.changed {
			t.Errorf("ensuring %q: changed %v, want %v: %v", step.data, changed, step.changed, err)
		}
		expect(t, d, "a", step.data)
	}
	if err := create("b", "b"); err != nil {
		t.Fatal(err)
	}
	if err := d.RenameNew("a", d, "b"); !errors.Is(err, fs.ErrExist) {
		t.Errorf("renaming onto a file: %v", err)
	}
	if err := d.Rename("a", d, "b"); err != nil {
		t.Fatal(err)
	}
	expect(t, d, "b", "")
	names(t, d, "b")
}

func expect(t *testing.T, d *durable.Dir, name, want string) {
	t.Helper()
	if got, _, err := d.Read(name, 1000); err != nil || string(got) != want {
		t.Errorf("%s holds %q, want %q: %v", name, got, want, err)
	}
}

func names(t *testing.T, d *durable.Dir, want ...string) {
	t.Helper()
	var got []string
	for n, err := range d.Names() {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, n.Name)
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("the directory has %q, want %q", got, want)
	}
}

func TestReadHostile(t *testing.T) {
	root := t.TempDir()
	d := open(t, root)
	write := func(name string, size int) {
		if err := os.WriteFile(filepath.Join(root, name), bytes.Repeat([]byte{'x'}, size), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	write("full", 64)
	write("over", 65)
	must(os.Symlink("full", filepath.Join(root, "link")))
	must(os.Symlink("nowhere", filepath.Join(root, "dangling")))
	must(unix.Mkfifo(filepath.Join(root, "fifo"), 0o644))
	must(os.Mkdir(filepath.Join(root, "dir"), 0o755))
	write("sparse", 1)
	must(os.Truncate(filepath.Join(root, "sparse"), 8<<30))
	socket, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	must(err)
	defer unix.Close(socket)
	must(unix.Bind(socket, &unix.SockaddrUnix{Name: filepath.Join(root, "socket")}))
	want := map[string]error{
		"full": nil, "over": durable.ErrTooLarge, "sparse": durable.ErrTooLarge,
		"link": durable.ErrLink, "dangling": durable.ErrLink,
		"fifo": durable.ErrNotRegular, "dir": durable.ErrNotRegular, "socket": durable.ErrNotRegular,
		"none": fs.ErrNotExist,
	}
	if os.Getuid() == 0 && unix.Mknod(filepath.Join(root, "device"), unix.S_IFCHR|0o600, int(unix.Mkdev(1, 5))) == nil {
		want["device"] = durable.ErrNotRegular // /dev/zero never ends
	}
	for name, expected := range want {
		got, s, err := d.Read(name, 64)
		if !errors.Is(err, expected) {
			t.Errorf("reading %s: %v, want %v", name, err, expected)
		}
		if expected == nil && (len(got) != 64 || s.Size != 64) {
			t.Errorf("reading %s: %d bytes, stat %+v", name, len(got), s)
		}
	}
}

func TestOpenDirNeverThroughALink(t *testing.T) {
	root := t.TempDir()
	d := open(t, root)
	elsewhere := t.TempDir()
	if err := os.Symlink(elsewhere, filepath.Join(root, "inbox")); err != nil {
		t.Fatal(err)
	}
	if _, err := d.OpenDir("inbox"); !errors.Is(err, durable.ErrLink) {
		t.Errorf("opening a link: %v", err)
	}
	if _, _, err := d.MakeDir("inbox", 0o755, -1); !errors.Is(err, durable.ErrLink) {
		t.Errorf("making a directory where a link is: %v", err)
	}
	if err := d.Create("file", nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := d.OpenDir("file"); err == nil || errors.Is(err, durable.ErrLink) {
		t.Errorf("opening a file as a directory: %v", err)
	}
}

func TestLock(t *testing.T) {
	root := t.TempDir()
	d := open(t, root)
	lock, err := d.Lock("lock")
	if err != nil {
		t.Fatal(err)
	}
	_, err = open(t, root).Lock("lock")
	if !errors.Is(err, durable.ErrLocked) ||
		!strings.Contains(err.Error(), fmt.Sprintf("process %d on ", os.Getpid())) {
		t.Errorf("locking twice: %v", err)
	}
	if err := lock.Release(); err != nil {
		t.Fatal(err)
	}
	lock, err = d.Lock("lock")
	if err != nil {
		t.Fatal(err)
	}
	lock.Release()
	if err := os.Symlink("elsewhere", filepath.Join(root, "link")); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Lock("link"); err == nil {
		t.Error("a lock was taken through a link")
	}
}

func TestBatchOfMany(t *testing.T) {
	d := open(t, t.TempDir())
	team, _, err := d.MakeDir("team", 0o755, -1)
	if err != nil {
		t.Fatal(err)
	}
	defer team.Close()
	if err := team.Create("taken", []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	b := d.NewBatch()
	for i := range 100 {
		b.Create(d, fmt.Sprint(i), fmt.Appendf(nil, "file %d", i), 0o644)
	}
	b.Create(team, "taken", []byte("new"), 0o644)
	b.Create(team, "free", []byte("new"), 0o644)
	b.Replace(team, "taken too", []byte("new"), 0o600)
	errs, err := b.Commit()
	if err != nil {
		t.Fatal(err)
	}
	for i, err := range errs {
		if taken := i == 100; errors.Is(err, fs.ErrExist) != taken || !taken && err != nil {
			t.Errorf("file %d: %v", i, err)
		}
	}
	for i := range 100 {
		expect(t, d, fmt.Sprint(i), fmt.Sprintf("file %d", i))
	}
	expect(t, team, "taken", "old")
	expect(t, team, "free", "new")
	for n := range team.Names() {
		if durable.IsTemporary(n.Name) {
			t.Errorf("%q was left", n.Name)
		}
	}
}

func TestOneTroubleReadsTheSame(t *testing.T) {
	root := filepath.Join(t.TempDir(), "gone")
	if err := os.Mkdir(root, 0o755); err != nil {
		t.Fatal(err)
	}
	d := open(t, root)
	if err := os.Remove(root); err != nil {
		t.Fatal(err)
	}
	first, second := d.Replace("file", nil, 0o644), d.Replace("file", nil, 0o644)
	if first == nil || second == nil || first.Error() != second.Error() || !strings.Contains(first.Error(), root) {
		t.Errorf("%v, then %v", first, second)
	}
}

func TestMakeAll(t *testing.T) {
	root := t.TempDir()
	defer unix.Umask(unix.Umask(0o777))
	deep := filepath.Join(root, "a", "b", "c")
	for range 2 { // again is no error
		if err := durable.MakeAll(deep, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, dir := range []string{"a", "a/b", "a/b/c"} {
		if s, err := os.Stat(filepath.Join(root, dir)); err != nil || s.Mode().Perm() != 0o700 {
			t.Errorf("%s: %v, %v", dir, s, err)
		}
	}
	if err := os.WriteFile(filepath.Join(root, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := durable.MakeAll(filepath.Join(root, "file", "below"), 0o700); err == nil {
		t.Error("a directory below a file")
	}
	t.Chdir(root)
	if err := durable.MakeAll("relative/dir", 0o700); err != nil {
		t.Error(err)
	}
}

// TestSame: each of device, inode, size and the two times alone makes another file.
func TestSame(t *testing.T) {
	now := time.Now()
	s := durable.Stat{Dev: 1, Ino: 2, Size: 3, Modified: now, Changed: now}
	if !s.Same(s) {
		t.Error("a file is not the same as itself")
	}
	for what, change := range map[string]func(*durable.Stat){
		"device": func(o *durable.Stat) { o.Dev++ }, "inode": func(o *durable.Stat) { o.Ino++ },
		"size": func(o *durable.Stat) { o.Size++ }, "modified": func(o *durable.Stat) { o.Modified = now.Add(1) },
		"changed": func(o *durable.Stat) { o.Changed = now.Add(1) },
	} {
		o := s
		if change(&o); s.Same(o) || o.Same(s) {
			t.Errorf("another %s makes no other file", what)
		}
	}
}
