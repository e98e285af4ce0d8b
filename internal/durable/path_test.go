package durable

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

func openTemporary(t *testing.T) (*Dir, string) {
	t.Helper()
	path := t.TempDir()
	d, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d, path
}

func TestPaths(t *testing.T) {
	d, path := openTemporary(t)
	if _, err := d.EnsurePath("pki/etcd/ca.crt", []byte("one"), 0o644); err != nil {
		t.Fatal(err)
	}
	if got, _, err := d.ReadPath("pki/etcd/ca.crt", 10); err != nil || string(got) != "one" {
		t.Errorf("%q, %v", got, err)
	}
	if err := os.Symlink("pki", filepath.Join(path, "link")); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		file string
		want error
	}{
		{"pki/none/ca.crt", fs.ErrNotExist},
		{"../escape", fs.ErrInvalid},
		{"/etc/passwd", fs.ErrInvalid},
		{"link/etcd/ca.crt", ErrLink},
	} {
		if _, _, err := d.ReadPath(c.file, 10); !errors.Is(err, c.want) {
			t.Errorf("reading %q: %v, not %v", c.file, err, c.want)
		}
		if _, err := d.EnsurePath(c.file+"/x", nil, 0o644); c.want != fs.ErrNotExist && !errors.Is(err, c.want) {
			t.Errorf("writing below %q: %v, not %v", c.file, err, c.want)
		}
	}
}

// noLinks is a file system such as vfat, which has neither hard nor symbolic links.
type noLinks struct{ System }

func (noLinks) Link(int, string, int, string) error { return unix.EPERM }

func TestKeep(t *testing.T) {
	for name, system := range map[string]System{"hard links": Kernel{}, "no links": noLinks{Kernel{}}} {
		t.Run(name, func(t *testing.T) {
			path := t.TempDir()
			d, err := openOn(system, path)
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			for range 2 { // a second time over what the first one kept
				if err := d.Replace("key", []byte("secret"), 0o600); err != nil {
					t.Fatal(err)
				}
				if err := errors.Join(d.Keep("key", "key.previous"), d.Keep("key", "key.previous")); err != nil {
					t.Fatal(err)
				}
			}
			s, err := os.Stat(filepath.Join(path, "key.previous"))
			if err != nil || s.Mode() != 0o600 {
				t.Errorf("mode %v, %v, not 0600", s.Mode(), err)
			}
			names, _ := os.ReadDir(path)
			if len(names) != 2 {
				t.Errorf("%v", names)
			}
			if err := d.Keep("none", "none.previous"); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("keeping what is not there: %v", err)
			}
		})
	}
}

func TestLink(t *testing.T) {
	d, path := openTemporary(t)
	for _, target := range []string{"pair-1.pem", "pair-2.pem"} {
		if err := errors.Join(d.Replace(target, []byte(target), 0o600), d.Link(target, "current.pem")); err != nil {
			t.Fatal(err)
		}
		if got, _, err := d.Through("current.pem", 100); err != nil || string(got) != target {
			t.Errorf("%q, %v", got, err)
		}
	}
	// The kubelet's links are absolute, and a link that leads elsewhere is never followed there.
	outside := filepath.Join(t.TempDir(), "pair-3.pem")
	if err := errors.Join(os.WriteFile(outside, []byte("outside"), 0o600), d.Link(outside, "current.pem")); err != nil {
		t.Fatal(err)
	}
	if got, _, err := d.Through("current.pem", 100); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%q, %v", got, err)
	}
	if err := d.Link(filepath.Join(path, "pair-1.pem"), "current.pem"); err != nil {
		t.Fatal(err)
	}
	if got, _, err := d.Through("current.pem", 100); err != nil || string(got) != "pair-1.pem" {
		t.Errorf("%q, %v", got, err)
	}
}
