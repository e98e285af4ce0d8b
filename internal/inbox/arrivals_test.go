package inbox

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"ca-exchange/internal/durable"
)

const signedEntry = whole + "-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----\n"

func TestSigned(t *testing.T) {
	for text, want := range map[string]bool{
		"": false, whole: false, signedEntry: true, strings.TrimSpace(signedEntry): true, signedEntry + "\r\n\n": true,
		signedEntry + whole: false, signedEntry + " x": false,
	} {
		if (Content{Bytes: []byte(text)}).Signed() != want {
			t.Errorf("%q counts as signed: %t", text, !want)
		}
	}
}

// TestSignedArriveFirst: one signed request among 2,000 unsigned ones comes before all of them.
func TestSignedArriveFirst(t *testing.T) {
	x := newExchange(t)
	x.many(2000, whole)
	x.put("inbox/team/s.csr", signedEntry)
	x.put("inbox/s.csr", signedEntry)
	x.put("inbox/bad name.csr", signedEntry)
	var names []string
	for a, err := range x.Arrivals(Left{}, nil) {
		must(t, err)
		names = append(names, a.Entry.Team+"/"+a.Entry.File)
		if a.Entry.Legal != (a.Content.Bytes != nil) {
			t.Errorf("%s: legal %t, read %d bytes", a.Entry.File, a.Entry.Legal, len(a.Content.Bytes))
		}
	}
	slices.Sort(names[:2])
	if len(names) != 2003 || !slices.Equal(names[:2], []string{"/s.csr", "team/s.csr"}) {
		t.Errorf("%d arrive, first %v", len(names), names[:2])
	}
	slices.Sort(names)
	if len(slices.Compact(names)) != 2003 {
		t.Error("one arrived twice")
	}
}

// TestArrivalsHoldLittleBack: beyond its bounds an unsigned entry goes on although the inbox is not read to its end.
func TestArrivalsHoldLittleBack(t *testing.T) {
	for _, c := range []struct{ entries, size, most int }{
		{heldEntries + 100, 1, heldEntries}, {100, Limit, heldBytes / Limit},
	} {
		x := newExchange(t)
		x.many(c.entries, strings.Repeat("\x00", c.size))
		listed, arrived, most := 0, 0, 0
		left := Left{Has: func(Entry) bool { listed++; return false }}
		for range x.Arrivals(left, nil) {
			most = max(most, listed-arrived)
			arrived++
		}
		if arrived != c.entries || most != c.most+1 { // the one that is handed over is not held any more
			t.Errorf("%d of %d arrive, at most %d were read ahead, want %d", arrived, c.entries, most, c.most+1)
		}
	}
}

// TestLeftEntriesAreNotRead: what the caller remembers is passed over while it is unchanged.
func TestLeftEntriesAreNotRead(t *testing.T) {
	x := newExchange(t)
	x.put("inbox/a.csr", whole)
	x.put("inbox/b.csr", whole)
	remembered := map[Entry]durable.Stat{}
	left := Left{
		Has:  func(e Entry) bool { _, ok := remembered[e]; return ok },
		Same: func(e Entry, now durable.Stat) bool { return remembered[e].Same(now) },
	}
	pass := func() (names []string) {
		for a, err := range x.Arrivals(left, nil) {
			must(t, err)
			remembered[a.Entry] = a.Content.Stat
			names = append(names, a.Entry.Name)
		}
		slices.Sort(names)
		return names
	}
	for _, want := range []string{"[a b]", "[]"} {
		if got := fmt.Sprint(pass()); got != want {
			t.Errorf("a pass over %s, want %s", got, want)
		}
	}
	x.put("inbox/b.csr", signedEntry)
	if got := fmt.Sprint(pass()); got != "[b]" {
		t.Errorf("after a change of b: %s", got)
	}
}

// TestArrivalsLeftEarly: whoever stops hears no more of it, wherever that is.
func TestArrivalsLeftEarly(t *testing.T) {
	x := newExchange(t)
	x.put("inbox/s.csr", signedEntry)
	x.many(heldEntries+10, "\x00")
	before := descriptors(t)
	for _, stop := range []int{1, 2, heldEntries} {
		n := 0
		for range x.Arrivals(Left{}, nil) {
			if n++; n == stop {
				break
			}
		}
	}
	if after := descriptors(t); after != before {
		t.Errorf("%d descriptors are open, %d were", after, before)
	}
}
