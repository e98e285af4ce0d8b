package durable

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// Sentinels that callers branch on; everything else is the kernel's errno, wrapped in *fs.PathError.
var (
	ErrLink       = errors.New("is a symbolic link")
	ErrNotRegular = errors.New("is not a regular file")
	ErrTooLarge   = errors.New("is larger than allowed")
)

// Dir is an open directory. It is safe for concurrent use; Close it once.
type Dir struct {
	sys  System
	fd   int
	path string        // for messages and for the watch, never to open anything by
	made atomic.Uint64 // the last mode asked of a new file, plus 1, and below it the mode that came of it: see setMode
}

// Open opens the operator's own directory: links on the way to it are followed, as with any path they type.
func Open(path string) (*Dir, error) { return openOn(base, path) }

// base is the System under every directory that Open opens.
var base System = Kernel{}

// Swap puts another System there until back is called. Only tests may, to break it below a whole program; directories
// that are open stay on theirs.
func Swap(s System) (back func()) {
	before := base
	base = s
	return func() { base = before }
}

func openOn(sys System, path string) (*Dir, error) {
	fd, err := sys.Open(AtWorkingDirectory, path, unix.O_RDONLY|unix.O_DIRECTORY, 0)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: quoted(path), Err: err}
	}
	return &Dir{sys: sys, fd: fd, path: path}, nil
}

