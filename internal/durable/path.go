package durable

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
)

// ReadPath reads a file by its path below d, at most limit bytes. No part of the path may be a link.
func (d *Dir) ReadPath(file string, limit int) ([]byte, Stat, error) {
	dir, name, err := d.OpenParent(file)
	if err != nil {
		return nil, Stat{}, err
	}
	defer dir.Close()
	return dir.Read(name, limit)
}

// EnsurePath is Ensure for a path below d; directories that are missing on the way are made with mode 0755.
func (d *Dir) EnsurePath(file string, data []byte, mode fs.FileMode) (changed bool, err error) {
	dir, name, err := d.MakeParent(file)
	if err != nil {
		return false, err
	}
	defer dir.Close()
	return dir.Ensure(name, data, mode)
}

// OpenParent opens the directory below d that holds a path's file, never through a link. The caller closes it.
func (d *Dir) OpenParent(file string) (parent *Dir, name string, err error) {
	return d.walk(file, (*Dir).OpenDir)
}

// MakeParent is OpenParent that makes the directories which are missing, with mode 0755.
func (d *Dir) MakeParent(file string) (parent *Dir, name string, err error) {
	return d.walk(file, func(dir *Dir, name string) (*Dir, error) {
		next, _, err := dir.MakeDir(name, 0o755, -1)
		return next, err
	})
}

func (d *Dir) walk(file string, enter func(*Dir, string) (*Dir, error)) (*Dir, string, error) {
	if !filepath.IsLocal(file) {
		return nil, "", d.fail("open", file, fs.ErrInvalid)
	}
	parts := strings.Split(filepath.ToSlash(filepath.Clean(file)), "/")
	dir, err := d.OpenDir(".")
	if err != nil {
		return nil, "", err
	}
	for _, part := range parts[:len(parts)-1] {
		next, err := enter(dir, part)
		dir.Close()
		if err != nil {
			return nil, "", err
		}
		dir = next
	}
	return dir, parts[len(parts)-1], nil
}

// Keep gives the file name a second name, kept, in place of what had it: the same file, so its mode and owner stay as
// they are. It is durable only after Sync. Where the file system has no hard links, it is a copy with the same mode.
func (d *Dir) Keep(name, kept string) error {
	have, err := d.Stat(name)
	if err != nil {
		return err
	}
	if old, err := d.Stat(kept); err == nil && old.Dev == have.Dev && old.Ino == have.Ino {
		return nil // rename(2) of one name of a file onto another does nothing, and would leave the temporary
	}
	t := temporary()
	if err := d.sys.Link(d.fd, name, d.fd, t); err != nil {
		return d.copy(name, kept)
	}
	if err := d.Rename(t, d, kept); err != nil {
		d.sys.Unlink(d.fd, t)
		return err
	}
	return nil
}

// copyLimit bounds what Keep copies where it cannot link, in bytes: nothing here keeps a larger file.
const copyLimit = 1 << 20

func (d *Dir) copy(name, kept string) error {
	data, stat, err := d.Read(name, copyLimit)
	if err != nil {
		return err
	}
	return d.Replace(kept, data, stat.Mode.Perm())
}

// Link makes name a symbolic link to target, durably, in place of what had the name: readers follow the old one or the
// new one.
func (d *Dir) Link(target, name string) error {
	t := temporary()
	if err := d.sys.Symlink(target, d.fd, t); err != nil {
		return d.fail("symlink", name, err)
	}
	if err := d.Rename(t, d, name); err != nil {
		d.sys.Unlink(d.fd, t)
		return err
	}
	return d.Sync()
}

// Target is what a symbolic link says, not followed.
func (d *Dir) Target(name string) (string, error) {
	target, err := d.sys.Readlink(d.fd, name)
	if err != nil {
		return "", d.fail("readlink", name, err)
	}
	return target, nil
}

// Through reads the file that a symbolic link names, looked for in d alone, whatever directory the link says: nothing
// outside d is ever opened. What is not a link is read as it is.
func (d *Dir) Through(name string, limit int) ([]byte, Stat, error) {
	data, stat, err := d.Read(name, limit)
	if !errors.Is(err, ErrLink) {
		return data, stat, err
	}
	target, targetErr := d.Target(name)
	if targetErr != nil {
		return nil, Stat{}, targetErr
	}
	return d.Read(filepath.Base(target), limit)
}
