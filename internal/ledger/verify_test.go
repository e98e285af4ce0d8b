package ledger

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// busy is a ledger in which everything happened: issued, reissued by a person, held, held and issued, denied.
func busy(t testing.TB) *Ledger {
	t.Helper()
	l, m := fresh(t), newMaker(t)
	m.chain = nil
	again := m.issue(anID("issued"), "02")
	again.Request.Version, again.ByPerson, again.Event.Kind = 1, true, EventApproved
	approved := m.issue(anID("waited"), "03")
	approved.Request.Version, approved.Entry = 1, nil
	denied := held(anID("denied"))
	denied.Request.Kind, denied.Request.Status, denied.Event.Kind = KindRefused, Denied, EventDenied
	for _, batch := range [][]Change{
		{m.issue(anID("issued"), "01"), held(anID("waits")), held(anID("waited"))}, {again, approved}, {denied},
	} {
		must(t, l.Record(t.Context(), batch))
	}
	must(t, l.Verify(t.Context(), 0, ""))
	return l
}

// edited is an edit of a busy ledger behind the program's back, and what Verify lists then.
type edited struct{ edit, want string }

func (e edited) try(t *testing.T) {
	t.Helper()
	l := busy(t)
	edit(t, l, e.edit)
	broken, ok := errors.AsType[*Broken](l.Verify(t.Context(), 0, ""))
	if !ok {
		t.Errorf("%s: not noticed", e.edit)
		return
	}
	if all := strings.Join(broken.Differences, "\n"); !strings.Contains(all, e.want) {
		t.Errorf("%s:\n%s\nwant %s", e.edit, all, e.want)
	}
}

// TestVerifyShowsEditedEvents: every edit of the chain and of the counters is found, and named by its event.
func TestVerifyShowsEditedEvents(t *testing.T) {
	for _, e := range []edited{
		{`UPDATE events SET detail = '{"a":"b"}' WHERE seq = 2`,
			"event 2 was changed, or an event before it was removed"},
		{"UPDATE events SET kind = 'Held' WHERE seq = 2", "event 2 was changed"},
		{"UPDATE events SET time = time + 1 WHERE seq = 2", "event 2 was changed"},
		{"UPDATE events SET about = 2 WHERE seq = 2", "event 2 was changed"},
		{"UPDATE events SET serial = x'05' WHERE seq = 2", "event 2 was changed"},
		{"DELETE FROM events WHERE seq = 2", "event 3 was changed, or an event before it was removed"},
		{"DELETE FROM events WHERE seq = 1", "event 2 was changed, or an event before it was removed"},
		{"DELETE FROM events WHERE seq = 7", "the last event is 6:"},
		{"UPDATE counters SET newest = 0", "the counters are newest 0,"},
		{"UPDATE counters SET certificates = 9", "the counters are newest"},
	} {
		e.try(t)
	}
}

// TestVerifyShowsEditedCertificates: every edit of a certificate is found, and named by its serial.
func TestVerifyShowsEditedCertificates(t *testing.T) {
	for _, e := range []edited{
		{"UPDATE ders SET der = (SELECT der FROM ders WHERE certificate = 2) WHERE certificate = 1",
			"certificate 01: its row has the fingerprint"},
		{"DELETE FROM ders WHERE certificate = 1", "certificate 01: its row has the fingerprint"},
		{"DELETE FROM ders WHERE certificate = 3; DELETE FROM certificates WHERE num = 3",
			"certificate 03, which event 6 issued, is missing"},
		{"UPDATE certificates SET not_after = not_after + 1 WHERE num = 1", "certificate 01: its row says end"},
		{"UPDATE certificates SET not_before = 0 WHERE num = 1", "certificate 01: its row says begin"},
		{`UPDATE certificates SET subject = 'CN="x"' WHERE num = 1`, `certificate 01: its row says subject CN="x"`},
		{`UPDATE certificates SET names = '["DNS:x"]' WHERE num = 1`, `certificate 01: its row says names ["DNS:x"]`},
		{"UPDATE certificates SET requester = 'x' WHERE num = 1",
			`certificate 01: its requester is "x", event 2 says "cp1-admin"`},
		{"UPDATE certificates SET profile = 'x' WHERE num = 1",
			`certificate 01: its profile is "x", event 2 says "server"`},
		{"UPDATE certificates SET node = 'x' WHERE num = 1", `certificate 01: its node is "x", event 2 says "cp1"`},
		{"UPDATE certificates SET replaces = 2 WHERE num = 1", "certificate 01: its replaced certificate is"},
		{"UPDATE issuers SET name = 'x'", `certificate 01: its issuer is "x", event 2 says "ca"`},
		{"UPDATE certificates SET serial = x'07' WHERE num = 1", "certificate 07: no event issued it"},
		{"UPDATE requests SET key_fingerprint = x'07' WHERE num = 1", "certificate 01: its row says key 07"},
		{"UPDATE certificates SET fingerprint = x'07' WHERE num = 1", "certificate 01: its row has the fingerprint 07"},
		{"INSERT INTO published VALUES (1, 'x')", "certificate 01: its answer cannot be read"},
		{"UPDATE certificates SET place = 7 WHERE num = 1", "certificate 01: its row has the place 7, which is "},
		{"UPDATE certificates SET superseded = 1 - superseded WHERE num = 1",
			"certificate 01: its row does not say whether another one superseded it"},
		{"UPDATE certificates SET superseded = 1 - superseded WHERE num = 3",
			"certificate 03: its row does not say whether another one superseded it"},
	} {
		e.try(t)
	}
}

