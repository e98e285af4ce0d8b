// Package durabletest has Systems for tests to put below package durable: Failing, on which the n-th call fails, and
// Crashing, on which the machine loses power at the n-th change.
package durabletest

import (
	"sync"

	"golang.org/x/sys/unix"

	"ca-exchange/internal/durable"
)

// Failing is a System whose n-th call fails.
type Failing struct {
	durable.System
	At      int        // which call fails, counted from 1; 0: none
	Err     unix.Errno // with what
	Late    bool       // after it was carried out: a server's answer was lost, a write went half through
	Changes bool       // only calls that may change something are counted
	After   func()     // called after every call that may have changed something; nil for nothing

	mu    sync.Mutex
	count int
}

// Failed says whether the n-th call has come.
func (f *Failing) Failed() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.At > 0 && f.count >= f.At
}

// Calls is how many calls were made.
func (f *Failing) Calls() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.count
}

// call carries out one call, or fails it.
func (f *Failing) call(change bool, do func() error) error {
	if f.Changes && !change {
		return do()
	}
	f.mu.Lock()
	f.count++
	hit := f.count == f.At
	f.mu.Unlock()
	if change && f.After != nil {
		defer f.After()
	}
	if !hit {
		return do()
	}
	if f.Late {
		do()
	}
	return f.Err
}

func (f *Failing) Open(dir int, name string, flags int, mode uint32) (int, error) {
	fd := -1
	err := f.call(flags&unix.O_CREAT != 0, func() (err error) {
		fd, err = f.System.Open(dir, name, flags, mode)
		return err
	})
	if err != nil && fd >= 0 {
		f.System.Close(fd)
		fd = -1
	}
	return fd, err
}

// Close closes in any case, as Linux does, whatever it says.
func (f *Failing) Close(fd int) error {
	err := f.System.Close(fd)
	return f.call(false, func() error { return err })
}

func (f *Failing) Read(fd int, p []byte) (n int, err error) {
	err = f.call(false, func() error { n, err = f.System.Read(fd, p); return err })
	return n, err
}

// Write that fails late has written the first half.
func (f *Failing) Write(fd int, p []byte) (n int, err error) {
	half := p
	if f.Late {
		f.mu.Lock()
		if f.count+1 == f.At {
			half = p[:len(p)/2]
		}
		f.mu.Unlock()
	}
	err = f.call(true, func() error { n, err = f.System.Write(fd, half); return err })
	return n, err
}

func (f *Failing) Fsync(fd int) error {
	return f.call(true, func() error { return f.System.Fsync(fd) })
}

func (f *Failing) Syncfs(fd int) error {
	return f.call(true, func() error { return f.System.Syncfs(fd) })
}

func (f *Failing) Chmod(fd int, mode uint32) error {
	return f.call(true, func() error { return f.System.Chmod(fd, mode) })
}

func (f *Failing) Chown(fd, uid, gid int) error {
	return f.call(true, func() error { return f.System.Chown(fd, uid, gid) })
}

func (f *Failing) Fstat(fd int) (s durable.Stat, err error) {
	err = f.call(false, func() error { s, err = f.System.Fstat(fd); return err })
	return s, err
}

func (f *Failing) Stat(dir int, name string) (s durable.Stat, err error) {
	err = f.call(false, func() error { s, err = f.System.Stat(dir, name); return err })
	return s, err
}

func (f *Failing) FileSystem(fd int) (kind int64, err error) {
	err = f.call(false, func() error { kind, err = f.System.FileSystem(fd); return err })
	return kind, err
}

func (f *Failing) Mkdir(dir int, name string, mode uint32) error {
	return f.call(true, func() error { return f.System.Mkdir(dir, name, mode) })
}

func (f *Failing) Rename(oldDir int, old string, newDir int, name string) error {
	return f.call(true, func() error { return f.System.Rename(oldDir, old, newDir, name) })
}

func (f *Failing) RenameNew(oldDir int, old string, newDir int, name string) error {
	return f.call(true, func() error { return f.System.RenameNew(oldDir, old, newDir, name) })
}

func (f *Failing) Link(oldDir int, old string, newDir int, name string) error {
	return f.call(true, func() error { return f.System.Link(oldDir, old, newDir, name) })
}

func (f *Failing) Symlink(target string, dir int, name string) error {
	return f.call(true, func() error { return f.System.Symlink(target, dir, name) })
}

func (f *Failing) Readlink(dir int, name string) (target string, err error) {
	err = f.call(false, func() error { target, err = f.System.Readlink(dir, name); return err })
	return target, err
}

func (f *Failing) Unlink(dir int, name string) error {
	return f.call(true, func() error { return f.System.Unlink(dir, name) })
}

func (f *Failing) Rmdir(dir int, name string) error {
	return f.call(true, func() error { return f.System.Rmdir(dir, name) })
}

func (f *Failing) ReadNames(fd int, buffer []byte) (n int, err error) {
	err = f.call(false, func() error { n, err = f.System.ReadNames(fd, buffer); return err })
	return n, err
}