// MakeAll makes an operator's directory and all above it that are missing, durably. Those that it makes have this mode
// whatever the umask: with umask 077, root's on many hosts, nobody else could reach an exchange.
func MakeAll(path string, mode fs.FileMode) error {
	if s, err := os.Stat(path); err == nil && s.IsDir() {
		return nil
	}
	parent := filepath.Dir(filepath.Clean(path))
	if parent != filepath.Clean(path) {
		if err := MakeAll(parent, mode); err != nil {
			return err
		}
	}
	err := os.Mkdir(path, mode)
	if err == nil {
		if err = os.Chmod(path, mode); modeless(err) {
			err = nil
		}
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	if err := SyncDir(parent); !errors.Is(err, fs.ErrPermission) { // one that may be written but not read
		return err
	}
	return nil
}

// SyncDir makes durable what changed in a directory.
func SyncDir(path string) error {
	dir, err := Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// OpenDir opens a directory below d, never through a link: ErrLink says there is one in its place.
func (d *Dir) OpenDir(name string) (*Dir, error) {
	fd, err := d.sys.Open(d.fd, name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW, 0)
	if err == unix.ELOOP || err == unix.ENOTDIR {
		if s, statErr := d.Stat(name); statErr == nil && s.Link() {
			err = ErrLink
		}
	}
	if err != nil {
		return nil, d.fail("open", name, err)
	}
	return &Dir{sys: d.sys, fd: fd, path: filepath.Join(d.path, name)}, nil
}

// MakeDir makes a directory with exactly this mode, whatever the umask, and opens it; created is false where one
// stood already, whose mode is left alone. group is the directory's, −1 for the process's own.
func (d *Dir) MakeDir(name string, mode fs.FileMode, group int) (dir *Dir, created bool, err error) {
	dir, err = d.OpenDir(name)
	if !errors.Is(err, fs.ErrNotExist) {
		return dir, false, err
	}
	// Under a temporary name first: killed between mkdir and chmod, it would keep the wrong mode for ever.
	t := temporary()
	if err := d.sys.Mkdir(d.fd, t, 0o700); err != nil {
		return nil, false, d.fail("mkdir", name, err)
	}
	if err := d.dress(t, mode, group); err != nil {
		return nil, false, errors.Join(err, d.sys.Rmdir(d.fd, t))
	}
	if err := d.RenameNew(t, d, name); err != nil {
		d.sys.Rmdir(d.fd, t)
		if errors.Is(err, fs.ErrExist) { // somebody was faster
			dir, err = d.OpenDir(name)
			return dir, false, err
		}
		return nil, false, err
	}
	// Without this fsync a power cut could take the directory and every file made durable inside it.
	if err := d.Sync(); err != nil {
		return nil, true, err
	}
	dir, err = d.OpenDir(name)
	return dir, true, err
}

// dress gives a new directory its group and mode, by descriptor: its name might be swapped for a link meanwhile.
func (d *Dir) dress(name string, mode fs.FileMode, group int) error {
	dir, err := d.OpenDir(name)
	if err != nil {
		return err
	}
	defer dir.Close()
	if group >= 0 {
		if err := d.sys.Chown(dir.fd, -1, group); err != nil {
			return d.fail("chown", name, err)
		}
	}
	// chown clears the set-group-id bit, so the mode comes after it.
	if err := d.sys.Chmod(dir.fd, modeBits(mode)); err != nil && !modeless(err) {
		return d.fail("chmod", name, err)
	}
	return nil
}

// Path is the directory's path as it was opened: for messages.
func (d *Dir) Path() string { return d.path }

// Close gives the descriptor back.
func (d *Dir) Close() error { return d.sys.Close(d.fd) }

// Sync makes the directory's own entries durable: names made, renamed and removed in it.
func (d *Dir) Sync() error {
	// Some file systems (FUSE, SMB) know no fsync of a directory; there is nothing more to ask of them.
	if err := d.sys.Fsync(d.fd); err != nil && !unsupported(err) {
		return d.fail("fsync", ".", err)
	}
	return nil
}

// Stat is what lstat says of a name, in the parts used here.
type Stat struct {
	Dev, Ino   uint64
	Size       int64
	Mode       fs.FileMode
	Modified   time.Time
	Changed    time.Time
	Owner      uint32
	FileSystem int64 // filled by Dir.Self only
}

// Regular says whether it is an ordinary file.
func (s Stat) Regular() bool { return s.Mode.IsRegular() }

// Link says whether it is a symbolic link.
func (s Stat) Link() bool { return s.Mode&fs.ModeSymlink != 0 }

// Same says whether s and o describe the same unchanged file.
func (s Stat) Same(o Stat) bool {
	return s.Dev == o.Dev && s.Ino == o.Ino && s.Size == o.Size && s.Modified.Equal(o.Modified) &&
		s.Changed.Equal(o.Changed)
}

// Stat describes a name without following it.
func (d *Dir) Stat(name string) (Stat, error) {
	s, err := d.sys.Stat(d.fd, name)
	if err != nil {
		return Stat{}, d.fail("stat", name, err)
	}
	return s, nil
}

// Writable says why this process may not make files there, nil where it may: permissions and a read-only mount count,
// a full disk does not.
func (d *Dir) Writable() error {
	if err := unix.Faccessat(d.fd, ".", unix.W_OK|unix.X_OK, 0); err != nil {
		return d.fail("write", ".", err)
	}
	return nil
}

// Self describes the directory itself, through its descriptor.
func (d *Dir) Self() (Stat, error) {
	s, err := d.sys.Fstat(d.fd)
	if err != nil {
		return Stat{}, d.fail("stat", ".", err)
	}
	s.FileSystem, err = d.sys.FileSystem(d.fd)
	if err != nil {
		return Stat{}, d.fail("statfs", ".", err)
	}
	return s, nil
}

// Remove unlinks a file; durable only after Sync.
func (d *Dir) Remove(name string) error {
	if err := d.sys.Unlink(d.fd, name); err != nil {
		return d.fail("remove", name, err)
	}
	return nil
}

// RemoveDir removes an empty directory; durable only after Sync.
func (d *Dir) RemoveDir(name string) error {
	if err := d.sys.Rmdir(d.fd, name); err != nil {
		return d.fail("remove", name, err)
	}
	return nil
}

// Rename moves a file to another directory, replacing what is there; durable only after both are synced.
func (d *Dir) Rename(old string, to *Dir, name string) error {
	if err := d.sys.Rename(d.fd, old, to.fd, name); err != nil {
		return d.fail("rename", old, err)
	}
	return nil
}

// RenameNew moves a file and never replaces one: fs.ErrExist where the name is taken.
func (d *Dir) RenameNew(old string, to *Dir, name string) error {
	err := d.sys.RenameNew(d.fd, old, to.fd, name)
	if unsupported(err) {
		// vfat, exfat by FUSE, NFS and older kernels have no RENAME_NOREPLACE. Looking first leaves a gap in which
		// a neighbour may make the name; on such an exchange he could equally replace the file a moment later.
		switch _, statErr := d.sys.Stat(to.fd, name); statErr {
		case nil:
			err = unix.EEXIST
		case unix.ENOENT:
			err = d.sys.Rename(d.fd, old, to.fd, name)
		default: // the name may not be free
			err = statErr
		}
	}
	if err != nil {
		return d.fail("rename", old, err)
	}
	return nil
}

func (d *Dir) fail(op, name string, err error) error {
	if IsTemporary(name) {
		name = "" // random: a person knows the directory, and the same trouble must read the same the next time
	}
	return &fs.PathError{Op: op, Path: quoted(filepath.Join(d.path, name)), Err: err}
}

// quoted makes a path safe to print: on an exchange anybody chooses names, and a line feed in one would begin a line
// of its own in a log.
func quoted(path string) string { return strconv.QuoteToASCII(path) }

// unsupported says that the file system lacks the operation, as opposed to failing at it.
func unsupported(err error) bool {
	return errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EOPNOTSUPP)
}

// modeless says that the file system keeps no modes (vfat and exfat answer EPERM): the mount decides them.
func modeless(err error) bool { return unsupported(err) || errors.Is(err, unix.EPERM) }

// modeBits are the kernel's bits for a mode, the sticky and set-group-id bits among them.
func modeBits(mode fs.FileMode) uint32 {
	bits := uint32(mode.Perm())
	if mode&fs.ModeSticky != 0 {
		bits |= unix.S_ISVTX
	}
	if mode&fs.ModeSetgid != 0 {
		bits |= unix.S_ISGID
	}
	return bits
}
