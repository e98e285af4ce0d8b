package inbox

import (
	"errors"
	"fmt"
	"io/fs"

	"golang.org/x/sys/unix"

	"ca-exchange/internal/durable"
)

// rejectedLimit is how many files rejected/ may hold: a flood of junk must not fill the medium.
const rejectedLimit = 1000

// keySearch is how much of a file is looked through for a private key before the file is moved, in bytes.
const keySearch = 1 << 20

// ErrRejectedFull says that an entry stays where it is until somebody empties rejected/.
var ErrRejectedFull = errors.New("rejected/ takes no more files")

// Fate is what became of something that was in the way.
type Fate int

const (
	Stayed  Fate = iota // where it was
	Moved               // to rejected/, unchanged
	Beside              // under another name in its own directory, since rejected/ did not take it
	Removed             // unlinked, since rejected/ did not take it and the name is owed to its owner
	Wiped               // unlinked, since it held a private key
)

// String completes "it was …".
func (f Fate) String() string {
	return [...]string{
		"left", "moved to rejected/", "renamed beside its name, since rejected/ did not take it",
		"removed, since rejected/ did not take it", "removed, since it held a private key",
	}[f]
}

// Reject moves an entry unchanged to rejected/, under its own name or one beside it; nothing is followed or replaced.
// One that holds a private key is wiped instead.
func (x *Exchange) Reject(e Entry) (Fate, error) {
	dir, err := x.in.open(e.Team)
	if err != nil {
		return Stayed, absent(err)
	}
	defer x.in.close(dir)
	if seen, ok := x.keyIn(dir, e.File); ok {
		taken, err := take(dir, e.File, func(aside string) bool {
			now, err := dir.Stat(aside)
			return err == nil && now.Dev == seen.Dev && now.Ino == seen.Ino
		})
		if taken {
			return Wiped, nil
		}
		return Stayed, err // put back, where another entry had the name by then: the next pass sees it
	}
	if err := x.reject(x.in, dir, e.File); err != nil {
		return Stayed, absent(err)
	}
	return Moved, nil
}

// keyIn says whether a file holds a private key, as far as keySearch reaches.
func (x *Exchange) keyIn(dir *durable.Dir, file string) (durable.Stat, bool) {
	if x.HoldsKey == nil {
		return durable.Stat{}, false
	}
	head, s, err := dir.Peek(file, keySearch)
	return s, err == nil && x.HoldsKey(head)
}

// reject moves a file to rejected/ on its side's medium.
func (x *Exchange) reject(s *side, dir *durable.Dir, file string) error {
	rejected, err := s.root.OpenDir(rejectedDir)
	if err != nil {
		return fmt.Errorf("%w: %v", ErrReadOnly, err) // %v: it is not the file that does not exist
	}
	defer rejected.Close()
	if err := x.admit(rejected); err != nil {
		return err
	}
	err = dir.RenameNew(file, rejected, file)
	if errors.Is(err, fs.ErrExist) || errors.Is(err, unix.ENAMETOOLONG) {
		err = dir.RenameNew(file, rejected, file[:min(len(file), 100)]+"."+random(8))
	}
	return unwritable(err)
}

// admit counts rejected/ once, and then what is added: junk must not cost a scan each.
func (x *Exchange) admit(rejected *durable.Dir) error {
	s, err := rejected.Stat(".")
	if err != nil {
		return err
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	at := place{s.Dev, s.Ino}
	count, counted := x.counts[at]
	if !counted {
		for _, err := range rejected.Names() {
			if err != nil {
				return err
			}
			count++
		}
	}
	if count >= rejectedLimit {
		x.counts[at] = count
		return fmt.Errorf("%w: it holds %d, the most it may; remove those that were looked at", ErrRejectedFull, count)
	}
	x.counts[at] = count + 1
	return nil
}

// clear gets something foreign off a name of the outbox, whatever it is: the name is owed to its owner.
func (x *Exchange) clear(dir *durable.Dir, file string) (Fate, error) {
	if _, ok := x.keyIn(dir, file); ok {
		return Wiped, absent(dir.Remove(file))
	}
	refused := x.reject(x.out, dir, file)
	if refused == nil {
		return Moved, nil
	}
	s, err := dir.Stat(file)
	if err != nil {
		return Stayed, absent(err)
	}
	// rejected/ is full or missing, or this is another user's directory, which only they can move to another parent.
	if s.Mode.IsDir() {
		err = dir.RemoveDir(file)
	} else if errors.Is(refused, ErrRejectedFull) {
		err = dir.Remove(file)
	} else {
		err = refused
	}
	if err == nil {
		return Removed, nil
	}
	if err := dir.RenameNew(file, dir, foreignPrefix+random(10)+"-"+file[:min(len(file), 100)]); err != nil {
		return Stayed, fmt.Errorf("%w: %w", ErrNameTaken, err)
	}
	return Beside, nil
}

// foreignPrefix marks what was moved off a name of the outbox and had to stay in its directory.
const foreignPrefix = ".ca-exchange-foreign-"

// ErrNameTaken says that something foreign has a name of the outbox and cannot be moved. It is that name's trouble.
var ErrNameTaken = errors.New("something foreign has the name and cannot be moved")
