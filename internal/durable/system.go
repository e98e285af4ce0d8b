package durable

import (
	"io/fs"
	"time"

	"golang.org/x/sys/unix"
)

// AtWorkingDirectory as a directory descriptor means the process's own.
const AtWorkingDirectory = unix.AT_FDCWD

// System is the few system calls that everything here is made of. Kernel is the real one; a test puts another in
// its place to fail the n-th call or to forget what was not synced. Errors are bare errnos.
type System interface {
	Open(dir int, name string, flags int, mode uint32) (int, error)
	Close(fd int) error
	Read(fd int, p []byte) (int, error)
	Write(fd int, p []byte) (int, error)
	Fsync(fd int) error
	Syncfs(fd int) error
	Chmod(fd int, mode uint32) error
	Chown(fd, uid, gid int) error
	Fstat(fd int) (Stat, error)
	Stat(dir int, name string) (Stat, error)
	FileSystem(fd int) (int64, error)
	Mkdir(dir int, name string, mode uint32) error
	Rename(oldDir int, old string, newDir int, name string) error
	RenameNew(oldDir int, old string, newDir int, name string) error
	Link(oldDir int, old string, newDir int, name string) error
	Symlink(target string, dir int, name string) error
	Readlink(dir int, name string) (string, error)
	Unlink(dir int, name string) error
	Rmdir(dir int, name string) error
	ReadNames(fd int, buffer []byte) (int, error)
}

// Kernel makes the system calls, repeating those that a signal interrupted.
type Kernel struct{}

func repeat[T any](call func() (T, error)) (T, error) {
	for {
		if v, err := call(); err != unix.EINTR {
			return v, err
		}
	}
}

func again(call func() error) error {
	_, err := repeat(func() (struct{}, error) { return struct{}{}, call() })
	return err
}

func (Kernel) Open(dir int, name string, flags int, mode uint32) (int, error) {
	return repeat(func() (int, error) { return unix.Openat(dir, name, flags|unix.O_CLOEXEC, mode) })
}
func (Kernel) Close(fd int) error { return unix.Close(fd) }
func (Kernel) Read(fd int, p []byte) (int, error) {
	return repeat(func() (int, error) { return unix.Read(fd, p) })
}
func (Kernel) Write(fd int, p []byte) (int, error) {
	return repeat(func() (int, error) { return unix.Write(fd, p) })
}
func (Kernel) Fsync(fd int) error              { return again(func() error { return unix.Fsync(fd) }) }
func (Kernel) Chmod(fd int, mode uint32) error { return unix.Fchmod(fd, mode) }
func (Kernel) Chown(fd, uid, gid int) error    { return unix.Fchown(fd, uid, gid) }
func (Kernel) Mkdir(dir int, name string, mode uint32) error {
	return again(func() error { return unix.Mkdirat(dir, name, mode) })
}
func (Kernel) Rename(oldDir int, old string, newDir int, name string) error {
	return again(func() error { return unix.Renameat(oldDir, old, newDir, name) })
}
func (Kernel) Link(oldDir int, old string, newDir int, name string) error {
	return again(func() error { return unix.Linkat(oldDir, old, newDir, name, 0) })
}
func (Kernel) Symlink(target string, dir int, name string) error {
	return again(func() error { return unix.Symlinkat(target, dir, name) })
}
func (Kernel) Readlink(dir int, name string) (string, error) {
	buffer := make([]byte, unix.PathMax)
	n, err := repeat(func() (int, error) { return unix.Readlinkat(dir, name, buffer) })
	return string(buffer[:max(n, 0)]), err
}
func (Kernel) Unlink(dir int, name string) error {
	return again(func() error { return unix.Unlinkat(dir, name, 0) })
}
func (Kernel) Rmdir(dir int, name string) error {
	return again(func() error { return unix.Unlinkat(dir, name, unix.AT_REMOVEDIR) })
}

func (Kernel) Stat(dir int, name string) (Stat, error) {
	var s unix.Stat_t
	err := again(func() error { return unix.Fstatat(dir, name, &s, unix.AT_SYMLINK_NOFOLLOW) })
	return statOf(&s), err
}

func (Kernel) Fstat(fd int) (Stat, error) {
	var s unix.Stat_t
	err := again(func() error { return unix.Fstat(fd, &s) })
	return statOf(&s), err
}

func (Kernel) FileSystem(fd int) (int64, error) {
	var s unix.Statfs_t
	err := again(func() error { return unix.Fstatfs(fd, &s) })
	return int64(uint32(s.Type)), err // 32 bits everywhere; some kernels extend the sign
}

// fileMode turns the kernel's type and permission bits into Go's.
func fileMode(bits uint32) fs.FileMode {
	mode := fs.FileMode(bits & 0o777)
	if bits&unix.S_ISVTX != 0 {
		mode |= fs.ModeSticky
	}
	if bits&unix.S_ISGID != 0 {
		mode |= fs.ModeSetgid
	}
	if bits&unix.S_ISUID != 0 {
		mode |= fs.ModeSetuid
	}
	switch bits & unix.S_IFMT {
	case unix.S_IFREG:
		return mode
	case unix.S_IFDIR:
		return mode | fs.ModeDir
	case unix.S_IFLNK:
		return mode | fs.ModeSymlink
	case unix.S_IFIFO:
		return mode | fs.ModeNamedPipe
	case unix.S_IFSOCK:
		return mode | fs.ModeSocket
	}
	return mode | fs.ModeDevice
}

func moment(t unix.Timespec) time.Time { return time.Unix(t.Unix()) }
