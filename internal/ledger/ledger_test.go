package ledger

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ca-exchange/internal/pki"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func fresh(t *testing.T) *Ledger {
	t.Helper()
	l, err := Create(filepath.Join(t.TempDir(), "ledger.db"), noon)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// anID gives a request id that is another for each text.
func anID(text string) pki.ID { return pki.RequestID(nil, []byte(text)) }

func issue(id pki.ID, serial string) Change {
	return Change{
		Request: Request{ID: id, Kind: KindRequest, Status: Issued, Name: "server", Serial: serial, Size: 10,
			Received: noon, Decided: noon},
		Entry: []byte("entry"),
		Certificate: &Certificate{Serial: serial, Request: id, Profile: "server", NotBefore: noon,
			NotAfter: noon.Add(time.Hour), Status: "Issued"},
		AnswerPEM: []byte("pem"),
		Answers:   []Answer{{Address: Address{"x", "", "Server"}, Request: id}},
		Event:     &Event{Time: noon, Kind: EventIssued, Request: id.String(), Serial: serial},
	}
}

func TestRecordAndRead(t *testing.T) {
	l, ctx := fresh(t), t.Context()
	id := anID("a")
	if err := l.Record(ctx, []Change{issue(id, "01ab")}); err != nil {
		t.Fatal(err)
	}
	known, err := l.Lookup(ctx, []pki.ID{id, anID("b")})
	r := known[id]
	if err != nil || len(known) != 1 || r.Status != Issued || r.Version != 1 || !r.Recorded() || !r.Received.Equal(noon) {
		t.Fatalf("Lookup = %+v, %v", known, err)
	}
	if b, err := l.Content(ctx, known[id]); err != nil || string(b) != "pem" {
		t.Errorf("Content = %q, %v", b, err)
	}
	if b, err := l.Entry(ctx, id); err != nil || string(b) != "entry" {
		t.Errorf("Entry = %q, %v", b, err)
	}
	asked := Address{"x", "", "sERVER"}
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
	if err := l.Verify(ctx, 0, ""); err != nil {
		t.Error(err)
	}
}

// One request, one certificate: the second writer is told, and nothing of its batch is kept.
func TestOneCertificatePerRequest(t *testing.T) {
	l, ctx := fresh(t), t.Context()
	id, other := anID("a"), anID("b")
	if err := l.Record(ctx, []Change{issue(id, "01")}); err != nil {
		t.Fatal(err)
	}
	if err := l.Record(ctx, []Change{issue(other, "02"), issue(id, "03")}); !errors.Is(err, ErrConflict) {
		t.Fatalf("a second certificate: %v, not ErrConflict", err)
	}
	again := issue(id, "03")
	again.Request.Version = 1
	if err := l.Record(ctx, []Change{again}); err == nil || !strings.Contains(err.Error(), "has certificate 01 already") {
		t.Fatalf("a second certificate with the right version: %v", err)
	}
	if known, _ := l.Lookup(ctx, []pki.ID{other}); len(known) != 0 {
		t.Error("half of a refused batch was kept")
	}
	again.ByPerson = true
	if err := l.Record(ctx, []Change{again}); err != nil {
		t.Errorf("a reissue: %v", err)
	}
	twice := issue(other, "03")
	if err := l.Record(ctx, []Change{twice}); err == nil {
		t.Error("a serial was used twice")
	}
}

func TestChainShowsEdits(t *testing.T) {
	for _, edit := range []string{
		"UPDATE events SET detail = '{\"a\":\"b\"}' WHERE seq = 2",
		"UPDATE events SET kind = 'Held' WHERE seq = 2",
		"UPDATE events SET time = '2026-11-24T12:00:01Z' WHERE seq = 2",
		"DELETE FROM events WHERE seq = 2",
		"DELETE FROM events WHERE seq = 1",
	} {
		l, ctx := fresh(t), t.Context()
		for _, serial := range []string{"01", "02"} {
			if err := l.Record(ctx, []Change{issue(anID(serial), serial)}); err != nil {
				t.Fatal(err)
			}
		}
		if err := l.Verify(ctx, 0, ""); err != nil {
			t.Fatal(err)
		}
		if _, err := l.writer.Exec(edit); err != nil {
			t.Fatal(err)
		}
		if err := l.Verify(ctx, 0, ""); err == nil {
			t.Errorf("%s: not noticed", edit)
		}
	}
}

