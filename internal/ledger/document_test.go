package ledger

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// TestDocument runs every query of docs/ledger.md, through the driver and, where there is one, in the sqlite3 shell.
func TestDocument(t *testing.T) {
	text, err := os.ReadFile("../../docs/ledger.md")
	must(t, err)
	l := busy(t)
	query := regexp.MustCompile(`(?m)^    sqlite3 -readonly ca/ledger.db "(.*)"$`)
	found := query.FindAllStringSubmatch(string(text), -1)
	if len(found) < 8 {
		t.Fatalf("only %d queries", len(found))
	}
	for _, match := range found {
		rows, err := l.reader.Query(match[1])
		if err != nil {
			t.Errorf("%s: %v", match[1], err)
			continue
		}
		must(t, rows.Close())
		if shell, err := exec.LookPath("sqlite3"); err == nil {
			if out, err := exec.Command(shell, "-readonly", l.path, match[1]).CombinedOutput(); err != nil {
				t.Errorf("%s: %v: %s", match[1], err, out)
			}
		}
	}
	for _, view := range []string{"requests", "certificates", "answers", "events"} {
		if !strings.Contains(string(text), view+"_hex") {
			t.Errorf("%s_hex is not in the document", view)
		}
	}
}

// TestViews shows one row of each view.
func TestViews(t *testing.T) {
	l := busy(t)
	for _, test := range []struct{ query, want string }{
		{"SELECT id || ' ' || serial || ' ' || decided FROM requests_hex WHERE num = 1",
			anID("issued").String() + " 02 2026-11-24T12:00:00Z"},
		{"SELECT serial || ' ' || issuer || generation || ' ' || not_after FROM certificates_hex WHERE num = 3",
			"03 ca1 2026-11-24T13:00:00Z"},
		{"SELECT exchange || team || name || ' ' || status FROM answers_hex WHERE num = 2",
			"xheld-" + anID("waits").Short() + " Held"},
		{"SELECT seq || ' ' || time || ' ' || kind || request || previous FROM events_hex WHERE seq = 1",
			"1 2026-11-24T12:00:00Z Created" + origin},
	} {
		var got string
		if err := l.reader.QueryRow(test.query).Scan(&got); err != nil || got != test.want {
			t.Errorf("%s: %q, %v, want %q", test.query, got, err, test.want)
		}
	}
}
