package inbox

import (
	"errors"
	"fmt"
	"io/fs"

	"golang.org/x/sys/unix"

	"ca-exchange/internal/durable"
)

// ErrReadOnly says that entries stay where they are: one-way media, permissions, no rejected/. The caller goes on.
var ErrReadOnly = errors.New("nothing can be moved or removed there")

// asidePrefix marks an entry taken aside to be compared; the rest of the name is its own, so that Recover can put
// back what a killed process left.
const asidePrefix = ".ca-exchange-aside-"

// Remove takes an answered entry away, unless it is no longer what was read: then it is put back. Durable after
// SyncInbox.
func (x *Exchange) Remove(e Entry, read []byte) error {
	dir, err := x.in.open(e.Team)
	if err != nil {
		return absent(err)
	}
	defer x.in.close(dir)
	_, err = take(dir, e.File, func(aside string) bool {
		same, err := dir.Holds(aside, read)
		return err == nil && same
	})
	return err
}

// take unlinks a file of the inbox if same says that it is still the one that the caller means.
func take(dir *durable.Dir, file string, same func(aside string) bool) (taken bool, err error) {
	// Renaming first makes the comparison true for what is then removed: nobody can swap the file in between. Nobody
	// can foresee the name either, and put something there.
	aside := asidePrefix + random(10) + "-" + file
	if err := dir.RenameNew(file, dir, aside); err != nil {
		return false, absent(unwritable(err))
	}
	if !same(aside) {
		return false, absent(putBack(dir, aside, file)) // another entry by now
	}
	if err := absent(dir.Remove(aside)); err != nil {
		// It gets its name back and counts as what it is: answered, and still there. The random name stays out of the
		// error: the same trouble must read the same the next time.
		if failed, ok := errors.AsType[*fs.PathError](err); ok {
			err = failed.Err
		}
		err = fmt.Errorf("removing %+q: %w", file, err)
		if stuck := absent(putBack(dir, aside, file)); stuck != nil {
			err = fmt.Errorf("%w; it waits aside: %w", err, stuck)
		}
		return false, err
	}
	return true, nil
}

// absent passes over what another process took away meanwhile, and over a team that is no directory any more.
func absent(err error) error {
	if noDirectory(err) {
		return nil
	}
	return err
}

// unwritable marks the errors of a medium or directory in which nothing can be renamed.
func unwritable(err error) error {
	if errors.Is(err, unix.EROFS) || errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("%w: %w", ErrReadOnly, err)
	}
	return err
}

// putBack gives an entry its name again; where somebody dropped another meanwhile it gets one beside it. Of two host
// reports the later one stays.
func putBack(dir *durable.Dir, aside, file string) error {
	err := dir.RenameNew(aside, dir, file)
	if errors.Is(err, fs.ErrExist) && isReport(file) {
		return dir.Remove(aside)
	}
	if errors.Is(err, fs.ErrExist) {
		base := file[:len(file)-len(suffix)]
		return dir.RenameNew(aside, dir, base[:min(len(base), 80)]+"-"+random(8)+suffix)
	}
	return err
}

// SyncInbox makes removals durable: without it a power cut brings entries back, which then only get the same answer.
func (x *Exchange) SyncInbox(team string) error {
	dir, err := x.in.open(team)
	if err != nil {
		return absent(err)
	}
	defer x.in.close(dir)
	return dir.Sync()
}
