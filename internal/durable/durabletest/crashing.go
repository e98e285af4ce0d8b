package durabletest

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"golang.org/x/sys/unix"

	"ca-exchange/internal/durable"
)

// ErrCrashed is what every call says after the power went.
var ErrCrashed = errors.New("the machine lost power")

// Loss is what a power cut takes of that which was not synced.
type Loss int

const (
	Nothing  Loss = iota // the kernel had written it all: as after SIGKILL
	Contents             // names stay, files that were not synced are empty: delayed allocation
	All                  // every change of a directory that was not synced is undone, too
)

// Crashing is a System, on a real directory, that stops at its n-th change. PowerCut then takes back what a power cut
// may: contents not followed by an fsync of their file, and changes of a directory not followed by one of a directory
// they touch. Real file systems keep more, in one order or another; what survives this survives them.
type Crashing struct {
	durable.System
	At int // at which change the power goes, counted from 1; 0: never

	mu      sync.Mutex
	count   int
	crashed bool
	paths   map[int]string // of open descriptors
	hollow  map[string]bool
	journal []change
}

// change is one that no fsync has made durable yet.
type change struct {
	dirs []string
	undo func() error
}

// Crashed says whether the power went.
func (c *Crashing) Crashed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.crashed
}

// PowerCut takes back what was not synced, the newest first.
func (c *Crashing) PowerCut(loss Loss) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	var errs []error
	if loss >= Contents {
		for path := range c.hollow {
			if err := os.Truncate(path, 0); !errors.Is(err, os.ErrNotExist) {
				errs = append(errs, err)
			}
		}
	}
	if loss == All {
		for _, done := range slices.Backward(c.journal) {
			if err := done.undo(); err != nil && !errors.Is(err, os.ErrNotExist) && !errors.Is(err, os.ErrExist) {
				errs = append(errs, err)
			}
		}
	}
	return errors.Join(errs...)
}

// change carries out a change and notes how to take it back, or crashes instead. undo is made before, since it must
// know what is there.
func (c *Crashing) change(dirs []string, undo func() func() error, do func() error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.count++; c.count == c.At {
		c.crashed = true
	}
	if c.crashed {
		return ErrCrashed
	}
	back := undo()
	err := do()
	if err == nil && len(dirs) > 0 {
		c.journal = append(c.journal, change{dirs, back})
	}
	return err
}

// look carries out a call that changes nothing.
func (c *Crashing) look(do func() error) error {
	if c.Crashed() {
		return ErrCrashed
	}
	return do()
}

func nothing() func() error { return func() error { return nil } }

func (c *Crashing) path(dir int, name string) string {
	if dir == durable.AtWorkingDirectory {
		return name
	}
	return filepath.Join(c.paths[dir], name)
}

func (c *Crashing) Open(dir int, name string, flags int, mode uint32) (fd int, err error) {
	fd = -1
	open := func() error {
		if fd, err = c.System.Open(dir, name, flags, mode); err == nil {
			if c.paths == nil {
				c.paths, c.hollow = map[int]string{}, map[string]bool{}
			}
			c.paths[fd] = c.path(dir, name)
		}
		return err
	}
	if flags&unix.O_CREAT == 0 {
		err = c.look(func() error {
			c.mu.Lock()
			defer c.mu.Unlock()
			return open()
		})
		return fd, err
	}
	err = c.change([]string{c.locked(dir)}, func() func() error {
		path := c.path(dir, name)
		return func() error { return os.Remove(path) }
	}, func() error {
		err := open()
		if err == nil {
			c.hollow[c.paths[fd]] = true
		}
		return err
	})
	return fd, err
}

func (c *Crashing) locked(dir int) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.path(dir, "")
}

func (c *Crashing) Close(fd int) error {
	c.mu.Lock()
	delete(c.paths, fd)
	c.mu.Unlock()
	err := c.System.Close(fd)
	return c.look(func() error { return err })
}

func (c *Crashing) Read(fd int, p []byte) (n int, err error) {
	err = c.look(func() error { n, err = c.System.Read(fd, p); return err })
	return n, err
}

func (c *Crashing) Write(fd int, p []byte) (n int, err error) {
	err = c.change(nil, nothing, func() error {
		c.hollow[c.paths[fd]] = true
		n, err = c.System.Write(fd, p)
		return err
	})
	return n, err
}

// Fsync of a file makes its contents durable; of a directory, what changed in it.
func (c *Crashing) Fsync(fd int) error {
	return c.change(nil, nothing, func() error {
		path := c.paths[fd]
		delete(c.hollow, path)
		c.journal = slices.DeleteFunc(c.journal, func(done change) bool { return slices.Contains(done.dirs, path) })
		return c.System.Fsync(fd)
	})
}

