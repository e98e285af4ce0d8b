package inbox

import (
	"bytes"
	"errors"
	"io/fs"

	"golang.org/x/sys/unix"

	"ca-exchange/internal/durable"
	"ca-exchange/internal/refusal"
)

// Limit is the most an entry or an answer may hold, in bytes.
const Limit = refusal.MaxEntry

// State is what a file was found to be.
type State int

const (
	Complete   State = iota // its bytes are all there, whatever they are
	Incomplete              // an entry without END line: somebody may still be writing
	Gone                    // taken away since it was listed
	Ignored                 // a FIFO, a device, a socket, a directory
	Link                    // a symbolic link
	TooLarge                // over its limit
	Unreadable              // nobody lets us read it
)

// Content is a file as it was read, once.
type Content struct {
	State State
	Bytes []byte // nil unless Complete or Incomplete
	Stat  durable.Stat
	Err   error // why Unreadable
}

// Unread is why a file could not be read, in words; nil for one that was.
func (c Content) Unread() error {
	switch c.State {
	case Complete, Incomplete:
		return nil
	case Gone:
		return fs.ErrNotExist
	case Ignored:
		return durable.ErrNotRegular
	case Link:
		return durable.ErrLink
	case TooLarge:
		return durable.ErrTooLarge
	}
	return c.Err
}

// Read reads an entry. Whatever is wrong, also with its directory, is this entry's State: others are read all the same.
func (x *Exchange) Read(e Entry) Content {
	dir, err := x.in.open(e.Team)
	if err != nil {
		if noDirectory(err) { // removed since it was listed
			return Content{State: Gone}
		}
		return unread(err)
	}
	defer x.in.close(dir)
	read := dir.Read
	if e.regular {
		read = dir.ReadListed
	}
	c := content(read(e.File, Limit))
	if c.State == Complete && !complete(c.Bytes) {
		c.State = Incomplete
	}
	return c
}

// Stat looks at an entry without reading it: one system call. Links are not followed.
func (x *Exchange) Stat(e Entry) (durable.Stat, error) {
	dir, err := x.in.open(e.Team)
	if err != nil {
		return durable.Stat{}, err
	}
	defer x.in.close(dir)
	return dir.Stat(e.File)
}

func content(b []byte, s durable.Stat, err error) Content {
	if err != nil {
		c := unread(err)
		c.Stat = s
		return c
	}
	return Content{State: Complete, Bytes: b, Stat: s}
}

// unread is a file that could not be read.
func unread(err error) Content {
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, unix.ESTALE):
		return Content{State: Gone}
	case errors.Is(err, durable.ErrLink):
		return Content{State: Link}
	case errors.Is(err, durable.ErrNotRegular):
		return Content{State: Ignored}
	case errors.Is(err, durable.ErrTooLarge):
		return Content{State: TooLarge}
	}
	return Content{State: Unreadable, Err: err} // no permission, EIO, a lease of Samba's
}

var begin, end = []byte("-----BEGIN "), []byte("-----END ")

// complete says that nobody is still writing this file, as far as bytes show: text whose last BEGIN has an END line
// after it, DER of the length that it begins with, or bytes that are neither. An empty file, text without END, or DER
// that is shorter is what a copy under way looks like.
func complete(b []byte) bool {
	if len(b) > 1 && b[0] == 0x30 && b[1] > 0x80 && b[1] <= 0x83 {
		return completeDER(b)
	}
	if bytes.IndexByte(b, 0) >= 0 {
		return true
	}
	last := bytes.LastIndex(b, end)
	if last < 0 || last < bytes.LastIndex(b, begin) {
		return false
	}
	return bytes.Contains(b[last+len(end):], []byte("-----"))
}

// completeDER compares the size with the length in the first octets. What would be over Limit is not a request that is
// still being copied.
func completeDER(b []byte) bool {
	size := 2 + int(b[1]&0x7f)
	if len(b) < size {
		return false
	}
	length := 0
	for _, octet := range b[2:size] {
		length = length<<8 | int(octet)
	}
	return len(b) >= size+length || size+length > Limit
}
