package component

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"syscall"

	"ca-exchange/internal/pki"
)

// hostFileLimit bounds what is read of a file of this host, in bytes: the longest CRL, in PEM.
const hostFileLimit = 2 * pki.MaxCRLSize

// readHostFile reads a file of this host by its path, where links may lead anywhere. A FIFO would wait for a writer,
// and a device may have no end.
func readHostFile(file string) ([]byte, error) {
	f, err := os.OpenFile(file, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	switch info, err := f.Stat(); {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, &fs.PathError{Op: "read", Path: file, Err: errors.New("is not a regular file")}
	case info.Size() > hostFileLimit:
		return nil, &fs.PathError{Op: "read", Path: file, Err: errors.New("is larger than allowed")}
	}
	return io.ReadAll(io.LimitReader(f, hostFileLimit))
}
