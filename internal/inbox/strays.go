package inbox

import (
	"io/fs"
	"slices"
	"strings"

	"ca-exchange/internal/durable"
)

// Stray is something in the inbox that is not read as a request, since its name does not end in .csr.
type Stray struct {
	Team, File string
	Meant      bool // somebody probably meant it as a request: no tool makes such a name for itself
	Regular    bool // the directory did not say that it is anything but an ordinary file
}

// Strays are the strays of one listing: all are counted, the first few that were meant are named. The zero value is
// empty. Each, which may be nil, is called for every stray, also for those that were not meant. Report, which may be
// nil, is called for each file with a host report's name; such a file is not a stray.
type Strays struct {
	Count  int      // of those that were meant
	First  []string // "team/file" or "file", as they stand in the directory
	Each   func(Stray)
	Report func(file string)
}

// firstStrays is how many strays are named.
const firstStrays = 3

// see takes up what Entries passes over in a directory.
func (s *Strays) see(team string, name durable.Name) {
	if s == nil {
		return
	}
	if team == "" && isReport(name.Name) && !mayBe(name.Type, fs.ModeDir) {
		if s.Report != nil {
			s.Report(name.Name)
		}
		return
	}
	stray, ok := strayOf(team, name)
	if !ok {
		return
	}
	if stray.Meant {
		if s.Count++; len(s.First) < firstStrays {
			s.First = append(s.First, stray.Place())
		}
	}
	if s.Each != nil {
		s.Each(stray)
	}
}

// Place is where a stray lies: "team/file" or "file".
func (s Stray) Place() string {
	if s.Team == "" {
		return s.File
	}
	return s.Team + "/" + s.File
}

// strayOf takes what Entries passes over: a file of another name, a directory below a team's, or one with a name that
// no team may have. What is not an ordinary file is passed over in silence where its name is a request's (a FIFO).
func strayOf(team string, name durable.Name) (Stray, bool) {
	if isRequest(name.Name) && !passing(name.Name) {
		return Stray{}, false
	}
	if team == "" && legalTeam(name.Name) && (mayBe(name.Type, fs.ModeDir) || name.Type == fs.ModeSymlink) {
		return Stray{}, false // a team, or said as one that cannot be listed
	}
	s := Stray{Team: team, File: name.Name, Regular: mayBe(name.Type, 0)}
	s.Meant = !passing(name.Name) && !scratch(name.Name)
	return s, true
}

// scratch are names, without .csr at their end, that tools make for themselves while they write or copy, and that
// file systems have.
func scratch(name string) bool {
	folded := strings.ToLower(name)
	return slices.Contains([]string{"lost+found", "system volume information", "$recycle.bin", "desktop.ini",
		"thumbs.db"}, folded) || slices.ContainsFunc([]string{"~", ".tmp", ".temp", ".part", ".partial", ".filepart",
		".crdownload", ".swp", ".swx"}, func(end string) bool { return strings.HasSuffix(folded, end) })
}

// HoldsKeyIn reports whether a stray holds a private key in its first Limit bytes, and describes the file.
func (x *Exchange) HoldsKeyIn(s Stray) (durable.Stat, bool) {
	dir, err := x.in.open(s.Team)
	if err != nil {
		return durable.Stat{}, false
	}
	defer x.in.close(dir)
	head, stat, err := dir.Peek(s.File, Limit)
	return stat, err == nil && x.HoldsKey != nil && x.HoldsKey(head)
}

// StatStray looks at a stray without reading it: one system call.
func (x *Exchange) StatStray(s Stray) (durable.Stat, error) {
	return x.Stat(Entry{Team: s.Team, File: s.File})
}
