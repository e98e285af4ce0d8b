package inbox

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"ca-exchange/internal/durable"
)

func TestEntries(t *testing.T) {
	x := newExchange(t)
	for _, file := range []string{
		"a.csr", "B.CSR", "bad name.csr", "ca.csr", "x.held.csr", ".hidden.csr", "~backup.csr", "a.sync-conflict-1.csr",
		"a.csr.txt", "a.pem", ".csr", "team/a.csr", "team/deep/a.csr", "issuers/a.csr", "x.json/a.csr", "X.CRT/a.csr",
	} {
		x.put("inbox/"+file, whole)
	}
	for what, place := range litter {
		must(t, place(filepath.Join(x.inbox, what+".csr")))
	}
	got, err := x.entries()
	must(t, err)
	want := []Entry{
		{"", "B", "B.CSR", true, true},
		{"", "a dangling link", "a dangling link.csr", false, false},
		{"", "a link", "a link.csr", false, false},
		{"", "a", "a.csr", true, true},
		{"", "bad name", "bad name.csr", false, true},
		{"", "ca", "ca.csr", false, true},
		{"", "x.held", "x.held.csr", false, true},
		{"team", "a", "a.csr", true, true},
	}
	slices.SortFunc(got, func(a, b Entry) int {
		return slices.Compare([]string{a.Team, a.File}, []string{b.Team, b.File})
	})
	if !slices.Equal(got, want) {
		t.Errorf("listed\n%+v, want\n%+v", got, want)
	}
}

// TestStrays: what is not a request is counted and named, but for what tools and file systems make for themselves; all
// of it can be looked into.
func TestStrays(t *testing.T) {
	x := newExchange(t)
	for _, file := range []string{
		"a.csr", "a.csr.txt", "server", "b.pem", ".a.csr.swp", "a.csr~", "c.tmp", "c.part", "~lock", "._a", "Thumbs.db",
		"a.sync-conflict-1.pem", "team/a.csr", "team/d.req", "team/deep/a.csr", "issuers/a.csr", "lost+found/a.csr",
	} {
		x.put("inbox/"+file, whole)
	}
	must(t, unix.Mkfifo(filepath.Join(x.inbox, "fifo.csr"), 0o600))
	must(t, unix.Mkfifo(filepath.Join(x.inbox, "fifo"), 0o600))
	var all []string
	strays := Strays{Each: func(s Stray) {
		if s.Regular {
			all = append(all, s.Place())
		}
	}}
	for _, err := range x.EntriesAnd(&strays) {
		must(t, err)
	}
	slices.Sort(all)
	want := []string{"._a", ".a.csr.swp", "Thumbs.db", "a.csr.txt", "a.csr~", "a.sync-conflict-1.pem", "b.pem",
		"c.part", "c.tmp", "server", "team/d.req", "~lock"}
	if !slices.Equal(all, want) {
		t.Errorf("files %q, want %q", all, want)
	}
	if strays.Count != 7 || len(strays.First) != firstStrays { // three files, fifo, issuers, team/d.req, team/deep
		t.Errorf("%d strays, of them named %q", strays.Count, strays.First)
	}
}

