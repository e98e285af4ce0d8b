package durable

import "golang.org/x/sys/unix"

func (Kernel) Syncfs(fd int) error { return again(func() error { return unix.Syncfs(fd) }) }

func (Kernel) RenameNew(oldDir int, old string, newDir int, name string) error {
	return again(func() error { return unix.Renameat2(oldDir, old, newDir, name, unix.RENAME_NOREPLACE) })
}

func (Kernel) ReadNames(fd int, buffer []byte) (int, error) {
	return repeat(func() (int, error) { return unix.ReadDirent(fd, buffer) })
}

func statOf(s *unix.Stat_t) Stat {
	return Stat{
		Dev: s.Dev, Ino: s.Ino, Size: s.Size, Mode: fileMode(s.Mode), Owner: s.Uid,
		Modified: moment(s.Mtim), Changed: moment(s.Ctim),
	}
}
