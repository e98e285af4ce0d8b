package durable

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io/fs"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Read reads a whole regular file of at most limit bytes and describes what it read. It never blocks on a FIFO,
// never follows a link and never reads more than limit+1 bytes, however large the file says it is.
func (d *Dir) Read(name string, limit int) ([]byte, Stat, error) {
	// To open a device may already do something, so the name is looked at first; what it leads to by then is looked at
	// again through the descriptor.
	if s, err := d.sys.Stat(d.fd, name); err == nil && !s.Regular() && !s.Link() {
		return nil, s, d.fail("open", name, ErrNotRegular)
	}
	return d.ReadListed(name, limit)
}

// ReadListed is Read for a name that Names showed to be an ordinary file: one look less. What has its place by now is
// refused as Read refuses it; only a device, which no neighbour can make, would be opened first.
func (d *Dir) ReadListed(name string, limit int) ([]byte, Stat, error) {
	fd, s, err := d.openRegular(name)
	if err != nil {
		return nil, s, err
	}
	defer d.sys.Close(fd)
	if s.Size > int64(limit) {
		return nil, s, d.fail("read", name, ErrTooLarge)
	}
	data, err := d.readAll(fd, int(s.Size), limit)
	if err == nil && len(data) > limit {
		err = ErrTooLarge
	}
	if err != nil {
		return nil, s, d.fail("read", name, err)
	}
	return data, s, nil
}

// Peek reads the first limit bytes of a regular file of any size, and describes it.
func (d *Dir) Peek(name string, limit int) ([]byte, Stat, error) {
	if s, err := d.sys.Stat(d.fd, name); err == nil && !s.Regular() && !s.Link() {
		return nil, s, d.fail("open", name, ErrNotRegular)
	}
	fd, s, err := d.openRegular(name)
	if err != nil {
		return nil, s, err
	}
	defer d.sys.Close(fd)
	data, err := d.readAll(fd, int(min(s.Size, int64(limit))), limit)
	if err != nil {
		return nil, s, d.fail("read", name, err)
	}
	return data[:min(len(data), limit)], s, nil
}