// TestTooManyTeams: 520 sub-directories use up nothing: 256 of them are served, the rest is counted once, and the
// inbox's own entries are listed beside them.
func TestTooManyTeams(t *testing.T) {
	x := newExchange(t)
	const many = 520
	for i := range many {
		must(t, os.Mkdir(filepath.Join(x.inbox, fmt.Sprintf("t%d", i)), 0o755))
		must(t, os.WriteFile(filepath.Join(x.inbox, fmt.Sprintf("t%d", i), "x.csr"), nil, 0o644))
	}
	x.put("inbox/good.csr", whole)
	before := descriptors(t)
	for range 2 {
		got, err := x.entries()
		var missed *Unlisted
		if !errors.As(err, &missed) || *missed != (Unlisted{Excess: many - teamsLimit}) {
			t.Fatalf("the error is %v", err)
		}
		if want := "sub-directories beyond the first 256, which are not served: 264"; missed.Error() != want {
			t.Errorf("it says %q, want %q", missed, want)
		}
		if len(got) != teamsLimit+1 || got[0].File != "good.csr" {
			t.Errorf("%d entries are listed, the first is %+v", len(got), got[0])
		}
		files := make([]File, 0, teamsLimit)
		for _, e := range got {
			if c := x.Read(e); c.Err != nil {
				t.Fatal(c.Err)
			}
			files = append(files, File{Team: e.Team, Name: e.Name + HeldSuffix, Bytes: []byte("1")})
		}
		out, err := x.Publish(files, nil)
		if err != nil || !slices.Equal(out, make([]Outcome, len(files))) {
			t.Fatal(err)
		}
		if after := descriptors(t); after != before {
			t.Errorf("%d descriptors are open, %d were", after, before)
		}
	}
	for range x.Entries() { // a listing that is left early gives everything back, too
		break
	}
	n := 0
	for range x.Entries() {
		if n++; n == 200 { // some directories have ended by then, others not
			break
		}
	}
	if after := descriptors(t); after != before {
		t.Errorf("left early: %d descriptors are open, %d were", after, before)
	}
}

// TestTeamsAreShared: a neighbour's thousands of sub-directories push out his own, never another owner's.
func TestTeamsAreShared(t *testing.T) {
	var c crowd
	for i := range 8000 {
		c.add(61002, fmt.Sprint("his", i))
	}
	for i := range 3 {
		c.add(61001, fmt.Sprint("ours", i))
	}
	served := c.share()
	if len(served) != teamsLimit || c.total != 8003 {
		t.Errorf("%d of %d are served", len(served), c.total)
	}
	for i := range 3 {
		if !slices.Contains(served, fmt.Sprint("ours", i)) {
			t.Errorf("ours%d is not served", i)
		}
	}
	if len(c.names[61002]) != teamsLimit {
		t.Errorf("%d names of one owner are kept", len(c.names[61002]))
	}
	for i := range 1000 {
		c.add(uint32(i), "x")
	}
	if len(c.owners) != teamsLimit || len(c.share()) != teamsLimit || c.total != 9003 {
		t.Errorf("%d owners are kept, %d served, of %d", len(c.owners), len(c.share()), c.total)
	}
}

// owned is the kernel on which a neighbour owns what begins with "his".
type owned struct{ quick }

func (o owned) Stat(dir int, name string) (durable.Stat, error) {
	s, err := o.Kernel.Stat(dir, name)
	if strings.HasPrefix(name, "his") {
		s.Owner = 61002
	}
	return s, err
}

// TestOwnersAreLookedAt: the same on a real directory, in which plain files take no share.
func TestOwnersAreLookedAt(t *testing.T) {
	x := newExchange(t, owned{})
	x.put("inbox/plain0", "")
	for i := range 10 { // some before his, some after them: a directory's order may be either
		must(t, os.Mkdir(filepath.Join(x.inbox, fmt.Sprint("ours", i)), 0o755))
	}
	for i := range 300 {
		must(t, os.Mkdir(filepath.Join(x.inbox, fmt.Sprint("his", i)), 0o755))
		must(t, os.Link(filepath.Join(x.inbox, "plain0"), filepath.Join(x.inbox, fmt.Sprint("plain", i+1))))
	}
	for i := 10; i < 20; i++ {
		must(t, os.Mkdir(filepath.Join(x.inbox, fmt.Sprint("ours", i)), 0o755))
	}
	var missed Unlisted
	served := x.in.teams(&missed)
	for i := range 20 {
		if !slices.Contains(served, fmt.Sprint("ours", i)) {
			t.Errorf("ours%d is not served", i)
		}
	}
	if missed != (Unlisted{Excess: 320 - teamsLimit}) {
		t.Errorf("missed %+v", missed)
	}
}

