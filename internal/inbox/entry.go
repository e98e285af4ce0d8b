package inbox

import (
	"errors"
	"io/fs"
	"iter"
	"strings"

	"ca-exchange/internal/durable"
	"ca-exchange/internal/refusal"
)

// Limit is the most an entry may hold, in bytes.
const Limit = refusal.MaxEntry

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

// Entries lists what lies in the inbox and its teams, each in its directory's order, a few of each in turn, so that no
// team waits for another's thousands. An error comes with the entry-less team it concerns; the rest is listed all the
// same.
func (x *Exchange) Entries() iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		lists, err := x.lists()
		if err != nil && !yield(Entry{}, err) {
			return
		}
		for len(lists) > 0 {
			var open []*listing
			for _, l := range lists {
				more, goOn := x.few(l, yield)
				if !goOn {
					stopAll(lists)
					return
				}
				if more {
					open = append(open, l)
				}
			}
			lists = open
		}
	}
}

// listing is one directory being listed.
type listing struct {
	team string
	next func() (durable.Name, error, bool)
	stop func()
}

// lists opens the inbox's list and those of its teams.
func (x *Exchange) lists() (all []*listing, err error) {
	add := func(team string, dir *durable.Dir) {
		next, stop := iter.Pull2(dir.Names())
		all = append(all, &listing{team, next, stop})
	}
	add("", x.inbox)
	var errs []error
	for name, err := range x.inbox.Names() {
		if err != nil {
			return all, errors.Join(append(errs, err)...)
		}
		if name.Type == 0 || !LegalTeam(name.Name) {
			continue
		}
		dir, err := x.side(inboxDir, name.Name, false)
		switch {
		case err == nil:
			add(name.Name, dir)
		case !isNotDir(err):
			errs = append(errs, err) // a link, most likely: never entered
		}
	}
	return all, errors.Join(errs...)
}

// turn is how many names of one directory are taken before the next one's.
const turn = 64

func (x *Exchange) few(l *listing, yield func(Entry, error) bool) (more, goOn bool) {
	for range turn {
		name, err, ok := l.next()
		if !ok {
			l.stop()
			return false, true
		}
		if err != nil {
			l.stop()
			return false, yield(Entry{Team: l.team}, err)
		}
		if !x.yieldEntry(yield, l.team, name) {
			return false, false
		}
	}
	return true, true
}

func stopAll(lists []*listing) {
	for _, l := range lists {
		l.stop()
	}
}

// LegalTeam says whether a sub-directory is served: its name must not be one that an answer could have.
func LegalTeam(name string) bool {
	folded := strings.ToLower(name)
	for _, taken := range []string{suffix, CertificateSuffix, ".json", ".pem", ".crl"} {
		if strings.HasSuffix(folded, taken) {
			return false
		}
	}
	return LegalName(name)
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
