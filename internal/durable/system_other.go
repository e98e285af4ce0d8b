//go:build unix && !linux

package durable

import "golang.org/x/sys/unix"

// Syncfs is Linux's alone: callers fall back to one fsync a file.
func (Kernel) Syncfs(int) error { return unix.ENOSYS }

// RenameNew has no portable system call: callers fall back to looking first.
func (Kernel) RenameNew(int, string, int, string) error { return unix.ENOSYS }

func (Kernel) ReadNames(fd int, buffer []byte) (int, error) {
	return repeat(func() (int, error) { return unix.ReadDirent(fd, buffer) })
}

func statOf(s *unix.Stat_t) Stat {
	return Stat{
		Dev: uint64(s.Dev), Ino: s.Ino, Size: s.Size, Mode: fileMode(uint32(s.Mode)), Owner: s.Uid,
		Modified: moment(s.Mtim), Changed: moment(s.Ctim),
	}
}
