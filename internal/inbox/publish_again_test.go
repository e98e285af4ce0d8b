package inbox

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// TestPublishOwn: an older answer of ours is replaced in silence, also one larger than anybody reads; another's is not.
func TestPublishOwn(t *testing.T) {
	x := newExchange(t)
	huge := strings.Repeat("h", 20*Limit)
	recorded := []string{"older", huge, "a team's"}
	ours := func(f File, have []byte) bool {
		return f.Name == "n.held.json" && slices.Contains(recorded, string(have))
	}
	for _, team := range []string{"", "team"} {
		for _, content := range []string{"older", huge, huge, "the newest"} {
			out, err := x.Publish([]File{{Team: team, Name: "n.held.json", Bytes: []byte(content)}}, ours)
			if err != nil || out[0] != (Outcome{}) {
				t.Errorf("team %q, %.10q: %+v, %v", team, content, out, err)
			}
		}
	}
	x.lies(x.rejected, nil)
	x.put("outbox/n.held.json", "forged")
	out, err := x.Publish([]File{{Name: "n.held.json", Bytes: []byte("right")}}, ours)
	if err != nil || out[0] != (Outcome{nil, "n.held.json", Moved}) {
		t.Errorf("a forged one: %+v, %v", out, err)
	}
	x.lies(x.rejected, map[string]string{"n.held.json": "forged"})
	x.lies(x.outbox, map[string]string{"n.held.json": "right", "team": "d---------", "team/n.held.json": "the newest"})
}

// TestPublishAgainstAThief: somebody takes the name again and again: it ends, and the other file is there.
func TestPublishAgainstAThief(t *testing.T) {
	system := &hooked{}
	x := newExchange(t, system)
	system.hook = func(op, name string) error {
		if op == "rename to" && name == "n.crt" {
			x.put("outbox/n.crt", "foreign")
		}
		return nil
	}
	out, err := x.Publish([]File{certificate("1"), {Name: "a.crt", Bytes: []byte("2")}}, nil)
	const want = `publishing "n.crt": file already exists again and again`
	if err != nil || out[0].Err == nil || out[0].Err.Error() != want || out[1] != (Outcome{}) {
		t.Errorf("%+v, %v", out, err)
	}
	x.lies(x.outbox, map[string]string{"a.crt": "2"})
}

// TestEnsureUnreadable: a file of ours that nobody lets us read is somebody else's.
func TestEnsureUnreadable(t *testing.T) {
	system := &hooked{}
	x := newExchange(t, system)
	x.put("outbox/ca.crt", "foreign")
	// shut refuses to open a file until it was moved.
	shut := func(name string) func(string, string) error {
		return func(op, got string) error {
			if _, err := os.Lstat(filepath.Join(x.rejected, name)); err != nil {
				return refuse("open", name, unix.EACCES)(op, got)
			}
			return nil
		}
	}
	system.hook = shut("ca.crt")
	if changed, err := x.Ensure(File{Name: "ca.crt", Bytes: []byte("1")}); err != nil || !changed {
		t.Errorf("%t, %v", changed, err)
	}
	x.put("outbox/n.crt", "foreign")
	system.hook = shut("n.crt")
	if out, err := x.Publish([]File{certificate("1")}, nil); err != nil || out[0] != (Outcome{nil, "n.crt", Moved}) {
		t.Errorf("%+v, %v", out, err)
	}
	system.hook = nil
	x.lies(x.outbox, map[string]string{"ca.crt": "1", "n.crt": "1"})
}

func TestRemoveAnswer(t *testing.T) {
	system := &hooked{}
	x := newExchange(t, system)
	x.put("outbox/team/a.crt", "1")
	for range 2 {
		must(t, x.RemoveAnswer("team", "a.crt"))
		must(t, x.RemoveAnswer("none", "a.crt"))
	}
	x.lies(x.outbox, map[string]string{"team": "d---------"})
	x.put("outbox/a.crt", "1")
	system.hook = refuse("remove", "a.crt", unix.EIO)
	if err := x.RemoveAnswer("", "a.crt"); !errors.Is(err, unix.EIO) {
		t.Errorf("one that cannot be removed: %v", err)
	}
	x.lies(x.rejected, nil)
}

func TestAnswered(t *testing.T) {
	x := newExchange(t)
	for _, suffix := range []string{CertificateSuffix, DeniedSuffix, HeldSuffix} {
		x.put("outbox/team/a"+suffix, "1")
		if !x.Answered("team", "a") || x.Answered("team", "b") || x.Answered("", "a") {
			t.Errorf("%s: a %t, b %t", suffix, x.Answered("team", "a"), x.Answered("team", "b"))
		}
		must(t, os.Remove(filepath.Join(x.outbox, "team", "a"+suffix)))
	}
	x.put("outbox/a.csr", "1")
	if x.Answered("", "a") {
		t.Error("any suffix is an answer")
	}
}

// syncs is the kernel that counts fsyncs.
type syncs struct {
	quick
	count *int
}

func (s syncs) Fsync(int) error { *s.count++; return nil }

// TestPublishSyncsWhatIsThere: whoever wrote the same bytes before may have been killed before they were durable.
func TestPublishSyncsWhatIsThere(t *testing.T) {
	count := 0
	x := newExchange(t, syncs{count: &count})
	x.put("outbox/n.crt", "1")
	count = 0
	out, err := x.Publish([]File{certificate("1")}, nil)
	if err != nil || out[0] != (Outcome{}) || count != 3 { // the temporary, then what was there, and its directory
		t.Errorf("%+v, %v, %d fsyncs, want 3", out, err, count)
	}
}
