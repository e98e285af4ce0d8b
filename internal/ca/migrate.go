package ca

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"ca-exchange/internal/durable"
	"ca-exchange/internal/ledger"
)

// Migrate brings the ledger of a CA directory to the version that Open reads, and gives the path of the copy that was
// made before. It takes the lock of the watch (ErrLocked): a watch of the older version cannot go on beside it.
// ledger.ErrMigrated: there is nothing to do.
func Migrate(path string, s Settings, progress ledger.Progress) (copied string, err error) {
	dir, err := durable.Open(path)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			err = fmt.Errorf("%w: %w", ErrNoDirectory, err)
		}
		return "", err
	}
	defer func() { err = errors.Join(err, dir.Close()) }()
	if err := checkPrivate(dir, path); err != nil {
		return "", err
	}
	lock, err := dir.Lock(lockFile)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, lock.Release()) }()
	if _, err := dir.Stat(ledgerFile); err != nil {
		return "", fmt.Errorf("%w: %w", ErrNoDirectory, err)
	}
	return ledger.Migrate(filepath.Join(path, ledgerFile), s.Now(), progress)
}
