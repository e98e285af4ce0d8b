package inbox

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func certificate(content string) File { return File{Name: "n.crt", Bytes: []byte(content)} }

func TestPublish(t *testing.T) {
	x := newExchange(t)
	files := []File{
		{Name: "a.crt", Bytes: []byte("1")}, {Team: "team", Name: "a.crt", Bytes: []byte("2")},
		{Name: "b.held.json", Bytes: []byte("3")},
	}
	for range 2 { // again is no error, and nothing foreign
		out, err := x.Publish(files, nil)
		if err != nil || !slices.Equal(out, make([]Outcome, 3)) {
			t.Fatalf("%+v, %v", out, err)
		}
	}
	x.lies(x.outbox, map[string]string{"a.crt": "1", "team": "d---------", "team/a.crt": "2", "b.held.json": "3"})
	if c, err := x.ReadAnswer("team", "a.crt"); err != nil || c.State != Complete || string(c.Bytes) != "2" {
		t.Errorf("reading: %+v, %v", c, err)
	}
	if out, err := x.Publish(nil, nil); err != nil || len(out) != 0 {
		t.Errorf("nothing: %+v, %v", out, err)
	}
}

// TestPublishOnLitter: whatever lies on a name of ours is moved aside, and the right bytes take its place: an answer's
// name, a team's directory, the issuers, the ledger's head, a notice that is to be removed.
func TestPublishOnLitter(t *testing.T) {
	all := map[string]func(string) error{
		"a file": func(path string) error { return os.WriteFile(path, []byte("foreign"), 0o644) },
	}
	for what, place := range litter {
		all[what] = place
	}
	for what, place := range all {
		t.Run(what, func(t *testing.T) {
			x := newExchange(t)
			for _, name := range []string{"n.crt", "team", "issuers.pem", "old.held.json"} {
				must(t, place(filepath.Join(x.outbox, name)))
			}
			if x.Answered("team", "n") {
				t.Error("an answer lies where no directory is")
			}
			if c, err := x.ReadAnswer("team", "n.crt"); err != nil || c.State != Gone {
				t.Errorf("reading where no directory is: %+v, %v", c, err)
			}
			out, err := x.Publish([]File{certificate("1"), {Team: "team", Name: "n.crt", Bytes: []byte("2")}}, nil)
			team := Outcome{nil, "team", Moved}
			if strings.Contains(what, "directory") {
				team = Outcome{} // that is what belongs there
			}
			if err != nil || out[0] != (Outcome{nil, "n.crt", Moved}) || out[1] != team {
				t.Errorf("publishing: %+v, %v", out, err)
			}
			os.Remove(filepath.Join(x.outbox, "team", "x"))
			if changed, err := x.Ensure(File{Name: "issuers.pem", Bytes: []byte("3")}); err != nil || !changed {
				t.Errorf("the issuers: %t, %v", changed, err)
			}
			must(t, x.RemoveAnswer("", "old.held.json"))
			x.lies(x.outbox, map[string]string{
				"n.crt": "1", "team": "d---------", "team/n.crt": "2", "issuers.pem": "3",
			})
		})
	}
}

// TestPublishHead: the head replaces whatever has its name, without an alarm where that is a file.
func TestPublishHead(t *testing.T) {
	x := newExchange(t)
	if c := x.ReadHead(); c.State != Gone {
		t.Errorf("no head yet: %+v", c)
	}
	for _, head := range []string{"1", "2", strings.Repeat("3", HeadLimit)} {
		out, err := x.Publish([]File{{Name: HeadFile, Bytes: []byte(head)}, certificate("1")}, nil)
		if err != nil || out[0] != (Outcome{}) || out[1] != (Outcome{}) {
			t.Errorf("publishing: %+v, %v", out, err)
		}
		if c := x.ReadHead(); c.State != Complete || string(c.Bytes) != head {
			t.Errorf("reading: %v, %.20q, want %.20q", c.State, c.Bytes, head)
		}
	}
	out, err := x.Publish([]File{{Name: HeadFile, Bytes: make([]byte, HeadLimit+1)}}, nil)
	const want = `publishing "head.json": it has 4097 bytes, at most 4096 are read`
	if err != nil || out[0].Err == nil || out[0].Err.Error() != want {
		t.Errorf("a head that nobody would read: %+v, %v", out, err)
	}
	for what, place := range litter {
		must(t, os.Remove(filepath.Join(x.outbox, HeadFile)))
		must(t, place(filepath.Join(x.outbox, HeadFile)))
		if c := x.ReadHead(); c.State == Complete || c.Bytes != nil {
			t.Errorf("reading %s: %+v", what, c)
		}
		if out, err := x.Publish([]File{{Name: HeadFile, Bytes: []byte("4")}}, nil); err != nil || out[0].Err != nil {
			t.Errorf("on %s: %+v, %v", what, out, err)
		}
		if c := x.ReadHead(); string(c.Bytes) != "4" {
			t.Errorf("after %s: %+v", what, c)
		}
	}
	x.put("outbox/"+HeadFile, strings.Repeat("5", HeadLimit+1))
	if c := x.ReadHead(); c.State != TooLarge {
		t.Errorf("a head too large: %+v", c)
	}
}