func TestAnchorShowsARewrittenChain(t *testing.T) {
	l, ctx := fresh(t), t.Context()
	head, err := l.Head(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Verify(ctx, head.Seq, head.Hash); err != nil {
		t.Error(err)
	}
	if err := l.Verify(ctx, head.Seq, strings.Repeat("0", 64)); err == nil {
		t.Error("another hash at the anchor was not noticed")
	}
	if err := l.Verify(ctx, head.Seq+1, head.Hash); err == nil {
		t.Error("an anchor beyond the end was not noticed")
	}
}

// Two processes beside each other: both write, the later one of a pair about the same request is told.
func TestTwoProcesses(t *testing.T) {
	l, ctx := fresh(t), t.Context()
	beside, err := Open(l.path)
	if err != nil {
		t.Fatal(err)
	}
	defer beside.Close()
	id := anID("a")
	if err := l.Record(ctx, []Change{issue(id, "01")}); err != nil {
		t.Fatal(err)
	}
	if err := beside.Record(ctx, []Change{issue(id, "02")}); !errors.Is(err, ErrConflict) {
		t.Errorf("the second process: %v, not ErrConflict", err)
	}
	if known, err := beside.Lookup(context.Background(), []pki.ID{id}); err != nil || known[id].Serial != "01" {
		t.Errorf("the second process sees %+v, %v", known, err)
	}
}

func TestPressureCounts(t *testing.T) {
	l, ctx := fresh(t), t.Context()
	id := anID("a")
	held := Request{ID: id, Kind: KindRequest, Status: Held, Size: 700, Received: noon, Decided: noon}
	expect := func(rows, bytes int64) {
		t.Helper()
		if r, b, err := l.Pressure(ctx); err != nil || r != rows || b != bytes {
			t.Errorf("Pressure = %d, %d, %v; want %d, %d", r, b, err, rows, bytes)
		}
	}
	expect(0, 0)
	if err := l.Record(ctx, []Change{{Request: held}}); err != nil {
		t.Fatal(err)
	}
	expect(1, 700)
	held.Version, held.Authenticated = 1, true
	if err := l.Record(ctx, []Change{{Request: held}}); err != nil {
		t.Fatal(err)
	}
	expect(0, 0)
}

func TestOpenRefusesWhatIsNoLedger(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.db")
	if _, err := Open(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing ledger: %v", err)
	}
	text := []byte("not a database, whatever its name says, and long enough to be read as one")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path); err == nil {
		t.Error("text was opened as a ledger")
	}
}

func BenchmarkRecord(b *testing.B) {
	for name, size := range map[string]int{"1": 1, "256": 256} {
		b.Run("batch="+name, func(b *testing.B) {
			l, err := Create(filepath.Join(b.TempDir(), "ledger.db"), noon)
			if err != nil {
				b.Fatal(err)
			}
			defer l.Close()
			n := 0
			for b.Loop() {
				changes := make([]Change, size)
				for i := range changes {
					n++
					id := anID(time.Duration(n).String())
					changes[i] = issue(id, id.String()[:34])
					changes[i].Entry, changes[i].AnswerPEM = make([]byte, 1500), make([]byte, 1500)
					changes[i].Answers[0].Name = id.Short()
				}
				if err := l.Record(b.Context(), changes); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

// TestPublishedLate: what was published while another process decided otherwise is owed again, whether it was marked
// before or not.
func TestPublishedLate(t *testing.T) {
	l, ctx := fresh(t), t.Context()
	id := anID("a")
	held := Change{
		Request: Request{ID: id, Kind: KindRequest, Status: Held, Received: noon, Decided: noon},
		Answers: []Answer{{Address: Address{"x", "", "a"}, Request: id}},
	}
	issued := issue(id, "01ab")
	issued.Request.Version, issued.Answers = 1, held.Answers
	for _, c := range []Change{held, issued} {
		if err := l.Record(ctx, []Change{c}); err != nil {
			t.Fatal(err)
		}
	}
	answer := held.Answers[0]
	owed := func() (n int) {
		for _, err := range l.Owed(ctx, "x") {
			if err != nil {
				t.Fatal(err)
			}
			n++
		}
		return n
	}
	for _, step := range []struct {
		version, late int64
		owed          int
	}{{1, 0, 1}, {2, 0, 0}, {1, 1, 1}, {2, 0, 0}} {
		answer.Version = step.version
		if late, err := l.MarkPublished(ctx, []Answer{answer}); err != nil || late != step.late || owed() != step.owed {
			t.Errorf("version %d published: %d late, %d owed, %v", step.version, late, owed(), err)
		}
	}
}

// TestOwedAreFoundFirst: every pass asks what is owed, so that question must not grow with the answers there are.
func TestOwedAreFoundFirst(t *testing.T) {
	l := fresh(t)
	var plan []string
	rows, err := l.reader.Query("EXPLAIN QUERY PLAN "+owedQuery, "x")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var id, parent, unused int
		var step string
		if err := rows.Scan(&id, &parent, &unused, &step); err != nil {
			t.Fatal(err)
		}
		plan = append(plan, step)
	}
	if err := rows.Err(); err != nil || len(plan) == 0 || !strings.HasPrefix(plan[0], "SCAN owed") {
		t.Errorf("plan %q, %v", plan, err)
	}
}
