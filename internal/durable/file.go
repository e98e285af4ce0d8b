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
	// again through the descriptor, and O_NONBLOCK lets the open of a FIFO return at once.
	if s, err := d.sys.Stat(d.fd, name); err == nil && !s.Regular() && !s.Link() {
		return nil, s, d.fail("open", name, ErrNotRegular)
	}
	fd, err := d.sys.Open(d.fd, name, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
	switch err {
	case nil:
	case unix.ELOOP, unix.EMLINK: // Linux, FreeBSD
		return nil, Stat{}, d.fail("open", name, ErrLink)
	case unix.ENXIO: // a socket, or a FIFO without a writer
		return nil, Stat{}, d.fail("open", name, ErrNotRegular)
	default:
		return nil, Stat{}, d.fail("open", name, err)
	}
	defer d.sys.Close(fd)
	s, err := d.sys.Fstat(fd)
	switch {
	case err != nil:
		return nil, Stat{}, d.fail("stat", name, err)
	case !s.Regular():
		return nil, s, d.fail("open", name, ErrNotRegular)
	case s.Size > int64(limit):
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
		if n == 0 {
			break
		}
		buffer = buffer[:len(buffer)+n]
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

// write makes a new file of exactly this mode and leaves it unsynced and open to nobody's eyes but ours.
func (d *Dir) write(name string, data []byte, mode fs.FileMode, sync bool) error {
	fd, err := d.sys.Open(d.fd, name, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return d.fail("create", name, err)
	}
	err = d.fill(fd, data, mode, sync)
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

func (d *Dir) fill(fd int, data []byte, mode fs.FileMode, sync bool) error {
	if err := d.sys.Chmod(fd, modeBits(mode)); err != nil && !modeless(err) {
		return err
	}
	for len(data) > 0 {
		n, err := d.sys.Write(fd, data)
		if err != nil {
			return err
		}
		data = data[n:]
	}
	if !sync {
		return nil
	}
	// Without it a power cut after the rename could leave a name with an empty file.
	return d.sys.Fsync(fd)
}

// Create makes a file exclusively: whole, durable and under its name, or not at all. fs.ErrExist says the name is taken.
func (d *Dir) Create(name string, data []byte, mode fs.FileMode) error {
	return d.put(name, data, mode, d.RenameNew)
}

// Replace makes a file whole and durable in place of whatever had its name: readers see the old one or the new one.
func (d *Dir) Replace(name string, data []byte, mode fs.FileMode) error {
	return d.put(name, data, mode, d.Rename)
}

// put is the order every visible file comes about in: temporary, write, fsync, rename, fsync of the directory.
func (d *Dir) put(name string, data []byte, mode fs.FileMode, rename func(string, *Dir, string) error) error {
	t := temporary()
	if err := d.write(t, data, mode, true); err != nil {
		return err
	}
	if err := rename(t, d, name); err != nil {
		d.sys.Unlink(d.fd, t)
		return err
	}
	// Without it a power cut could take the name back after others were told that it is there.
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
