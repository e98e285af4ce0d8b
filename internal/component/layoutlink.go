package component

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// ErrDirectory: the directory of certificates cannot be used as it is.
var ErrDirectory = errors.New("the directory of certificates cannot be used")

// Resolve gives the layout of the same host without links: where the directory of certificates is one, its target is
// used, since nothing is ever written through a link. The target must belong to the owner of the component directory
// path and have no other writer, nor may anybody else be able to put another directory into its place. It is called
// before anything is asked, because an answer that cannot be installed helps nobody.
func (l Layout) Resolve(path string) (Layout, error) {
	dir := filepath.Join(path, l.Root, pkiDir)
	if filepath.IsAbs(l.Root) {
		dir = filepath.Join(l.Root, pkiDir)
	}
	switch {
	case filepath.IsAbs(l.Certificates):
		dir = l.Certificates
	case l.Certificates != "":
		dir = filepath.Join(filepath.Dir(dir), l.Certificates)
	}
	target, err := filepath.EvalSymlinks(dir)
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Lstat(dir); err == nil {
			return l, fmt.Errorf("%w: %q is a link to a directory that does not exist", ErrDirectory, dir)
		}
		return l, nil // it will be made
	}
	if err != nil {
		return l, fmt.Errorf("%w: %w", ErrDirectory, err)
	}
	if s, err := os.Lstat(filepath.Join(target, "etcd")); err == nil && s.Mode()&fs.ModeSymlink != 0 {
		return l, fmt.Errorf("%w: %q is a link; only the directory above it may be one",
			ErrDirectory, filepath.Join(target, "etcd"))
	}
	if link, err := os.Lstat(dir); err != nil || link.Mode()&fs.ModeSymlink == 0 {
		return l, err
	}
	if err := checkTarget(path, target); err != nil {
		return l, fmt.Errorf("%w: %q is a link to %q: %w", ErrDirectory, dir, target, err)
	}
	l.Certificates = target
	return l, nil
}

// checkTarget says why a link's target cannot be used. Above it, directories of root and those with the sticky bit,
// such as /tmp, keep others from renaming what lies in them.
func checkTarget(path, target string) error {
	own, err := os.Stat(path)
	if err != nil {
		return err
	}
	owner := ownerOf(own)
	for dir := target; ; dir = filepath.Dir(dir) {
		s, err := os.Stat(dir)
		switch {
		case err != nil:
			return err
		case !s.IsDir():
			return fmt.Errorf("%q is not a directory", dir)
		case ownerOf(s) != owner && (dir == target || ownerOf(s) != 0):
			return fmt.Errorf("%q belongs to user %d, the component directory to user %d", dir, ownerOf(s), owner)
		case s.Mode().Perm()&0o022 != 0 && (dir == target || s.Mode()&fs.ModeSticky == 0):
			return fmt.Errorf("others may write to %q: mode %#o", dir, s.Mode().Perm())
		case dir == filepath.Dir(dir):
			return nil
		}
	}
}

func ownerOf(s fs.FileInfo) uint32 { return s.Sys().(*syscall.Stat_t).Uid }
