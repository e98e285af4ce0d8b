package inbox

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"ca-exchange/internal/durable"
)

// SweepAge is how old a temporary must be to count as a dead process's: no write takes that long.
const SweepAge = time.Hour

// asideAge is how long an entry stays aside before it counts as a dead process's: a living one needs a moment.
const asideAge = time.Minute

// Recover puts back entries that a killed process had taken aside, and reports how many; what it knew of rejected/ is
// counted again. The inbox itself comes first; a team that fails is passed over, and the error says so for all.
func (x *Exchange) Recover(now time.Time) (back int, err error) {
	x.mu.Lock()
	clear(x.counts)
	x.mu.Unlock()
	failed := x.in.each(func(dir *durable.Dir) error { return recoverDir(dir, now, &back) })
	return back, failed.of("recovering entries")
}

// Sweep removes temporaries that dead processes left, on both sides as far as it may.
func (x *Exchange) Sweep(now time.Time) error {
	sweep := func(dir *durable.Dir) error {
		if err := dir.Sweep(now, SweepAge); !errors.Is(err, fs.ErrPermission) {
			return err
		}
		return nil
	}
	failed := x.in.each(sweep)
	failed.add(x.out.each(sweep))
	return failed.of("removing old temporary files")
}

// failures are those of several directories, kept as one: anybody may make more directories.
type failures struct {
	count int
	first error
}

func (f failures) of(doing string) error {
	switch f.count {
	case 0:
		return nil
	case 1:
		return fmt.Errorf("%s: %w", doing, f.first)
	}
	return fmt.Errorf("%s: %w; other directories that failed: %d", doing, f.first, f.count-1)
}

func (f *failures) note(err error) {
	if err != nil {
		f.add(failures{1, err})
	}
}

func (f *failures) add(more failures) {
	if f.count += more.count; f.first == nil {
		f.first = more.first
	}
}

// each does something in a side's directory, and then in each of its teams'.
func (s *side) each(do func(*durable.Dir) error) (failed failures) {
	failed.note(do(s.dir))
	for _, team := range s.teams(&Unlisted{}) {
		dir, err := s.open(team)
		if err != nil {
			continue // Entries says so
		}
		failed.note(do(dir))
		s.close(dir)
	}
	return failed
}

func recoverDir(dir *durable.Dir, now time.Time, back *int) (first error) {
	for name, err := range dir.Names() {
		if err != nil {
			return err
		}
		rest, aside := strings.CutPrefix(name.Name, asidePrefix)
		_, file, cut := strings.Cut(rest, "-")
		if !aside || !cut || !isRequest(file) && !isReport(file) {
			continue
		}
		if s, err := dir.Stat(name.Name); err != nil || now.Sub(s.Changed) < asideAge {
			continue
		}
		switch err := putBack(dir, name.Name, file); {
		case err == nil:
			*back++
		case !errors.Is(err, fs.ErrNotExist) && first == nil:
			first = err
		}
	}
	return first
}