// TestPublishWhereRejectedTakesNothing: a file goes where rejected/ is full and stays beside where there is none; a
// directory stays beside unless it is empty.
func TestPublishWhereRejectedTakesNothing(t *testing.T) {
	const dir = "d---------"
	for _, c := range []struct {
		what    string
		prepare func(*exchange)
		litter  string
		fate    Fate
		beside  map[string]string
	}{
		{"full", func(x *exchange) { x.fillRejected(0) }, "a FIFO", Removed, nil},
		{"full", func(x *exchange) { x.fillRejected(0) }, "an empty directory", Removed, nil},
		{"full", func(x *exchange) { x.fillRejected(0) }, "a directory", Beside,
			map[string]string{foreignPrefix + "*-n.crt": dir, foreignPrefix + "*-n.crt/x": ""}},
		{"missing", func(x *exchange) { os.Remove(x.rejected) }, "a FIFO", Beside,
			map[string]string{foreignPrefix + "*-n.crt": "p---------"}},
		{"missing", func(x *exchange) { os.Remove(x.rejected) }, "an empty directory", Removed, nil},
		{"missing", func(x *exchange) { os.Remove(x.rejected) }, "a directory", Beside,
			map[string]string{foreignPrefix + "*-n.crt": dir, foreignPrefix + "*-n.crt/x": ""}},
	} {
		x := newExchange(t)
		c.prepare(x)
		must(t, litter[c.litter](filepath.Join(x.outbox, "n.crt")))
		out, err := x.Publish([]File{certificate("1")}, nil)
		if err != nil || out[0] != (Outcome{nil, "n.crt", c.fate}) {
			t.Errorf("rejected/ is %s, %s: %+v, %v, want %v", c.what, c.litter, out, err, c.fate)
		}
		want := map[string]string{"n.crt": "1"}
		for name, content := range c.beside {
			want[name] = content
		}
		x.lies(x.outbox, want)
	}
}

// TestPublishOnAnothersDirectory: only its owner may move a directory to another parent, but anybody may rename it.
func TestPublishOnAnothersDirectory(t *testing.T) {
	system := &hooked{}
	x := newExchange(t, system)
	must(t, litter["a directory"](filepath.Join(x.outbox, "n.crt")))
	system.hook = refuse("move", "n.crt", unix.EACCES)
	out, err := x.Publish([]File{certificate("1")}, nil)
	if err != nil || out[0] != (Outcome{nil, "n.crt", Beside}) {
		t.Errorf("%+v, %v", out, err)
	}
	x.lies(x.outbox, map[string]string{
		"n.crt": "1", foreignPrefix + "*-n.crt": "d---------", foreignPrefix + "*-n.crt/x": "",
	})
}

// TestPublishReportsEach: one file's trouble is its own, the others of its batch are there.
func TestPublishReportsEach(t *testing.T) {
	system := &hooked{}
	x := newExchange(t, system)
	must(t, litter["a directory"](filepath.Join(x.outbox, "stuck.crt")))
	system.hook = func(op, name string) error {
		switch {
		case name == "stuck.crt" && (op == "rename" || op == "remove"):
			return unix.EPERM
		case name == "shut" && op == "open":
			return unix.EACCES
		}
		return nil
	}
	must(t, os.Mkdir(filepath.Join(x.outbox, "shut"), 0o755))
	files := []File{
		{Name: "stuck.crt", Bytes: []byte("1")}, {Team: "shut", Name: "a.crt", Bytes: []byte("2")},
		{Name: "a.crt", Bytes: []byte("3")},
		{Team: "..", Name: "exchange.json", Bytes: []byte("4")}, {Team: "team", Name: "a.crt", Bytes: []byte("5")},
	}
	out, err := x.Publish(files, nil)
	must(t, err)
	for i, want := range []error{ErrNameTaken, fs.ErrPermission, nil, fs.ErrInvalid, nil} {
		if !errors.Is(out[i].Err, want) || want == nil && out[i].Err != nil {
			t.Errorf("%s/%s: %v, want %v", files[i].Team, files[i].Name, out[i].Err, want)
		}
	}
	if !x.Answered("shut", "a") {
		t.Error("a name that nobody lets us see is free")
	}
	x.lies(x.outbox, map[string]string{
		"stuck.crt": "d---------", "stuck.crt/x": "", "shut": "d---------", "a.crt": "3",
		"team": "d---------", "team/a.crt": "5",
	})
}

// TestPublishOnFullMedium: what every name of the outbox meets is the outbox's trouble; in a team it is that team's.
func TestPublishOnFullMedium(t *testing.T) {
	for team, ends := range map[string]bool{"": true, "team": false} {
		system := &hooked{}
		x := newExchange(t, system)
		system.hook = func(op, _ string) error {
			if op == "create" {
				return unix.ENOSPC
			}
			return nil
		}
		out, err := x.Publish([]File{{Team: team, Name: "a.crt", Bytes: []byte("1")}}, nil)
		if ends != errors.Is(err, unix.ENOSPC) || !ends && !errors.Is(out[0].Err, unix.ENOSPC) {
			t.Errorf("team %q: %+v, %v", team, out, err)
		}
		_, err = x.Ensure(File{Name: "issuers.pem", Bytes: []byte("1")})
		if !errors.Is(err, unix.ENOSPC) || errors.Is(err, ErrNameTaken) {
			t.Errorf("the issuers: %v", err)
		}
	}
}

// TestPublishInRemovedTeam: a team's directory of the outbox goes, before or while an answer is written: it is made
// again.
func TestPublishInRemovedTeam(t *testing.T) {
	system := &hooked{}
	x := newExchange(t, system)
	publish := func(name string) {
		t.Helper()
		out, err := x.Publish([]File{{Team: "team", Name: name, Bytes: []byte("1")}}, nil)
		if err != nil || out[0] != (Outcome{}) {
			t.Fatalf("%+v, %v", out, err)
		}
	}
	remove := func() { must(t, os.RemoveAll(filepath.Join(x.outbox, "team"))) }
	publish("a.crt")
	remove()
	publish("b.crt")
	system.hook = func(op, _ string) error {
		if op == "create" {
			system.hook = nil
			remove()
		}
		return nil
	}
	publish("c.crt")
	x.lies(x.outbox, map[string]string{"team": "d---------", "team/c.crt": "1"})
}
