package inbox

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"ca-exchange/internal/durable"
)

func TestCreate(t *testing.T) {
	old := unix.Umask(0o077)
	defer unix.Umask(old)
	group := os.Getgid()
	if group == 0 { // root's own group counts as none; root may give a directory to any other
		group = 61001
	}
	for _, c := range []struct {
		o     Options
		inbox string
	}{
		{Options{Trust: "sha256:aa"}, "dtrwxrwxrwx"}, {Options{Trust: "sha256:aa", Private: true}, "drwxr-xr-x"},
		{Options{Trust: "sha256:aa", GroupID: group}, "dgtrwxrwx---"},
	} {
		root := filepath.Join(t.TempDir(), "a", "exchange")
		x, err := Create(root, c.o)
		must(t, err)
		open, err := x.WorldWritable("")
		if want := c.inbox == "dtrwxrwxrwx"; err != nil || open != want {
			t.Errorf("%s: world-writable %t, %v", c.inbox, open, err)
		}
		id := x.ID
		must(t, x.Close())
		for name, want := range map[string]string{
			"inbox": c.inbox, "outbox": "drwxr-xr-x", "rejected": "drwxr-xr-x", "exchange.json": "-rw-r--r--",
		} {
			if s, err := os.Lstat(filepath.Join(root, name)); err != nil || s.Mode().String() != want {
				t.Errorf("%s has mode %v, want %s: %v", name, s.Mode(), want, err)
			}
		}
		must(t, os.Remove(filepath.Join(root, "rejected")))
		must(t, os.Chmod(filepath.Join(root, "inbox"), 0o700))
		again, err := Create(root, c.o) // a repair
		must(t, err)
		s, err := os.Lstat(filepath.Join(root, "inbox"))
		if again.ID != id || s.Mode().Perm() != 0o700 || len(id) < 20 {
			t.Errorf("repaired: id %q, was %q; inbox %v, %v", again.ID, id, s.Mode(), err)
		}
		if _, err := os.Lstat(filepath.Join(root, "rejected")); err != nil {
			t.Error(err)
		}
		must(t, again.Close())
		if _, err := Create(root, Options{Trust: "sha256:bb"}); !errors.Is(err, ErrTrust) ||
			!strings.HasSuffix(err.Error(), `has trust "sha256:aa", this CA has "sha256:bb"`) {
			t.Errorf("another CA's: %v", err)
		}
	}
}

// TestCreateOverABrokenMarker: a repair leaves alone what it does not understand.
func TestCreateOverABrokenMarker(t *testing.T) {
	x := newExchange(t)
	x.put(markerFile, "x")
	if _, err := Create(x.root, Options{}); !errors.Is(err, ErrNotExchange) {
		t.Errorf("%v", err)
	}
	if got := tree(t, x.root)[markerFile]; got != "x" {
		t.Errorf("the marker is %q by now", got)
	}
}

func TestCreateAmongOthersFiles(t *testing.T) {
	for name, want := range map[string]error{
		"notes.txt": ErrNotExchange, "a\nb": ErrNotExchange, "lost+found": nil, ".Trash": nil,
		"System Volume Information": nil, "inbox": nil,
	} {
		root := t.TempDir()
		must(t, os.Mkdir(filepath.Join(root, name), 0o755))
		x, err := Create(root, Options{})
		if !errors.Is(err, want) || err != nil && strings.Contains(err.Error(), "\n") {
			t.Errorf("beside %q: %v, want %v", name, err, want)
		}
		if err == nil {
			x.Close()
		}
	}
}

// TestMarker: without its marker a directory is no exchange; what is wrong with it is said, quoted.
func TestMarker(t *testing.T) {
	const notOne = "not an exchange: no exchange.json of ca-exchange/v1 in it: "
	const good = `{"apiVersion":"ca-exchange/v1","kind":"Exchange","id":"abc","trust":"sha256:aa"}`
	for content, want := range map[string]string{
		good:        "",
		"":          "exchange.json: EOF",
		"x":         "exchange.json: invalid character 'x' looking for beginning of value",
		good + "{}": "something follows in exchange.json",
		strings.Replace(good, "/v1", "/v2", 1): `exchange.json has apiVersion "ca-exchange/v2", kind "Exchange", ` +
			`id "abc", not "ca-exchange/v1", "Exchange" and an id`,
		strings.Replace(good, "Exchange\"", "X\\nca-admin: error\"", 1): `exchange.json has apiVersion ` +
			`"ca-exchange/v1", kind "X\nca-admin: error", id "abc", not "ca-exchange/v1", "Exchange" and an id`,
		strings.Replace(good, "abc", "", 1): `exchange.json has apiVersion "ca-exchange/v1", kind "Exchange", id "", ` +
			`not "ca-exchange/v1", "Exchange" and an id`,
		strings.Replace(good, "{", `{"more":1,`, 1):                   "",
		strings.Replace(good, `"id"`, `"features":["renew"],"id"`, 1): "",
	} {
		x := newExchange(t)
		x.put(markerFile, content)
		again, err := Open(x.root)
		if want == "" {
			must(t, err)
			if again.ID != "abc" || again.Trust != "sha256:aa" || again.Path() != x.root {
				t.Errorf("opened %+v", again.Marker)
			}
			must(t, again.Close())
			continue
		}
		if err == nil || err.Error() != notOne+want {
			t.Errorf("%s:\n%v, want\n%s", content, err, notOne+want)
		}
	}
}

