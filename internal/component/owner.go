package component

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"ca-exchange/internal/durable"
)

// OwnerError names a file of the private part that another user owns, or that others may enter. A program that runs
// once as root in a user's directory leaves files there that the user can no longer read.
type OwnerError struct {
	Path  string // the first such file
	Owner uint32
	Mode  fs.FileMode
}

func (e *OwnerError) Error() string {
	if e.Owner != uint32(os.Geteuid()) {
		return fmt.Sprintf("%q belongs to user %d, and this program runs as user %d", e.Path, e.Owner, os.Geteuid())
	}
	return fmt.Sprintf("%q has mode %#o: others may enter it", e.Path, e.Mode.Perm())
}

func (e *OwnerError) Unwrap() error { return ErrOwner }

// checkOwners holds a private directory and everything in it against the user who runs.
func checkOwners(private *durable.Dir) error {
	s, err := private.Stat(".")
	if err != nil {
		return err
	}
	if s.Owner != uint32(os.Geteuid()) || s.Mode.Perm()&0o077 != 0 {
		return &OwnerError{private.Path(), s.Owner, s.Mode}
	}
	return checkOwnersBelow(private)
}

func checkOwnersBelow(dir *durable.Dir) error {
	for name, err := range dir.Names() {
		if err != nil {
			return err
		}
		s, err := dir.Stat(name.Name)
		switch {
		case errors.Is(err, fs.ErrNotExist): // another component-admin removed it
			continue
		case err != nil:
			return err
		case s.Owner != uint32(os.Geteuid()):
			return &OwnerError{filepath.Join(dir.Path(), name.Name), s.Owner, s.Mode}
		case !s.Mode.IsDir():
			continue
		}
		below, err := dir.OpenDir(name.Name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		err = checkOwnersBelow(below)
		below.Close()
		if err != nil {
			return err
		}
	}
	return nil
}
