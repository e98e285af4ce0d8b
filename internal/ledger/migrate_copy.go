package ledger

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// copy puts a whole copy of the ledger beside it, durably, and gives its path and the SHA-256 of its bytes. An equal
// one that an interrupted migration left is taken; any other file of that name is kept, and the copy gets a number.
func (m *migration) copy() (path, sum string, err error) {
	m.progress("copying the ledger", 0, 0)
	if m.version, err = m.dataVersion(); err != nil {
		return "", "", err
	}
	temporary := m.path + ".v1.tmp"
	if err := os.Remove(temporary); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", "", err
	}
	// SQLite writes into a file that is there and empty: it keeps the mode, where one that it makes is open to all.
	f, err := os.OpenFile(temporary, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return "", "", err
	}
	defer f.Close()
	if err := m.exec("VACUUM INTO ?", temporary); err != nil {
		return "", "", errors.Join(err, os.Remove(temporary))
	}
	if err := f.Sync(); err != nil {
		return "", "", err
	}
	if sum, err = digestOf(f); err != nil {
		return "", "", err
	}
	m.progress("keeping the copy", 0, 0)
	path, err = keep(temporary, m.path+".v1", sum)
	return path, sum, err
}

// keep gives the temporary file its name, durably.
func keep(temporary, path, sum string) (string, error) {
	for n := 1; ; n++ {
		name := path
		if n > 1 {
			name = fmt.Sprintf("%s.%d", path, n)
		}
		f, err := os.Open(name)
		if errors.Is(err, fs.ErrNotExist) {
			if err := os.Rename(temporary, name); err != nil {
				return "", err
			}
			return name, syncDirectory(filepath.Dir(name))
		}
		if err != nil {
			return "", err
		}
		have, err := digestOf(f)
		if err := errors.Join(err, f.Close()); err != nil {
			return "", err
		}
		if have == sum {
			return name, os.Remove(temporary)
		}
	}
}

func digestOf(f *os.File) (string, error) {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return "", err
	}
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func syncDirectory(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// dataVersion changes when another connection commits something.
func (m *migration) dataVersion() (version int64, err error) {
	return version, m.conn.QueryRowContext(context.Background(), "PRAGMA data_version").Scan(&version)
}