// TestOpenHostile: a link or something else in the place of a directory or of the marker stops that side.
func TestOpenHostile(t *testing.T) {
	for what, place := range litter {
		for _, name := range []string{inboxDir, outboxDir, rejectedDir, markerFile} {
			if strings.Contains(what, "directory") && name != markerFile {
				continue
			}
			x := newExchange(t)
			must(t, os.Remove(filepath.Join(x.root, name)))
			must(t, place(filepath.Join(x.root, name)))
			before := descriptors(t)
			if again, err := Open(x.root); err == nil {
				again.Close()
				t.Errorf("%s is %s: opened", name, what)
			}
			if after := descriptors(t); after != before {
				t.Errorf("%s is %s: %d descriptors are open, %d were", name, what, after, before)
			}
		}
	}
	x := newExchange(t)
	must(t, os.Remove(filepath.Join(x.root, markerFile)))
	if _, err := Open(x.root); !errors.Is(err, ErrNotExchange) {
		t.Errorf("without a marker: %v", err)
	}
	if _, err := Open(filepath.Join(x.root, "none")); !errors.Is(err, ErrNoExchange) {
		t.Errorf("without a directory: %v", err)
	}
}

// TestOpenSides: two media are one exchange where both markers name the same trust; the outbox's id counts.
func TestOpenSides(t *testing.T) {
	a, b := newExchange(t), newExchange(t)
	x, err := OpenSides(a.root, b.root)
	must(t, err)
	if x.ID != b.ID || x.ID == a.ID || x.Path() != a.root {
		t.Errorf("the id is %q, the outbox's is %q; at %q", x.ID, b.ID, x.Path())
	}
	must(t, x.Close())
	b.put(markerFile, `{"apiVersion":"ca-exchange/v1","kind":"Exchange","id":"abc","trust":"sha256:bb"}`)
	_, err = OpenSides(a.root, b.root)
	if !errors.Is(err, ErrTrust) || !strings.HasSuffix(err.Error(), `has trust "sha256:bb"`) {
		t.Errorf("two trusts: %v", err)
	}
	if _, err := OpenSides(a.root, filepath.Join(a.root, "none")); !errors.Is(err, ErrNoExchange) {
		t.Errorf("without an outbox: %v", err)
	}
}

func TestWritable(t *testing.T) {
	x := newExchange(t)
	must(t, x.Writable())
	for _, dir := range []string{x.inbox, x.outbox} {
		must(t, os.Chmod(dir, 0o555))
		err := x.Writable()
		if os.Getuid() != 0 && !errors.Is(err, fs.ErrPermission) {
			t.Errorf("%s is read-only: %v", dir, err)
		}
		must(t, os.Chmod(dir, 0o755))
	}
}

// TestOneWayInbox: an exchange whose inbox cannot be written, and that has no rejected/, is served all the same.
func TestOneWayInbox(t *testing.T) {
	system := &hooked{}
	x := newExchange(t, system)
	x.put("inbox/a.csr", whole)
	x.put("inbox/bad name.csr", whole)
	must(t, os.Remove(x.rejected))
	must(t, x.Close())
	defer durable.Swap(system)()
	again, err := Open(x.root)
	must(t, err)
	x.Exchange = again
	system.hook = func(op, name string) error {
		if op == "rename" && strings.HasSuffix(name, ".csr") {
			return unix.EROFS
		}
		return nil
	}
	e := x.entry("", "a.csr")
	c := x.Read(e)
	out, err := x.Publish([]File{certificate("1")}, nil)
	if c.State != Complete || err != nil || out[0] != (Outcome{}) {
		t.Errorf("read %+v, published %+v, %v", c, out, err)
	}
	if err := x.Remove(e, c.Bytes); !errors.Is(err, ErrReadOnly) {
		t.Errorf("removing: %v", err)
	}
	if _, err := x.Reject(x.entry("", "bad name.csr")); !errors.Is(err, ErrReadOnly) {
		t.Errorf("rejecting: %v", err)
	}
	if now, err := x.Stat(e); err != nil || !now.Same(c.Stat) {
		t.Error("it changed")
	}
}

func TestAsk(t *testing.T) {
	x := newExchange(t)
	must(t, x.Drop("a", []byte(whole)))
	must(t, x.Drop("a", []byte(whole)))
	if err := x.Drop("a", []byte("other")); !errors.Is(err, ErrForeign) {
		t.Errorf("other bytes: %v", err)
	}
	for what, place := range litter {
		must(t, place(filepath.Join(x.inbox, what+".csr")))
		if err := x.Drop(what, []byte(whole)); !errors.Is(err, ErrForeign) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: dropping: %v", what, err)
		}
		if waiting, err := x.Waiting(what, []byte(whole)); waiting || !errors.Is(err, ErrForeign) {
			t.Errorf("%s: waiting %t, %v", what, waiting, err)
		}
		before := len(tree(t, x.inbox))
		if err := x.Withdraw(what, []byte(whole)); err != nil || len(tree(t, x.inbox)) != before {
			t.Errorf("%s: withdrawn: %v", what, err)
		}
	}
	if waiting, err := x.Waiting("a", []byte(whole)); !waiting || err != nil {
		t.Errorf("waiting %t, %v", waiting, err)
	}
	must(t, x.Withdraw("a", []byte(whole)))
	must(t, x.Withdraw("a", []byte(whole)))
	if waiting, err := x.Waiting("a", []byte(whole)); waiting || err != nil {
		t.Errorf("withdrawn, and waiting %t, %v", waiting, err)
	}
}
