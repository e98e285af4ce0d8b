package inbox

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"time"

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

// Remove takes an answered entry away, unless it is no longer what was read: then it is put back. Durable after
// SyncInbox.
func (x *Exchange) Remove(e Entry, read []byte) error {
	dir, err := x.side(inboxDir, e.Team, false)
	if err != nil {
		return err
	}
	// Renaming first makes the comparison true for what is then removed: nobody can swap the file in between. Nobody
	// can foresee the name either, and put something there.
	aside := asidePrefix + strings.ToLower(rand.Text()[:10]) + "-" + e.File
	if err := dir.RenameNew(e.File, dir, aside); err != nil {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil
		case errors.Is(err, unix.EROFS), errors.Is(err, fs.ErrPermission):
			return fmt.Errorf("%w: %w", ErrReadOnly, err)
		}
		return err
	}
	now, _, err := dir.Read(aside, Limit)
	if err != nil || !bytes.Equal(now, read) {
		return existing(putBack(dir, aside, e.File)) // another entry by now
	}
	err = existing(dir.Remove(aside))
	if failed, ok := errors.AsType[*fs.PathError](err); ok {
		// It gets its name back and counts as what it is: answered, and still there.
		err = errors.Join(&fs.PathError{Op: failed.Op, Path: filepath.Join(dir.Path(), e.File), Err: failed.Err}, existing(putBack(dir, aside, e.File)))
	}
	return err
}

// existing passes over what another process took away meanwhile.
func existing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
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
	return x.reject(dir, e.File, x.rejectedIn)
}

// RejectAnswer moves a foreign file from an answer's name to rejected/; where that is full, the file is removed: the
// name is owed to its owner.
func (x *Exchange) RejectAnswer(team, file string) error {
	dir, err := x.side(outboxDir, team, false)
	if err != nil {
		return err
	}
	err = x.reject(dir, file, x.rejectedOut)
	if errors.Is(err, ErrRejectedFull) {
		err = dir.Remove(file)
	}
	return err
}

func (x *Exchange) reject(dir *durable.Dir, file string, rejected *durable.Dir) error {
	if rejected == nil {
		return fmt.Errorf("%w: there is no %s/", ErrRejectedFull, rejectedDir)
	}
	if full, err := x.full(rejected); err != nil || full {
		return errors.Join(err, ErrRejectedFull)
	}
	err := dir.RenameNew(file, rejected, file)
	if errors.Is(err, fs.ErrExist) || errors.Is(err, unix.ENAMETOOLONG) {
		err = dir.RenameNew(file, rejected, file[:min(len(file), 100)]+"."+strings.ToLower(rand.Text()[:8]))
	}
	if errors.Is(err, unix.EROFS) || errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("%w: %w", ErrReadOnly, err)
	}
	return err
}

// full counts rejected/ once, and then what is added: junk must not cost a scan each.
func (x *Exchange) full(rejected *durable.Dir) (bool, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	count, counted := x.counts[rejected]
	if !counted {
		for _, err := range rejected.Names() {
			if err != nil {
				return false, err
			}
			count++
		}
	}
	x.counts[rejected] = count + 1
	return count >= rejectedLimit, nil
}

// asideAge is how long an entry stays aside before it counts as a dead process's: a living one needs a moment.
const asideAge = time.Minute

// Recover puts back entries that a killed process had taken aside, and reports how many; what it knew of rejected/ is
// counted again.
func (x *Exchange) Recover(now time.Time) (int, error) {
	x.mu.Lock()
	clear(x.counts)
	x.mu.Unlock()
	found := 0
	for name, err := range x.inbox.Names() {
		if err != nil {
			return found, err
		}
		if name.Type != 0 && LegalTeam(name.Name) {
			if dir, err := x.side(inboxDir, name.Name, false); err == nil {
				if err := recoverDir(dir, now, &found); err != nil {
					return found, err
				}
			}
		}
	}
	return found, recoverDir(x.inbox, now, &found)
}

func recoverDir(dir *durable.Dir, now time.Time, found *int) error {
	for name, err := range dir.Names() {
		if err != nil {
			return err
		}
		rest, aside := strings.CutPrefix(name.Name, asidePrefix)
		_, file, cut := strings.Cut(rest, "-")
		if !aside || !cut || !isRequest(file) {
			continue
		}
		if s, err := dir.Stat(name.Name); err != nil || now.Sub(s.Changed) < asideAge {
			continue
		}
		if err := putBack(dir, name.Name, file); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		*found++
	}
	return nil
}