// openRegular opens a file to read it: O_NONBLOCK lets the open of a FIFO return at once.
func (d *Dir) openRegular(name string) (fd int, s Stat, err error) {
	fd, err = d.sys.Open(d.fd, name, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
	switch err {
	case nil:
	case unix.ELOOP, unix.EMLINK: // Linux, FreeBSD
		return -1, s, d.fail("open", name, ErrLink)
	case unix.ENXIO: // a socket, or a FIFO without a writer
		return -1, s, d.fail("open", name, ErrNotRegular)
	default:
		return -1, s, d.fail("open", name, err)
	}
	s, err = d.sys.Fstat(fd)
	switch {
	case err != nil:
		err = d.fail("stat", name, err)
	case !s.Regular():
		err = d.fail("open", name, ErrNotRegular)
	default:
		return fd, s, nil
	}
	d.sys.Close(fd)
	return -1, s, err
}

// Holds says whether a name is a file of exactly these bytes, without a look at anything else of it.
func (d *Dir) Holds(name string, want []byte) (bool, error) {
	fd, err := d.sys.Open(d.fd, name, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
	if err != nil {
		return false, d.fail("open", name, err)
	}
	defer d.sys.Close(fd)
	have, err := d.readAll(fd, len(want), len(want))
	if err != nil {
		return false, d.fail("read", name, err)
	}
	return bytes.Equal(have, want), nil
}

// readAll reads up to limit+1 bytes; expect is what stat said, only a hint: the file may grow meanwhile.
func (d *Dir) readAll(fd, expect, limit int) ([]byte, error) {
	buffer := make([]byte, 0, min(expect, limit)+1)
	for len(buffer) <= limit {
		if len(buffer) == cap(buffer) {
			buffer = append(buffer, 0)[:len(buffer)]
		}
		n, err := d.sys.Read(fd, buffer[len(buffer):min(cap(buffer), limit+1)])
		if err != nil {
			return nil, err
		}
		whole := len(buffer) == 0 && n == expect
		buffer = buffer[:len(buffer)+n]
		// One byte more than expected was asked for: a first read that ends where it should has seen the end.
		if n == 0 || whole {
			break
		}
	}
	return buffer, nil
}

// temporary names a file nobody looks at yet; a crash leaves it for Sweep.
func temporary() string { return temporaryPrefix + strings.ToLower(rand.Text()) + temporarySuffix }

const temporaryPrefix, temporarySuffix = ".ca-exchange-", ".tmp"

// IsTemporary says whether a name is one of ours that no reader should look at.
func IsTemporary(name string) bool {
	return strings.HasPrefix(name, temporaryPrefix) && strings.HasSuffix(name, temporarySuffix)
}

// create makes a new file of exactly this mode; finish is what is asked of it before it is closed.
func (d *Dir) create(name string, data []byte, mode fs.FileMode, finish func(fd int) error) error {
	fd, err := d.sys.Open(d.fd, name, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_NOFOLLOW, modeBits(mode))
	if err != nil {
		return d.fail("create", name, err)
	}
	if err = d.setMode(fd, mode); err == nil {
		err = d.fill(fd, data)
	}
	if err == nil {
		err = finish(fd)
	}
	// A close may report what a write could not: NFS and quotas.
	if closeErr := d.sys.Close(fd); err == nil {
		err = closeErr
	}
	if err != nil {
		d.sys.Unlink(d.fd, name) // best effort: Sweep finds it otherwise
		return d.fail("write", name, err)
	}
	return nil
}

// unsynced leaves a file to a later sync of all.
func unsynced(int) error { return nil }

// setMode corrects what the umask, or a default ACL of the directory, took from a new file's mode. Either takes the
// same from every file, so the first one of a mode speaks for those after it: a call less for each of them.
func (d *Dir) setMode(fd int, mode fs.FileMode) error {
	want := modeBits(mode)
	asked, got := d.mode(want)
	if !asked {
		s, err := d.sys.Fstat(fd)
		if err != nil {
			return err
		}
		got = modeBits(s.Mode)
		d.made.Store(uint64(want+1)<<32 | uint64(got))
	}
	if got == want {
		return nil
	}
	if err := d.sys.Chmod(fd, want); err != nil && !modeless(err) {
		return err
	}
	return nil
}

// mode says what became of the last new mode that was looked at, if it was this one.
func (d *Dir) mode(want uint32) (asked bool, got uint32) {
	made := d.made.Load()
	return made>>32 == uint64(want+1), uint32(made)
}

func (d *Dir) fill(fd int, data []byte) error {
	for len(data) > 0 {
		n, err := d.sys.Write(fd, data)
		if err != nil {
			return err
		}
		data = data[n:]
	}
	return nil
}

// Create makes a file exclusively: whole, durable and under its name, or not at all. fs.ErrExist: the name is taken.
func (d *Dir) Create(name string, data []byte, mode fs.FileMode) error {
	return d.put(name, data, mode, d.RenameNew)
}

// Replace makes a file whole and durable in place of whatever had its name: readers see the old one or the new one.
func (d *Dir) Replace(name string, data []byte, mode fs.FileMode) error {
	return d.put(name, data, mode, d.Rename)
}

// ReplaceChecked is Replace of a file that nobody could make again: it is read back, and gets the name only if check
// accepts it.
func (d *Dir) ReplaceChecked(name string, data []byte, mode fs.FileMode, check func([]byte) error) error {
	return d.put(name, data, mode, func(t string, to *Dir, name string) error {
		written, _, err := d.Read(t, len(data))
		if err == nil {
			err = check(written)
		}
		if err != nil {
			return err
		}
		return d.Rename(t, to, name)
	})
}

// put is the order in which every visible file is made: temporary, write, fsync, rename, fsync of the directory.
func (d *Dir) put(name string, data []byte, mode fs.FileMode, rename func(string, *Dir, string) error) error {
	t := temporary()
	// Without this fsync a power cut after the rename could leave a name with an empty file.
	if err := d.create(t, data, mode, d.sys.Fsync); err != nil {
		return err
	}
	if err := rename(t, d, name); err != nil {
		d.sys.Unlink(d.fd, t)
		return err
	}
	// Without this one a power cut could take the name back after others saw it.
	return d.Sync()
}

// SyncFile makes a file durable that another process may have written and died before it synced it, and its name.
func (d *Dir) SyncFile(name string) error {
	fd, err := d.sys.Open(d.fd, name, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if err != nil {
		return d.fail("open", name, err)
	}
	defer d.sys.Close(fd)
	if err := d.sys.Fsync(fd); err != nil && !unsupported(err) {
		return d.fail("fsync", name, err)
	}
	return d.Sync()
}

// Ensure makes a file hold these bytes: nothing is written when it does already. Either way they are durable then.
func (d *Dir) Ensure(name string, data []byte, mode fs.FileMode) (changed bool, err error) {
	have, _, err := d.Read(name, len(data))
	if err == nil && bytes.Equal(have, data) {
		// Somebody may have been killed between the rename and the fsync of the directory.
		return false, d.SyncFile(name)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, ErrTooLarge) && !errors.Is(err, ErrLink) {
		return false, err
	}
	return true, d.Replace(name, data, mode)
}

// Sweep removes our own temporaries older than age: what a killed process left.
func (d *Dir) Sweep(now time.Time, age time.Duration) error {
	var errs []error
	for name, err := range d.Names() {
		if err != nil {
			return err
		}
		if !IsTemporary(name.Name) {
			continue
		}
		switch s, err := d.Stat(name.Name); {
		case err != nil || now.Sub(s.Changed) <= age:
		case s.Regular():
			errs = append(errs, d.Remove(name.Name))
		case s.Mode.IsDir(): // of MakeDir, empty; rmdir touches no other
			d.sys.Rmdir(d.fd, name.Name)
		}
	}
	return errors.Join(errs...)
}
