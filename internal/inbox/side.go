package inbox

import (
	"errors"
	"fmt"
	"io/fs"

	"golang.org/x/sys/unix"

	"ca-exchange/internal/durable"
)

// side is one direction of an exchange, on its medium.
type side struct {
	name string       // inboxDir or outboxDir
	root *durable.Dir // the exchange's directory, from which rejected/ is opened
	dir  *durable.Dir // inbox/ or outbox/
}

// openSide opens one side of the exchange at path and reads the marker there.
func openSide(path, name string) (*side, Marker, error) {
	root, err := durable.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, Marker{}, fmt.Errorf("%w: %q", ErrNoExchange, path)
	}
	if err != nil {
		return nil, Marker{}, err
	}
	marker, err := readMarker(root)
	if errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("%w: %q", ErrNotExchange, path)
	}
	if err == nil {
		err = noLink(root, rejectedDir)
	}
	if err != nil {
		return nil, Marker{}, errors.Join(err, root.Close())
	}
	dir, err := root.OpenDir(name)
	if err != nil {
		return nil, Marker{}, errors.Join(err, root.Close())
	}
	return &side{name: name, root: root, dir: dir}, marker, nil
}

// noLink refuses a side in which something has the place of a directory; a missing one is none's.
func noLink(root *durable.Dir, name string) error {
	dir, err := root.OpenDir(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return dir.Close()
}

func (s *side) closeAll() error { return errors.Join(s.dir.Close(), s.root.Close()) }

// moved says whether the path now leads elsewhere than to the directories held open: removed and made again, mounted
// over, unmounted.
func (s *side) moved() bool {
	root, err := durable.Open(s.root.Path())
	if err != nil {
		return true
	}
	defer root.Close()
	dir, err := root.OpenDir(s.name)
	if err != nil {
		return true
	}
	defer dir.Close()
	return !sameDir(root, s.root) || !sameDir(dir, s.dir)
}

func sameDir(a, b *durable.Dir) bool {
	one, err := a.Stat(".")
	other, otherErr := b.Stat(".")
	return err == nil && otherErr == nil && one.Dev == other.Dev && one.Ino == other.Ino
}

// open opens a team's directory; "" is the side itself. It is opened for each use and given back by close after it:
// a descriptor that is kept goes deaf when the directory is removed and made again, and each one that is kept is one
// that a neighbour's next sub-directory can exhaust.
func (s *side) open(team string) (*durable.Dir, error) {
	if team == "" {
		return s.dir, nil
	}
	if !legalTeam(team) {
		return nil, fmt.Errorf("sub-directory %+q: %w", team, fs.ErrInvalid)
	}
	return s.dir.OpenDir(team)
}

func (s *side) close(dir *durable.Dir) {
	if dir != s.dir {
		dir.Close() // only ever read from, or synced before
	}
}

// noDirectory says that a directory's name leads to something else, or to nothing.
func noDirectory(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || foreign(err)
}

// foreign says that something else lies in a directory's place.
func foreign(err error) bool {
	return errors.Is(err, durable.ErrLink) || errors.Is(err, unix.ENOTDIR)
}
