package ledger

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ca-exchange/internal/pki"
)

func TestRecordAndRead(t *testing.T) {
	l, ctx, m := fresh(t), t.Context(), newMaker(t)
	id := anID("a")
	change := m.issue(id, "01ab")
	must(t, l.Record(ctx, []Change{change}))
	known, err := l.Lookup(ctx, []pki.ID{id, anID("b")})
	r := known[id]
	if err != nil || len(known) != 1 || r.Status != Issued || r.Version != 1 || !r.Recorded() ||
		!r.Received.Equal(noon) || r.Serial != "01ab" || r.Kind != KindRequest ||
		r.SSHFingerprint != change.Request.SSHFingerprint {
		t.Fatalf("Lookup = %+v, %v", known, err)
	}
	if b, err := l.Content(ctx, r); err != nil || string(b) != string(change.Signed.Answer()) {
		t.Errorf("Content = %q, %v", b, err)
	}
	if b, err := l.Entry(ctx, id); err != nil || string(b) != "entry" {
		t.Errorf("Entry = %q, %v", b, err)
	}
	asked := Address{"x", "", "sERVER-" + id.Short()}
	owners, err := l.Owners(ctx, "x", []Address{asked})
	owner, ok := owners[asked.Folded()]
	if err != nil || !ok || owner.Request != id || owner.Published {
		t.Errorf("Owners = %+v, %v: a name is owned whatever its case", owners, err)
	}
	owner.Version = 1
	if late, err := l.MarkPublished(ctx, []Answer{owner}); err != nil || late != 0 {
		t.Fatalf("%d late, %v", late, err)
	}
	for a, err := range l.Owed(ctx, "x") {
		t.Errorf("still unpublished: %+v, %v", a, err)
	}
	must(t, l.Verify(ctx, 0, ""))
}

// TestFind finds a request by a prefix of its id, in whatever number of digits.
func TestFind(t *testing.T) {
	l, id := fresh(t), anID("a")
	must(t, l.Record(t.Context(), []Change{held(id), held(anID("b"))}))
	for _, digits := range []int{8, 9, 16, 63, 64} {
		found, err := collect(l.Find(t.Context(), id.String()[:digits]))
		if err != nil || len(found) != 1 || found[0].ID != id {
			t.Errorf("%d digits: %+v, %v", digits, found, err)
		}
	}
	if found, err := collect(l.Find(t.Context(), "00000000")); err != nil || len(found) > 0 {
		t.Errorf("another prefix: %+v, %v", found, err)
	}
	if _, err := collect(l.Find(t.Context(), "not hex.")); err == nil {
		t.Error("a prefix that is not hex was looked up")
	}
}

// One request, one certificate: the second writer gets ErrConflict, and nothing of its batch is kept.
func TestOneCertificatePerRequest(t *testing.T) {
	l, ctx, m := fresh(t), t.Context(), newMaker(t)
	id, other := anID("a"), anID("b")
	must(t, l.Record(ctx, []Change{m.issue(id, "01")}))
	if err := l.Record(ctx, []Change{m.issue(other, "02"), m.issue(id, "03")}); !errors.Is(err, ErrConflict) {
		t.Fatalf("a second certificate: %v, not ErrConflict", err)
	}
	again := m.issue(id, "03")
	again.Request.Version = 1
	err := l.Record(ctx, []Change{again})
	if err == nil || !strings.Contains(err.Error(), "has certificate 01 already") {
		t.Fatalf("a second certificate with the right version: %v", err)
	}
	if known, _ := l.Lookup(ctx, []pki.ID{other}); len(known) != 0 {
		t.Error("half of a refused batch was kept")
	}
	again.ByPerson = true
	must(t, l.Record(ctx, []Change{again}))
	if err := l.Record(ctx, []Change{m.issue(other, "03")}); err == nil {
		t.Error("a serial was used twice by one issuer")
	}
	must(t, l.Record(ctx, []Change{newMaker(t).issue(other, "03")})) // another issuer's serials are its own
	must(t, l.Verify(ctx, 0, ""))
}