func (c *Crashing) Syncfs(fd int) error {
	return c.change(nil, nothing, func() error {
		clear(c.hollow)
		c.journal = nil
		return c.System.Syncfs(fd)
	})
}

func (c *Crashing) Chmod(fd int, mode uint32) error {
	return c.change(nil, nothing, func() error { return c.System.Chmod(fd, mode) })
}

func (c *Crashing) Chown(fd, uid, gid int) error {
	return c.change(nil, nothing, func() error { return c.System.Chown(fd, uid, gid) })
}

func (c *Crashing) Fstat(fd int) (s durable.Stat, err error) {
	err = c.look(func() error { s, err = c.System.Fstat(fd); return err })
	return s, err
}

func (c *Crashing) Stat(dir int, name string) (s durable.Stat, err error) {
	err = c.look(func() error { s, err = c.System.Stat(dir, name); return err })
	return s, err
}

func (c *Crashing) FileSystem(fd int) (kind int64, err error) {
	err = c.look(func() error { kind, err = c.System.FileSystem(fd); return err })
	return kind, err
}

func (c *Crashing) ReadNames(fd int, buffer []byte) (n int, err error) {
	err = c.look(func() error { n, err = c.System.ReadNames(fd, buffer); return err })
	return n, err
}

func (c *Crashing) Mkdir(dir int, name string, mode uint32) error {
	return c.change([]string{c.locked(dir)}, func() func() error {
		path := c.path(dir, name)
		return func() error { return os.RemoveAll(path) }
	}, func() error { return c.System.Mkdir(dir, name, mode) })
}

func (c *Crashing) Rename(oldDir int, old string, newDir int, name string) error {
	return c.rename(oldDir, old, newDir, name, c.System.Rename)
}

func (c *Crashing) RenameNew(oldDir int, old string, newDir int, name string) error {
	return c.rename(oldDir, old, newDir, name, c.System.RenameNew)
}

type rename func(oldDir int, old string, newDir int, name string) error

func (c *Crashing) rename(oldDir int, old string, newDir int, name string, do rename) error {
	return c.change([]string{c.locked(oldDir), c.locked(newDir)}, func() func() error {
		from, to := c.path(oldDir, old), c.path(newDir, name)
		restore := keep(to)
		return func() error {
			if err := os.Rename(to, from); err != nil {
				return err
			}
			return restore()
		}
	}, func() error {
		err := do(oldDir, old, newDir, name)
		from, to := c.path(oldDir, old), c.path(newDir, name)
		if err == nil {
			delete(c.hollow, to)
			if c.hollow[from] {
				delete(c.hollow, from)
				c.hollow[to] = true
			}
		}
		return err
	})
}

// Link gives a file a second name, which a power cut may take again.
func (c *Crashing) Link(oldDir int, old string, newDir int, name string) error {
	return c.change([]string{c.locked(newDir)}, func() func() error {
		path := c.path(newDir, name)
		return func() error { return os.Remove(path) }
	}, func() error { return c.System.Link(oldDir, old, newDir, name) })
}

func (c *Crashing) Symlink(target string, dir int, name string) error {
	return c.change([]string{c.locked(dir)}, func() func() error {
		path := c.path(dir, name)
		return func() error { return os.Remove(path) }
	}, func() error { return c.System.Symlink(target, dir, name) })
}

func (c *Crashing) Readlink(dir int, name string) (target string, err error) {
	err = c.look(func() error { target, err = c.System.Readlink(dir, name); return err })
	return target, err
}

func (c *Crashing) Unlink(dir int, name string) error {
	return c.change([]string{c.locked(dir)}, func() func() error { return keep(c.path(dir, name)) },
		func() error { return c.System.Unlink(dir, name) })
}

func (c *Crashing) Rmdir(dir int, name string) error {
	return c.change([]string{c.locked(dir)}, func() func() error {
		path := c.path(dir, name)
		return func() error { return os.Mkdir(path, 0o700) }
	}, func() error { return c.System.Rmdir(dir, name) })
}

// keep remembers a small file, and gives the way to make it again.
func keep(path string) (restore func() error) {
	s, err := os.Lstat(path)
	if err == nil && s.Mode()&os.ModeSymlink != 0 {
		target, err := os.Readlink(path)
		return func() error { return errors.Join(err, os.Symlink(target, path)) }
	}
	if err != nil || !s.Mode().IsRegular() {
		return func() error { return nil }
	}
	content, err := os.ReadFile(path)
	return func() error {
		if err != nil {
			return err
		}
		return os.WriteFile(path, content, s.Mode().Perm())
	}
}
