package inbox

import (
	"errors"
	"io/fs"
	"iter"
	"strings"

	"ca-exchange/internal/durable"
)

// Limit is the most an entry may hold, in bytes.
const Limit = 64 << 10

// suffix ends the name of every request entry, in any case (vfat keeps none).
const suffix = ".csr"

// Entry is one file of the inbox that wants an answer.
type Entry struct {
	Team  string // sub-directory, "" for the inbox itself
	Name  string // without the suffix
	File  string // as it stands in the directory
	Legal bool   // the name may be answered; otherwise the entry can only be moved aside
}

// LegalName says whether a name, without its suffix, can be asked and answered under.
func LegalName(name string) bool {
	if name == "" || len(name) > 100 {
		return false
	}
	for i, c := range []byte(name) {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !letter && (i == 0 || c != '.' && c != '_' && c != '-') {
			return false
		}
	}
	return !reserved(strings.TrimRight(strings.ToLower(name), "."))
}

// reserved names would collide with what the CA itself publishes.
func reserved(name string) bool {
	switch name {
	case "issuers", "ca", "etcd-ca", "front-proxy-ca":
		return true
	}
	return strings.HasSuffix(name, ".held") || strings.HasSuffix(name, ".denied")
}

// ignored are names that tools make for themselves, none of them meant for us: editors, sync programs, NFS, SMB.
func ignored(name string) bool {
	return strings.HasPrefix(name, ".") || strings.HasPrefix(name, "~") || strings.Contains(name, ".sync-conflict-") || !isRequest(name)
}

func isRequest(name string) bool {
	return len(name) >= len(suffix) && strings.EqualFold(name[len(name)-len(suffix):], suffix)
}

// Entries lists what lies in the inbox, teams' entries after the inbox's own, in the directories' order. An error
// comes with the entry-less team it concerns; the rest is listed all the same.
func (x *Exchange) Entries() iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		var teams []string
		for name, err := range x.inbox.Names() {
			switch {
			case err != nil:
				if !yield(Entry{}, err) {
					return
				}
			case mayBe(name.Type, fs.ModeDir) && LegalName(name.Name) && !isRequest(name.Name):
				teams = append(teams, name.Name)
			case !x.yieldEntry(yield, "", name):
				return
			}
		}
		for _, team := range teams {
			if !x.teamEntries(yield, team) {
				return
			}
		}
	}
}

func (x *Exchange) teamEntries(yield func(Entry, error) bool, team string) bool {
	dir, err := x.side(inboxDir, team, false)
	if err != nil {
		if errors.Is(err, durable.ErrLink) || isNotDir(err) {
			return true // a stray file, or a link that nobody follows
		}
		return yield(Entry{Team: team}, err)
	}
	for name, err := range dir.Names() {
		if err != nil {
			return yield(Entry{Team: team}, err)
		}
		if !x.yieldEntry(yield, team, name) {
			return false
		}
	}
	return true
}

// yieldEntry passes on what may be a request: a regular file, or a link in the place of one, which is moved aside.
func (x *Exchange) yieldEntry(yield func(Entry, error) bool, team string, name durable.Name) bool {
	if ignored(name.Name) || !mayBe(name.Type, 0) && name.Type != fs.ModeSymlink {
		return true
	}
	base := name.Name[:len(name.Name)-len(suffix)]
	return yield(Entry{Team: team, Name: base, File: name.Name, Legal: LegalName(base)}, nil)
}

// mayBe compares a directory entry's type, which some file systems do not tell.
func mayBe(t, want fs.FileMode) bool { return t == want || t == fs.ModeIrregular }