// TestTeamsThatFail: a link in a team's place is not entered, a team that nobody lets us read is passed over; both are
// one error, and everybody else is listed.
func TestTeamsThatFail(t *testing.T) {
	system := &hooked{}
	x := newExchange(t, system)
	elsewhere := t.TempDir()
	must(t, os.WriteFile(filepath.Join(elsewhere, "a.csr"), nil, 0o644))
	must(t, os.Symlink(elsewhere, filepath.Join(x.inbox, "link")))
	x.put("inbox/shut/a.csr", whole)
	x.put("inbox/team/a.csr", whole)
	x.put("inbox/a.csr", whole)
	must(t, unix.Mkfifo(filepath.Join(x.inbox, "fifo"), 0o644))
	system.hook = refuse("open", "shut", unix.EACCES)
	got, err := x.entries()
	if len(got) != 2 || got[0].Team+got[0].File != "a.csr" || got[1].Team != "team" {
		t.Errorf("listed %+v", got)
	}
	var missed *Unlisted
	const want = `directories that cannot be listed: 2, the first one: open "inbox/link": is a symbolic link`
	if !errors.As(err, &missed) || missed.Error() != want || !errors.Is(err, durable.ErrLink) {
		t.Errorf("the error is %v", err)
	}
	missed.Excess = 7
	const both = "sub-directories beyond the first 256, which are not served: 7; " + want
	if got := missed.Error(); got != both {
		t.Errorf("it says %q, want %q", got, both)
	}
}

// TestTeamsInTurn: no team waits for another's thousands.
func TestTeamsInTurn(t *testing.T) {
	x := newExchange(t)
	for i := range 500 {
		x.put(fmt.Sprintf("inbox/many/%d.csr", i), "")
		x.put(fmt.Sprintf("inbox/%d.csr", i), "")
	}
	x.put("inbox/one/a.csr", "")
	n := 0
	for e, err := range x.Entries() {
		must(t, err)
		if n++; e.Team == "one" {
			break
		}
	}
	if n > 2*turn+1 {
		t.Errorf("the small team's entry comes as number %d", n)
	}
	all, err := x.entries()
	if err != nil || len(all) != 1001 {
		t.Errorf("%d entries are listed, want 1001: %v", len(all), err)
	}
}

// TestTeamMadeAgain: a sub-directory that was removed and made again is served at the next pass, read and emptied.
func TestTeamMadeAgain(t *testing.T) {
	x := newExchange(t)
	for range 3 {
		x.put("inbox/team/a.csr", whole)
		e := x.entry("team", "a.csr")
		if c := x.Read(e); c.State != Complete {
			t.Errorf("read: %+v", c)
		}
		must(t, x.Remove(e, []byte(whole)))
		x.lies(x.inbox, map[string]string{"team": "d---------"})
		must(t, os.Remove(filepath.Join(x.inbox, "team")))
	}
}

// TestListingThatFails: an inbox that cannot be read is one error, too.
func TestListingThatFails(t *testing.T) {
	system := &hooked{}
	x := newExchange(t, system)
	x.put("inbox/a.csr", whole)
	system.hook = refuse("open", ".", unix.EIO)
	got, err := x.entries()
	const want = "directories that cannot be listed: 1, the first one: open "
	if len(got) != 0 || !errors.Is(err, unix.EIO) || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("%v, %v", got, err)
	}
}

func TestTypesThatAreNotKept(t *testing.T) {
	x := newExchange(t)
	x.put("inbox/file", "")
	must(t, os.Mkdir(filepath.Join(x.inbox, "dir"), 0o755))
	for name, want := range map[string]bool{"file": false, "dir": true} {
		s, err := x.in.look(durable.Name{Name: name, Type: fs.ModeIrregular})
		if err != nil || s.Mode.IsDir() != want {
			t.Errorf("%s is a directory: %t, %v", name, s.Mode.IsDir(), err)
		}
	}
	if e, ok := entryOf("", durable.Name{Name: "a.csr", Type: fs.ModeIrregular}); !ok || e.regular {
		t.Errorf("an entry of unknown type: %+v, %t", e, ok)
	}
}
