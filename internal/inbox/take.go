package inbox

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"golang.org/x/sys/unix"

	"ca-exchange/internal/durable"
)

// rejectedLimit is how many files rejected/ may hold: a flood of junk must not fill the medium.
const rejectedLimit = 1000

// Errors that a pass counts and goes on from.
var (
	ErrReadOnly     = errors.New("nothing can be removed there")
	ErrRejectedFull = fmt.Errorf("rejected/ holds %d files already", rejectedLimit)
)

// asidePrefix marks an entry taken aside to be compared; the rest of the name is its own, so that Recover can put
// back what a killed process left.
const asidePrefix = ".ca-exchange-aside-"

// Remove takes an answered entry away, unless it is no longer what was read: then it is put back. durable after
// SyncInbox.
func (x *Exchange) Remove(e Entry, read []byte) error {
	dir, err := x.side(inboxDir, e.Team, false)
	if err != nil {
		return err
	}
	// Renaming first makes the comparison true for what is then removed: nobody can swap the file in between.
	aside := asidePrefix + e.File
	if err := dir.Rename(e.File, dir, aside); err != nil {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil
		case errors.Is(err, unix.EROFS), errors.Is(err, fs.ErrPermission):
			return fmt.Errorf("%w: %w", ErrReadOnly, err)
		}
		return err
	}
	now, _, err := dir.Read(aside, Limit)
	if err == nil && bytes.Equal(now, read) {
		return dir.Remove(aside)
	}
	return putBack(dir, aside, e.File)
}

// putBack gives an entry its name again; where somebody dropped another meanwhile it gets one beside it.
func putBack(dir *durable.Dir, aside, file string) error {
	err := dir.RenameNew(aside, dir, file)
	if errors.Is(err, fs.ErrExist) {
		base := file[:len(file)-len(suffix)]
		return dir.RenameNew(aside, dir, base[:min(len(base), 80)]+"-"+strings.ToLower(rand.Text()[:8])+suffix)
	}
	return err
}

// Unlink removes an entry that must not stay, whatever it holds now: a private key was in it.
func (x *Exchange) Unlink(e Entry) error {
	dir, err := x.side(inboxDir, e.Team, false)
	if err != nil {
		return err
	}
	return dir.Remove(e.File)
}

// SyncInbox makes removals durable: without it a power cut brings entries back, which then only get the same answer.
func (x *Exchange) SyncInbox(team string) error {
	dir, err := x.side(inboxDir, team, false)
	if err != nil {
		return err
	}
	return dir.Sync()
}

// Reject moves an entry unchanged to rejected/, under its own name or one beside it; nothing is followed or replaced.
func (x *Exchange) Reject(e Entry) error {
	dir, err := x.side(inboxDir, e.Team, false)
	if err != nil {
		return err
	}
	return x.reject(dir, e.File)
}

// RejectAnswer moves a foreign file from an answer's name to rejected/.
func (x *Exchange) RejectAnswer(team, file string) error {
	dir, err := x.side(outboxDir, team, false)
	if err != nil {
		return err
	}
	return x.reject(dir, file)
}

func (x *Exchange) reject(dir *durable.Dir, file string) error {
	if x.rejected == nil {
		return fmt.Errorf("moving %q aside: the exchange has no %s/", file, rejectedDir)
	}
	count := 0
	for _, err := range x.rejected.Names() {
		if err != nil {
			return err
		}
		if count++; count >= rejectedLimit {
			return ErrRejectedFull
		}
	}
	err := dir.RenameNew(file, x.rejected, file)
	if errors.Is(err, fs.ErrExist) || errors.Is(err, unix.ENAMETOOLONG) {
		err = dir.RenameNew(file, x.rejected, file[:min(len(file), 100)]+"."+strings.ToLower(rand.Text()[:8]))
	}
	if errors.Is(err, unix.EROFS) || errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("%w: %w", ErrReadOnly, err)
	}
	return err
}

// Recover puts back entries that a killed process had taken aside, and reports how many.
func (x *Exchange) Recover() (int, error) {
	found := 0
	for name, err := range x.inbox.Names() {
		if err != nil {
			return found, err
		}
		if mayBe(name.Type, fs.ModeDir) && LegalName(name.Name) {
			if dir, err := x.side(inboxDir, name.Name, false); err == nil {
				if err := recoverDir(dir, &found); err != nil {
					return found, err
				}
			}
		}
	}
	return found, recoverDir(x.inbox, &found)
}

func recoverDir(dir *durable.Dir, found *int) error {
	for name, err := range dir.Names() {
		if err != nil {
			return err
		}
		file, aside := strings.CutPrefix(name.Name, asidePrefix)
		if !aside || !isRequest(file) {
			continue
		}
		if err := putBack(dir, name.Name, file); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		*found++
	}
	return nil
}