// TestVersionInUpdate: the update itself refuses a version that is gone, also where it changed after the look-up.
func TestVersionInUpdate(t *testing.T) {
	l, ctx := fresh(t), t.Context()
	id := anID("a")
	must(t, l.Record(ctx, []Change{held(id)}))
	change := held(id)
	change.Request.Version = 1
	err := l.transaction(ctx, func(w *writing) error {
		steps, err := w.steps([]Change{change})
		must(t, err)
		_, err = w.conn.ExecContext(ctx, "UPDATE requests SET version = 2")
		must(t, err)
		return w.requests(steps)
	})
	if !errors.Is(err, ErrConflict) {
		t.Errorf("a change of version 1 over version 2: %v", err)
	}
}

// Two processes beside each other: both write, the later one of a pair about the same request gets ErrConflict.
func TestTwoProcesses(t *testing.T) {
	l, ctx, m := fresh(t), t.Context(), newMaker(t)
	beside, err := Open(l.path)
	must(t, err)
	defer beside.Close()
	id := anID("a")
	must(t, l.Record(ctx, []Change{m.issue(id, "01")}))
	if err := beside.Record(ctx, []Change{m.issue(id, "02")}); !errors.Is(err, ErrConflict) {
		t.Errorf("the second process: %v, not ErrConflict", err)
	}
	// A request that another process changed after it was read, and one that it only asked for under another name.
	waits := held(anID("waits"))
	must(t, l.Record(ctx, []Change{waits}))
	waits.Request.Version = 1
	must(t, beside.Record(ctx, []Change{waits}))
	names := Change{Request: waits.Request, OnlyAnswers: true, Answers: waits.Answers}
	for _, stale := range []Change{waits, names} {
		if err := l.Record(ctx, []Change{stale}); !errors.Is(err, ErrConflict) {
			t.Errorf("a change of version 1 of 2: %v, not ErrConflict", err)
		}
	}
	if known, err := beside.Lookup(context.Background(), []pki.ID{id}); err != nil || known[id].Serial != "01" {
		t.Errorf("the second process sees %+v, %v", known, err)
	}
}

// TestPressureCounts: what nobody vouches for is counted with every change, and so are all that is held or issued.
func TestPressureCounts(t *testing.T) {
	l, ctx, m := fresh(t), t.Context(), newMaker(t)
	expect := func(held, certificates, rows, bytes int64) {
		t.Helper()
		if r, b, err := l.Pressure(ctx); err != nil || r != rows || b != bytes {
			t.Errorf("Pressure = %d, %d, %v; want %d, %d", r, b, err, rows, bytes)
		}
		if h, c, err := l.Counts(ctx); err != nil || h != held || c != certificates {
			t.Errorf("Counts = %d, %d, %v; want %d, %d", h, c, err, held, certificates)
		}
	}
	expect(0, 0, 0, 0)
	change := held(anID("a"))
	must(t, l.Record(ctx, []Change{change}))
	expect(1, 0, 1, 5)
	change.Request.Version, change.Request.Authenticated = 1, true
	must(t, l.Record(ctx, []Change{change, held(anID("b"))}))
	expect(2, 0, 1, 5)
	issued := m.issue(anID("a"), "01")
	issued.Request.Version = 2
	must(t, l.Record(ctx, []Change{issued}))
	expect(1, 1, 1, 5)
	must(t, l.Verify(ctx, 0, ""))
}