// TestVerifyShowsEditedRequests: every edit of a request or of its bytes is found, and named by its id.
func TestVerifyShowsEditedRequests(t *testing.T) {
	id := func(text string) string { return "request " + anID(text).Short() }
	for _, e := range []edited{
		{"UPDATE requests SET status = 'Held' WHERE num = 1", id("issued") + " is Held, event 5 made it Issued"},
		{"UPDATE requests SET status = 'Denied' WHERE num = 2", id("waits") + " is Denied, event 3 made it Held"},
		{"UPDATE requests SET certificate = 1 WHERE num = 1",
			id("issued") + ` has certificate "01", event 5 says "02"`},
		{"UPDATE requests SET certificate = NULL WHERE num = 1",
			id("issued") + ` has certificate "", event 5 says "02"`},
		{"UPDATE requests SET requester = 'x' WHERE num = 2",
			id("waits") + ": its row or its bytes are not those that event 3 recorded"},
		{"UPDATE requests SET names = '[\"DNS:x\"]' WHERE num = 2", id("waits") + ": its row or its bytes"},
		{"UPDATE requests SET kind = 'Request' WHERE num = 4",
			id("denied") + ": its row or its bytes are not those that event 7 recorded"},
		{"UPDATE bodies SET entry = 'other' WHERE request = 2",
			id("waits") + ": its row or its bytes are not those that event 3 recorded"},
		{"UPDATE bodies SET notice = 'other' WHERE request = 2", id("waits") + ": its row or its bytes"},
		{"DELETE FROM bodies WHERE request = 2", id("waits") + ": its row or its bytes"},
		{"UPDATE requests SET id = zeroblob(32) WHERE num = 2", "event 3 was changed"},
		{"INSERT INTO requests (num, id, kind, version, " + requestFields + ") SELECT 9, zeroblob(32), kind, 1, " +
			requestFields + " FROM requests WHERE num = 2", "request 0000000000000000: no event decided on it"},
	} {
		e.try(t)
	}
}

// edit does what a person with a sqlite3 shell can do: no reference is checked there.
func edit(t testing.TB, l *Ledger, statements string) {
	t.Helper()
	conn, err := l.writer.Conn(t.Context())
	must(t, err)
	defer conn.Close()
	_, err = conn.ExecContext(t.Context(), "PRAGMA foreign_keys = 0; "+statements)
	must(t, err)
}

// TestVerifyOld: rows that version 1 made are compared with what its events hold, and with their own bytes.
func TestVerifyOld(t *testing.T) {
	for _, test := range []struct{ edit, want string }{
		{"UPDATE certificates SET not_after = not_after + 1 WHERE num = 1", ": its row says end"},
		{"UPDATE certificates SET profile = 'x' WHERE num = 1", `: its profile is "x"`},
		{"UPDATE chains SET der = (SELECT der FROM ders WHERE certificate = 1)",
			`: its chain does not begin with issuer "ca"`},
		{"UPDATE requests SET status = 'Denied' WHERE num = 3", " is Denied, event 6 made it Issued"},
		{"UPDATE requests SET requester = 'x' WHERE num = 3", `: its row says requester "x", its bytes do not`},
		{"UPDATE requests SET key_fingerprint = x'07' WHERE num = 3", ": its row says key 07, its bytes "},
		{"UPDATE requests SET reason = 'x' WHERE num = 1", ` has the reason "x", event 4 says "ScopeName"`},
		{"UPDATE bodies SET entry = (SELECT entry FROM bodies WHERE request = 10) WHERE request = 1",
			": its bytes are those of another request"},
		{"UPDATE bodies SET entry = 'text' WHERE request = 1", ": its bytes hold no request"},
	} {
		path := oldLedger(t)
		_, err := Migrate(path, noon, noProgress)
		must(t, err)
		l, err := Open(path)
		must(t, err)
		edit(t, l, test.edit)
		broken, ok := errors.AsType[*Broken](l.Verify(t.Context(), 0, ""))
		if !ok || !strings.Contains(strings.Join(broken.Differences, "\n"), test.want) {
			t.Errorf("%s: %v\nwant %s", test.edit, broken, test.want)
		}
		must(t, l.Close())
	}
}

// TestVerifyLists the first differences and counts the others, those of the chain first.
func TestVerifyLists(t *testing.T) {
	l := fresh(t)
	var all []Change
	for i := range 50 {
		all = append(all, held(anID(fmt.Sprint(i))))
	}
	must(t, l.Record(t.Context(), all))
	edit(t, l, "UPDATE requests SET requester = 'x'; UPDATE events SET time = 0 WHERE seq = 51")
	broken, ok := errors.AsType[*Broken](l.Verify(t.Context(), 0, ""))
	if !ok || len(broken.Differences) != mostDifferences || broken.More != 31 ||
		!strings.HasPrefix(broken.Differences[0], "event 51 was changed") {
		t.Errorf("%+v", broken)
	}
}

func TestAnchorShowsARewrittenChain(t *testing.T) {
	l, ctx := fresh(t), t.Context()
	head, err := l.Head(ctx)
	must(t, err)
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
