package durable

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// TestReplaceChecked: a file that check refuses never gets the name, and leaves nothing; check sees what was written.
func TestReplaceChecked(t *testing.T) {
	path := t.TempDir()
	d, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if err := d.Create("key", []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	refused := errors.New("refused")
	check := func(want string, err error) func([]byte) error {
		return func(written []byte) error {
			if string(written) != want {
				t.Errorf("check sees %q, not %q", written, want)
			}
			return err
		}
	}
	if err := d.ReplaceChecked("key", []byte("new"), 0o600, check("new", refused)); !errors.Is(err, refused) {
		t.Errorf("refused: %v", err)
	}
	for _, want := range []string{"old", "newer"} {
		if text, err := os.ReadFile(filepath.Join(path, "key")); err != nil || string(text) != want {
			t.Errorf("the file is %q, %v, not %q", text, err, want)
		}
		if err := d.ReplaceChecked("key", []byte("newer"), 0o600, check("newer", nil)); err != nil {
			t.Error(err)
		}
	}
	if all, err := os.ReadDir(path); err != nil || len(all) != 1 {
		t.Errorf("%d files, %v", len(all), err)
	}
}

// TestListen: a socket takes the place of one that a killed process left, and of nothing else; who connects is known
// by the user, and one that nobody answers on is ErrNobody. The path may be longer than the kernel takes of a socket's.
func TestListen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a-directory-with-a-name-that-is-longer-than-all-that-a-socket's-path-may-have",
		"and-below-it-another-one")
	if err := os.MkdirAll(path, 0o700); err != nil {
		t.Fatal(err)
	}
	d, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if _, err := d.Dial("sock"); !errors.Is(err, ErrNobody) {
		t.Errorf("no socket: %v", err)
	}
	killed, err := d.Listen("sock")
	if err != nil {
		t.Fatal(err)
	}
	killed.Close()
	if _, err := d.Dial("sock"); !errors.Is(err, ErrNobody) {
		t.Errorf("a dead socket: %v", err)
	}
	listener, err := d.Listen("sock")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	if s, err := d.Stat("sock"); err != nil || s.Mode.Perm() != 0o600 {
		t.Errorf("%v, %v", s.Mode, err)
	}
	connection, err := d.Dial("sock")
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	if user, err := Peer(connection); err != nil || user != os.Geteuid() {
		t.Errorf("user %d, %v", user, err)
	}
	if err := d.Create("file", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Listen("file"); !errors.Is(err, ErrNotSocket) {
		t.Errorf("in place of a file: %v", err)
	}
}
