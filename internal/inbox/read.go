package inbox

import (
	"bytes"
	"errors"
	"io/fs"

	"golang.org/x/sys/unix"

	"ca-exchange/internal/durable"
)

// State is what an entry was found to be.
type State int

const (
	Complete   State = iota // its bytes are all there, whatever they are
	Incomplete              // no END line yet: somebody may still be writing
	Gone                    // taken away since it was listed
	Ignored                 // a FIFO, a device, a socket, a directory
	Link                    // a symbolic link
	TooLarge                // over Limit
	Unreadable              // nobody lets us read it
)

// Content is an entry as it was read, once.
type Content struct {
	State State
	Bytes []byte // nil unless Complete or Incomplete
	Stat  durable.Stat
	Err   error // why Unreadable
}

// Read reads an entry. The error is one of the directory; what is wrong with the entry itself is its State.
func (x *Exchange) Read(e Entry) (Content, error) {
	dir, err := x.side(inboxDir, e.Team, false)
	if err != nil {
		return Content{}, err
	}
	return read(dir, e.File)
}

func read(dir *durable.Dir, file string) (Content, error) {
	b, stat, err := dir.Read(file, Limit)
	c := Content{Bytes: b, Stat: stat}
	switch {
	case err == nil && complete(b):
		c.State = Complete
	case err == nil:
		c.State = Incomplete
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, unix.ESTALE):
		c.State = Gone
	case errors.Is(err, durable.ErrLink):
		c.State = Link
	case errors.Is(err, durable.ErrNotRegular):
		c.State = Ignored
	case errors.Is(err, durable.ErrTooLarge):
		c.State = TooLarge
	default: // one entry's trouble is not the others': no permission, EIO, a lease of Samba's
		c.State, c.Err = Unreadable, err
	}
	return c, nil
}

var begin, end = []byte("-----BEGIN "), []byte("-----END ")

// complete says that nobody is still writing this file, as far as bytes can tell: text whose last BEGIN has an END
// line after it, or bytes that are no text, which can't be half of a PEM file. An empty file, or text without END,
// is what a copy under way looks like.
func complete(b []byte) bool {
	if bytes.IndexByte(b, 0) >= 0 || bytes.HasPrefix(b, []byte{0x30, 0x82}) {
		return true
	}
	last := bytes.LastIndex(b, end)
	if last < 0 || last < bytes.LastIndex(b, begin) {
		return false
	}
	return bytes.Contains(b[last+len(end):], []byte("-----"))
}

func isNotDir(err error) bool { return errors.Is(err, unix.ENOTDIR) }
