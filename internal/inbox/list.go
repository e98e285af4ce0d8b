package inbox

import (
	"io/fs"
	"iter"

	"ca-exchange/internal/durable"
)

// Entry is one file of the inbox that wants an answer.
type Entry struct {
	Team  string // sub-directory, "" for the inbox itself
	Name  string // without the suffix
	File  string // as it stands in the directory
	Legal bool   // the name may be answered; otherwise the entry can only be moved aside

	regular bool // the directory said that it is an ordinary file
}

// Entries lists what lies in the inbox and its teams, each in its directory's order, a few of each in turn, so that no
// team waits for another's thousands. What could not be listed comes last, as one *Unlisted without an entry; the rest
// is listed all the same.
func (x *Exchange) Entries() iter.Seq2[Entry, error] { return x.EntriesAnd(nil) }

// EntriesAnd is Entries, and gathers what it passes over; nil gathers nothing.
func (x *Exchange) EntriesAnd(strays *Strays) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		var missed Unlisted
		lists := x.lists(&missed)
		defer func() { endAll(lists) }()
		for len(lists) > 0 {
			var open []*listing
			for _, l := range lists {
				more, goOn := l.few(&missed, strays, yield)
				if !goOn {
					return
				}
				if more {
					open = append(open, l)
				}
			}
			lists = open
		}
		if missed.Excess > 0 || missed.Failed > 0 {
			yield(Entry{}, &missed)
		}
	}
}

// listing is one directory being listed.
type listing struct {
	team string
	next func() (durable.Name, error, bool)
	stop func()
	dir  *durable.Dir // of a team, until it is given back
}

// lists opens the inbox's list and those of its teams.
func (x *Exchange) lists(missed *Unlisted) []*listing {
	next, stop := iter.Pull2(x.in.dir.Names())
	all := []*listing{{next: next, stop: stop}}
	for _, team := range x.in.teams(missed) {
		dir, err := x.in.open(team)
		if err != nil {
			if !noDirectory(err) { // removed or replaced since it was seen
				missed.add(err)
			}
			continue
		}
		next, stop := iter.Pull2(dir.Walk())
		all = append(all, &listing{team, next, stop, dir})
	}
	return all
}

// end gives a directory back, once: its descriptor's number is soon another file's.
func (l *listing) end() {
	l.stop()
	if l.dir != nil {
		l.dir.Close()
		l.dir = nil
	}
}

// turn is how many names of one directory are taken before the next one's.
const turn = 64

func (l *listing) few(missed *Unlisted, strays *Strays, yield func(Entry, error) bool) (more, goOn bool) {
	for range turn {
		name, err, ok := l.next()
		if err != nil {
			missed.add(err)
		}
		if !ok || err != nil {
			l.end()
			return false, true
		}
		e, ok := entryOf(l.team, name)
		if ok && !yield(e, nil) {
			return false, false
		}
		if !ok {
			strays.see(l.team, name)
		}
	}
	return true, true
}

func endAll(lists []*listing) {
	for _, l := range lists {
		l.end()
	}
}

// entryOf takes what may be a request: a regular file, or a link in the place of one, which is moved aside.
func entryOf(team string, name durable.Name) (Entry, bool) {
	if ignored(name.Name) || !mayBe(name.Type, 0) && name.Type != fs.ModeSymlink {
		return Entry{}, false
	}
	base := name.Name[:len(name.Name)-len(suffix)]
	return Entry{Team: team, Name: base, File: name.Name, Legal: LegalName(base), regular: name.Type == 0}, true
}

// mayBe compares a directory entry's type, which some file systems do not keep.
func mayBe(t, want fs.FileMode) bool { return t == want || t == fs.ModeIrregular }