// TestNewest: the clock is compared with the newest of all events; a clock that a person accepted starts anew.
func TestNewest(t *testing.T) {
	l, ctx := fresh(t), t.Context()
	for _, step := range []struct {
		hours int
		kind  string
		want  int
	}{{48, EventHeld, 48}, {1, EventHeld, 48}, {2, EventClockAccepted, 2}, {1, EventHeld, 2}, {3, EventHeld, 3}} {
		at := func(hours int) string { return stamp(noon.AddDate(0, 0, hours)) }
		must(t, l.Append(ctx, Event{Time: noon.AddDate(0, 0, step.hours), Kind: step.kind}))
		if newest, err := l.Newest(ctx); err != nil || stamp(newest) != at(step.want) {
			t.Errorf("after an event of %s: %s, want %s, %v", at(step.hours), stamp(newest), at(step.want), err)
		}
	}
	must(t, l.Verify(ctx, 0, ""))
}

func TestOpenRefusesWhatIsNoLedger(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.db")
	if _, err := Open(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing ledger: %v", err)
	}
	text := []byte("not a database, whatever its name says, and long enough to be read as one")
	must(t, os.WriteFile(path, text, 0o600))
	if _, err := Open(path); err == nil {
		t.Error("text was opened as a ledger")
	}
}

// TestPublishedLate: what was published while another process decided otherwise is owed again, whether it was marked
// before or not.
func TestPublishedLate(t *testing.T) {
	l, ctx, m := fresh(t), t.Context(), newMaker(t)
	id := anID("a")
	first, issued := held(id), m.issue(id, "01ab")
	issued.Request.Version, issued.Answers = 1, first.Answers
	must(t, l.Record(ctx, []Change{first}))
	must(t, l.Record(ctx, []Change{issued}))
	answer := first.Answers[0]
	for _, step := range []struct {
		version, late int64
		owed          int
	}{{1, 0, 1}, {2, 0, 0}, {1, 1, 1}, {2, 0, 0}} {
		answer.Version = step.version
		late, err := l.MarkPublished(ctx, []Answer{answer})
		owed, err2 := collect(l.Owed(ctx, "x"))
		if err := errors.Join(err, err2); err != nil || late != step.late || len(owed) != step.owed {
			t.Errorf("version %d published: %d late, %d owed, %v", step.version, late, len(owed), err)
		}
	}
}

// TestOwedAgain: an answer that was published is owed again once the request is decided anew, under a name that a file
// system may take for the same.
func TestOwedAgain(t *testing.T) {
	l, ctx := fresh(t), t.Context()
	first := held(anID("a"))
	must(t, l.Record(ctx, []Change{first}))
	first.Answers[0].Version = 1
	_, err := l.MarkPublished(ctx, first.Answers)
	must(t, err)
	again := held(anID("a"))
	again.Request.Version, again.Answers[0].Name = 1, strings.ToUpper(again.Answers[0].Name)+"."
	for _, want := range []int{0, 1} {
		owed, err := collect(l.Owed(ctx, "x"))
		if err != nil || len(owed) != want {
			t.Errorf("owed %+v, %v, want %d", owed, err, want)
		}
		if want == 0 {
			must(t, l.Record(ctx, []Change{again}))
		}
	}
	all, err := collect(l.Answers(ctx, "x"))
	if err != nil || len(all) != 1 || all[0].Name != again.Answers[0].Name {
		t.Errorf("addresses %+v, %v", all, err)
	}
}

// TestChunks: a batch of any size is written by few statements, and whole.
func TestChunks(t *testing.T) {
	l, ctx := fresh(t), t.Context()
	var all []Change
	for i := range 2*largestChunk + 7 {
		all = append(all, held(anID(string(rune('a'+i)))))
	}
	must(t, l.Record(ctx, all))
	if held, _, err := l.Counts(ctx); err != nil || held != int64(len(all)) {
		t.Errorf("%d held of %d, %v", held, len(all), err)
	}
	for key := range l.write.prepared {
		if key.rows&(key.rows-1) != 0 || key.rows > largestChunk {
			t.Errorf("a statement for %d rows", key.rows)
		}
	}
	must(t, l.Verify(ctx, 0, ""))
}
