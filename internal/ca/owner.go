package ca

import (
	"errors"
	"fmt"
	"os"
	"path"
	"strconv"

	"ca-exchange/internal/durable"
)

// Errors about who may use a CA directory.
var (
	ErrMode  = errors.New("others may read the CA directory")
	ErrOwner = errors.New("another user owns the CA directory or a file in it")
)

// NotOwned is ErrOwner with what it takes to mend it.
type NotOwned struct {
	Path  string // of what another user owns
	Owner uint32 // user id
}

func (e *NotOwned) Error() string {
	return fmt.Sprintf("%v: user %d owns %q, user %d runs ca-admin", ErrOwner, e.Owner, e.Path, os.Geteuid())
}

func (e *NotOwned) Unwrap() error { return ErrOwner }

// guardedFiles are looked at each time a CA directory is opened: whoever owns one of them can change what is signed.
var guardedFiles = []string{policyFile, requestersFile, blockedFile, exchangesFile, ledgerFile, lockFile, secretFile,
	signersFile}

// checkPrivate refuses a CA directory that is not the running user's alone: a CA key in it would be no secret, and a
// ledger written by root once is unusable for its owner afterwards.
func checkPrivate(dir *durable.Dir, at string) error {
	self, err := dir.Stat(".")
	if err != nil {
		return err
	}
	if self.Mode.Perm()&0o077 != 0 {
		return fmt.Errorf("%w: %q has mode %#o, not 0700", ErrMode, at, self.Mode.Perm())
	}
	if self.Owner != uint32(os.Geteuid()) {
		return &NotOwned{at, self.Owner}
	}
	for _, file := range guardedFiles {
		if s, err := dir.Stat(file); err == nil && s.Owner != self.Owner {
			return &NotOwned{path.Join(at, file), s.Owner}
		}
	}
	return nil
}

// OwnerID is the user id that owns the CA directory, as a command line names it.
func (e *NotOwned) OwnerID() string { return "#" + strconv.FormatUint(uint64(e.Owner), 10) }
