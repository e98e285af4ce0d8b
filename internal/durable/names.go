package durable

import (
	"bytes"
	"encoding/binary"
	"io/fs"
	"iter"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Name is one name in a directory, with the type the directory keeps beside it; fs.ModeIrregular where it keeps none.
type Name struct {
	Name string
	Type fs.FileMode
}

// How much of a directory is read at a time: about 500 names, and about 60 where many are read beside each other.
const (
	namesBuffer = 32 << 10
	walkBuffer  = 4 << 10
)

// Names reads the directory in its own order, a buffer at a time, without looking at any file: a million names cost
// no more memory than one buffer. Names made or removed meanwhile may or may not be seen.
func (d *Dir) Names() iter.Seq2[Name, error] {
	return func(yield func(Name, error) bool) {
		// A descriptor of its own: its position is not shared with another walk of the same directory.
		fd, err := d.sys.Open(d.fd, ".", unix.O_RDONLY|unix.O_DIRECTORY, 0)
		if err != nil {
			yield(Name{}, d.fail("open", ".", err))
			return
		}
		defer d.sys.Close(fd)
		d.readNames(fd, make([]byte, namesBuffer), yield)
	}
}

// Walk is Names through d's own descriptor, once: for a directory that was opened to be listed.
func (d *Dir) Walk() iter.Seq2[Name, error] {
	return func(yield func(Name, error) bool) { d.readNames(d.fd, make([]byte, walkBuffer), yield) }
}

func (d *Dir) readNames(fd int, buffer []byte, yield func(Name, error) bool) {
	for {
		n, err := d.sys.ReadNames(fd, buffer)
		if err != nil {
			yield(Name{}, d.fail("readdir", ".", err))
			return
		}
		if n == 0 {
			return
		}
		for name := range parseNames(buffer[:n]) {
			if !yield(name, nil) {
				return
			}
		}
	}
}

// parseNames walks the kernel's linux_dirent64 records: ino, off, reclen, type, name.
func parseNames(records []byte) iter.Seq[Name] {
	const (
		lengthAt = int(unsafe.Offsetof(unix.Dirent{}.Reclen))
		typeAt   = int(unsafe.Offsetof(unix.Dirent{}.Type))
		nameAt   = int(unsafe.Offsetof(unix.Dirent{}.Name))
	)
	return func(yield func(Name) bool) {
		for len(records) > nameAt {
			length := int(binary.NativeEndian.Uint16(records[lengthAt:]))
			if length <= nameAt || length > len(records) {
				return
			}
			record := records[:length]
			records = records[length:]
			raw, _, _ := bytes.Cut(record[nameAt:], []byte{0})
			if name := string(raw); name != "." && name != ".." {
				if !yield(Name{name, typeOf(record[typeAt])}) {
					return
				}
			}
		}
	}
}

func typeOf(t byte) fs.FileMode {
	switch t {
	case unix.DT_REG:
		return 0
	case unix.DT_DIR:
		return fs.ModeDir
	case unix.DT_LNK:
		return fs.ModeSymlink
	case unix.DT_FIFO:
		return fs.ModeNamedPipe
	case unix.DT_SOCK:
		return fs.ModeSocket
	case unix.DT_CHR, unix.DT_BLK:
		return fs.ModeDevice
	}
	return fs.ModeIrregular // some network file systems do not say
}
