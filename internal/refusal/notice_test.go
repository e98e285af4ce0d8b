package refusal

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

// A notice is never larger than what its reader takes, whatever was asked.
func TestNoticeIsBounded(t *testing.T) {
	when := time.Date(2026, 11, 24, 12, 0, 0, 500, time.FixedZone("x", 3600))
	worst := New(ScopeName, "names", strings.Repeat("\x01", 400), strings.Repeat("\x02", 300))
	many := func(n int, last ...Refusal) (all []Refusal) {
		for range n {
			all = append(all, worst)
		}
		return append(all, last...)
	}
	for name, test := range map[string]struct {
		refusals []Refusal
		message  string
		listed   int
		ends     string
		first    Code
	}{
		"none":           {nil, "m", 0, "m", ""},
		"as many as fit": {[]Refusal{New(ScopeName, "names", "a", "b")}, "m", 1, "m", ScopeName},
		"a thousand":     {many(1000), "m", 20, " more refusals are not listed)", ScopeName},
		"a denial is last": {many(1000, New(NameDNS, "names", "a", "b")), "m", 20, " more refusals are not listed)",
			NameDNS},
		"a long message": {many(1), strings.Repeat("\x03ä", 40<<10), 0, "…", ""},
	} {
		b, err := Notice{Request: "ab", Status: "Held", Message: test.message, Refusals: test.refusals,
			Time: when}.Encode()
		if err != nil || len(b) > MaxEntry {
			t.Errorf("%s: %d bytes, %v", name, len(b), err)
			continue
		}
		n, err := ParseNotice(b)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if len(n.Refusals) < test.listed || len(n.Refusals) > maxFindings || !strings.HasSuffix(n.Message, test.ends) {
			t.Errorf("%s: %d refusals, message ends %q", name, len(n.Refusals), n.Message[max(0, len(n.Message)-40):])
		}
		if test.first != "" && n.Refusals[0].Code != test.first {
			t.Errorf("%s: %s is first", name, n.Refusals[0].Code)
		}
		if again, err := n.Encode(); err != nil || !bytes.Equal(again, b) {
			t.Errorf("%s: read back it encodes to other bytes, %v", name, err)
		}
	}
}

// What is no notice of this version is refused, with the reason.
func TestParseNoticeRefuses(t *testing.T) {
	good, err := Notice{Request: "ab", Status: "Held"}.Encode()
	if err != nil {
		t.Fatal(err)
	}
	for want, text := range map[string]string{
		"reading a notice: unexpected EOF":            string(good[:40]),
		`reading a notice: json: unknown field "own"`: strings.Replace(string(good), `"kind"`, `"own"`, 1),
		"not a notice of ca-exchange/v1":              strings.Replace(string(good), `"Held"`, `"Issued"`, 1),
		"something follows the notice":                string(good) + "{}",
	} {
		if _, err := ParseNotice([]byte(text)); err == nil || err.Error() != want {
			t.Errorf("%v, not %s", err, want)
		}
	}
	for _, old := range []string{`"ca-exchange/v1"`, `"Answer"`} {
		text := strings.Replace(string(good), old, `"x"`, 1)
		if _, err := ParseNotice([]byte(text)); err == nil || err.Error() != "not a notice of ca-exchange/v1" {
			t.Errorf("without %s: %v", old, err)
		}
	}
}

// Every code has a row of its own, with both sentences.
func TestMeanings(t *testing.T) {
	seen := map[Code]bool{}
	for _, m := range meanings {
		if seen[m.code] || m.code.Meaning() == "" || m.code.Hint() == "" || m.code.Outcome() == Issue {
			t.Errorf("%s: twice, or without a sentence", m.code)
		}
		seen[m.code] = true
	}
	if c := Code("of-next-year"); c.Outcome() != Deny || c.Meaning() != "" || c.Hint() != "" {
		t.Errorf("an unknown code: %s %q %q", c.Outcome(), c.Meaning(), c.Hint())
	}
}
