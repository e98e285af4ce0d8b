package durable

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// ErrLocked says that another process holds the lock.
var ErrLocked = errors.New("another process holds it")

// Lock is a held lock. It guards nothing by itself: whoever takes it agrees to be the only one doing so. The kernel
// drops it when the process ends, however it ends. Only for local directories: network file systems lie about locks.
type Lock struct {
	dir *Dir
	fd  int
}

// Lock takes the lock file name in d, at once or not at all. The error names the holder as it wrote itself down.
func (d *Dir) Lock(name string) (*Lock, error) {
	fd, err := unix.Openat(d.fd, name, unix.O_RDWR|unix.O_CREAT|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return nil, d.fail("open", name, err)
	}
	if err := again(func() error { return unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB) }); err != nil {
		holder := make([]byte, 200)
		n, _ := unix.Pread(fd, holder, 0)
		unix.Close(fd)
		if err == unix.EWOULDBLOCK {
			return nil,
				d.fail("lock", name, fmt.Errorf("%w (%s)", ErrLocked, strings.TrimSpace(string(holder[:max(n, 0)]))))
		}
		return nil, d.fail("lock", name, err)
	}
	host, _ := os.Hostname()
	// Only for the message above; the lock holds without it, so its errors do not matter.
	unix.Ftruncate(fd, 0)
	unix.Pwrite(fd, fmt.Appendf(nil, "process %d on %s\n", os.Getpid(), host), 0)
	return &Lock{d, fd}, nil
}

// Release lets go of the lock. The file stays: removing it would let two holders in.
func (l *Lock) Release() error { return unix.Close(l.fd) }

// Exclusively does something while nobody else who asks for the same does so in d: no other process, and no other
// goroutine. It waits for its turn.
func (d *Dir) Exclusively(do func() error) error {
	fd, err := unix.Openat(d.fd, ".", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return d.fail("open", ".", err)
	}
	defer unix.Close(fd)
	if err := again(func() error { return unix.Flock(fd, unix.LOCK_EX) }); err != nil {
		return d.fail("lock", ".", err)
	}
	return do()
}
