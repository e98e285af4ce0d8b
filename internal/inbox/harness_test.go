package inbox

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"ca-exchange/internal/durable"
)

const whole = "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n"

// exchange is an exchange of a test, and the paths of its directories.
type exchange struct {
	*Exchange
	t                             *testing.T
	root, inbox, outbox, rejected string
}

// newExchange makes an exchange, on a System of its own where one is given.
func newExchange(t *testing.T, systems ...durable.System) *exchange {
	t.Helper()
	root := filepath.Join(t.TempDir(), "exchange")
	for _, s := range append([]durable.System{quick{}}, systems...) {
		defer durable.Swap(s)()
	}
	x, err := Create(root, Options{Trust: "sha256:aa"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { x.Close() })
	return &exchange{
		x, t, root, filepath.Join(root, inboxDir), filepath.Join(root, outboxDir), filepath.Join(root, rejectedDir),
	}
}

// quick is the kernel without its waiting for the disk: what is durable when is durable's to test.
type quick struct{ durable.Kernel }

func (quick) Fsync(int) error  { return nil }
func (quick) Syncfs(int) error { return nil }

// hooked is the kernel with a look at each call that names a file: what the hook answers is its error.
type hooked struct {
	quick
	hook func(op, name string) error
}

func (h *hooked) ask(op, name string) error {
	if h.hook == nil {
		return nil
	}
	return h.hook(op, name)
}

func (h *hooked) Open(dir int, name string, flags int, mode uint32) (int, error) {
	op := "open"
	if flags&unix.O_CREAT != 0 {
		op = "create"
	}
	if err := h.ask(op, name); err != nil {
		return -1, err
	}
	return h.Kernel.Open(dir, name, flags, mode)
}

func (h *hooked) RenameNew(oldDir int, old string, newDir int, name string) error {
	if err := h.ask("rename", old); err != nil {
		return err
	}
	if err := h.ask("rename to", name); err != nil {
		return err
	}
	if oldDir != newDir {
		if err := h.ask("move", old); err != nil {
			return err
		}
	}
	return h.Kernel.RenameNew(oldDir, old, newDir, name)
}

func (h *hooked) Unlink(dir int, name string) error {
	if err := h.ask("remove", name); err != nil {
		return err
	}
	return h.Kernel.Unlink(dir, name)
}

func (h *hooked) Rmdir(dir int, name string) error {
	if err := h.ask("remove", name); err != nil {
		return err
	}
	return h.Kernel.Rmdir(dir, name)
}

// refuse fails one kind of call for one name.
func refuse(op, name string, err error) func(string, string) error {
	return func(gotOp, gotName string) error {
		if gotOp == op && gotName == name {
			return err
		}
		return nil
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// put writes a file below the exchange, and its directory.
func (x *exchange) put(path, content string) {
	x.t.Helper()
	path = filepath.Join(x.root, path)
	must(x.t, os.MkdirAll(filepath.Dir(path), 0o755))
	must(x.t, os.WriteFile(path, []byte(content), 0o644))
}

// many makes n entries of the same content, by links to one file: creating files is what takes time.
func (x *exchange) many(n int, content string) {
	x.t.Helper()
	x.put("inbox/u0.csr", content)
	for i := 1; i < n; i++ {
		must(x.t, os.Link(filepath.Join(x.inbox, "u0.csr"), filepath.Join(x.inbox, fmt.Sprintf("u%d.csr", i))))
	}
}

// tree is what lies below a directory: "name" is a file's content, or what it is where it is no file.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	must(t, filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		name, err := filepath.Rel(dir, path)
		must(t, err)
		if !e.Type().IsRegular() {
			all[name] = e.Type().String()
			return nil
		}
		content, err := os.ReadFile(path)
		all[name] = string(content)
		return err
	}))
	return all
}

// lies compares what lies below a directory; "*" in an expected name is a part that nobody can foresee.
func (x *exchange) lies(dir string, want map[string]string) {
	x.t.Helper()
	got := tree(x.t, dir)
	for pattern, content := range want {
		found := false
		for name, have := range got {
			ok, _ := filepath.Match(pattern, name)
			if (ok && strings.ContainsAny(pattern, "*?") || name == pattern) && have == content {
				delete(got, name)
				found = true
				break
			}
		}
		if !found {
			x.t.Errorf("%s: nothing is %q with %.60q: there is %.200v", filepath.Base(dir), pattern, content, got)
		}
	}
	for name, have := range got {
		x.t.Errorf("%s: %q with %.60q is too much", filepath.Base(dir), name, have)
	}
}

// entries lists the inbox.
func (x *exchange) entries() (all []Entry, err error) {
	for e, listErr := range x.Entries() {
		if listErr != nil {
			err = errors.Join(err, listErr)
			continue
		}
		all = append(all, e)
	}
	slices.SortFunc(all, func(a, b Entry) int { return strings.Compare(a.Team+"/"+a.File, b.Team+"/"+b.File) })
	return all, err
}

// entry finds one entry of the inbox.
func (x *exchange) entry(team, file string) Entry {
	x.t.Helper()
	all, err := x.entries()
	must(x.t, err)
	for _, e := range all {
		if e.Team == team && e.File == file {
			return e
		}
	}
	x.t.Fatalf("%s/%s is not listed: %v", team, file, all)
	return Entry{}
}

// litter is what a neighbour may put on a name, other than a file.
var litter = map[string]func(path string) error{
	"an empty directory": func(path string) error { return os.Mkdir(path, 0o755) },
	"a directory": func(path string) error {
		return errors.Join(os.Mkdir(path, 0o755), os.WriteFile(filepath.Join(path, "x"), nil, 0o644))
	},
	"a FIFO":          func(path string) error { return unix.Mkfifo(path, 0o644) },
	"a link":          func(path string) error { return os.Symlink("..", path) },
	"a dangling link": func(path string) error { return os.Symlink("nowhere", path) },
	"a socket": func(path string) error {
		fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0)
		if err != nil {
			return err
		}
		defer unix.Close(fd)
		dir, err := unix.Open(filepath.Dir(path), unix.O_RDONLY|unix.O_DIRECTORY, 0)
		if err != nil {
			return err
		}
		defer unix.Close(dir)
		relative := fmt.Sprintf("/proc/self/fd/%d/s", dir) // a socket's path is at most 107 bytes long
		if err := unix.Bind(fd, &unix.SockaddrUnix{Name: relative}); err != nil {
			return err
		}
		return os.Rename(filepath.Join(filepath.Dir(path), "s"), path)
	},
}

// descriptors counts what this process holds open.
func descriptors(t *testing.T) int {
	t.Helper()
	all, err := os.ReadDir("/proc/self/fd")
	must(t, err)
	return len(all)
}
