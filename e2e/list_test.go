package e2e_test

import (
	"database/sql"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite"
)

// aged is an exchange with six certificates of different ages: the ledger's rows are moved in time, which no command
// can do.
func aged(t *testing.T) *exchange {
	t.Helper()
	x := newExchange(t, build(t), "--trust-inbox")
	for _, name := range []string{"fresh", "soon", "ended", "old", "again"} {
		x.drop(name+".csr", serverRequest(t, name))
	}
	x.ca(0, "sync", "-q")
	x.drop("next.csr", serverRequest(t, "again"))
	x.ca(0, "sync", "-q")
	db, err := sql.Open("sqlite", filepath.Join(x.dir, "ca", "ledger.db"))
	must(t, err)
	defer db.Close()
	for name, end := range map[string]int{"soon": 20, "ended": -3, "old": -40} {
		at := time.Now().Add(time.Duration(end)*24*time.Hour - time.Hour).Unix()
		result, err := db.Exec("UPDATE certificates SET not_before = ?, not_after = ? WHERE names LIKE ?",
			at-365*86400, at, "%"+name+".example%")
		must(t, err)
		if n, _ := result.RowsAffected(); n != 1 {
			t.Fatalf("%d certificates for %s", n, name)
		}
	}
	return x
}

// TestList: which certificates each choice of flags shows, in which state, and with which exit status.
func TestList(t *testing.T) {
	t.Parallel()
	long(t)
	x := aged(t)
	for _, test := range []struct {
		flags  string
		status int
		want   string
	}{
		{"", 0, "old Expired, ended Expired, soon Overdue, fresh Issued, again Issued"},
		{"--all --sort issue", 0,
			"again Issued, again Superseded, old Expired, ended Expired, soon Overdue, fresh Issued"},
		{"--status Superseded", 0, "again Superseded"},
		{"--expiring 30d", 6, "ended Expired, soon Overdue"},
		{"--expiring 1d --limit 1", 6, "ended Expired"},
		{"--expiring 4000d --status Issued", 0, "fresh Issued, again Issued"},
		{"--expiring 30d --name fresh*", 0, ""},
		{"--due", 6, "ended Expired, soon Overdue"},
		{"--overdue", 6, "ended Expired, soon Overdue"},
		{"--overdue --name fresh*", 0, ""},
		{"--superseded", 0, "again Superseded"},
		{"--node *", 0, ""},
		{"--due --name again.*", 0, ""},
		{"--status Expired --limit 1", 0, "old Expired"},
		{"--status Expired,Overdue --name [es]*.example", 0, "ended Expired, soon Overdue"},
		{"--profile client", 0, ""},
		{"--requester nobody", 0, ""},
		{"--issuer ca --limit 2 --sort end", 0, "old Expired, ended Expired"},
	} {
		args := append([]string{"list", "-o", "csv"}, strings.Fields(test.flags)...)
		rows, err := csv.NewReader(strings.NewReader(x.ca(test.status, args...))).ReadAll()
		must(t, err)
		var got []string
		for _, row := range rows[1:] {
			name := strings.TrimSuffix(strings.TrimPrefix(row[slices.Index(rows[0], "names")], "DNS:"), ".example")
			got = append(got, fmt.Sprintf("%s %s", name, row[slices.Index(rows[0], "status")]))
		}
		want := strings.Split(test.want, ", ")
		if !strings.Contains(test.flags, "--limit") { // what ends in one second has no order that a test could know
			slices.Sort(got)
			slices.Sort(want)
		}
		if strings.Join(got, ", ") != strings.Join(want, ", ") {
			t.Errorf("list %s: %q, want %q", test.flags, got, want)
		}
	}
	out := x.ca(0, "list", "--name", "ended.*")
	want := []string{"CERTIFICATE", "SERIAL", "EXPIRES", "RESIDUAL", "DUE", "ISSUER", "REQUESTER", "STATUS"}
	if lines := strings.Split(out, "\n"); !slices.Equal(strings.Fields(lines[0]), want) ||
		!strings.HasPrefix(lines[1], "server@ended.example ") || !strings.Contains(lines[1], " ended 3 days ago ") {
		t.Errorf("list prints\n%s", out)
	}
	out = x.ca(2, "list", "--due", "--all")
	if !strings.Contains(out, "--due, --overdue and --expiring never select superseded") {
		t.Errorf("%s", out)
	}
	if out := x.ca(2, "sync", "-o", "csv"); !strings.Contains(out, "--output csv: sync prints") {
		t.Errorf("%s", out)
	}
}

// flat makes of JSON's object about a revocation the two columns that CSV has.
func flat(item map[string]any) {
	revoked, _ := item["revoked"].(map[string]any)
	item["revoked"], item["reason"] = "", ""
	if revoked != nil {
		item["revoked"], item["reason"] = revoked["time"], revoked["reason"]
	}
}

// TestCSVEqualsJSON: a database reads from CSV what JSON says, but for the apostrophe before what a spreadsheet would
// take for a formula.
func TestCSVEqualsJSON(t *testing.T) {
	t.Parallel()
	needs(t, "sqlite3")
	x := aged(t)
	x.edit(`UPDATE certificates SET requester = '=1+1', node = '@a', subject = 'CN="a, ""b"' || char(13, 10) ||
		' c"' WHERE num = 1;
		UPDATE certificates SET requester = '-a', node = '+a', profile = char(9) || 'a' WHERE num = 2`)
	var list struct{ Items []map[string]any }
	x.decode(&list, "list", "--all", "-o", "json")
	must(t, os.WriteFile(filepath.Join(x.dir, "list.csv"), []byte(x.ca(0, "list", "--all", "-o", "csv")), 0o600))
	var rows []map[string]string
	out := x.run(0, "sqlite3", "-json", ":memory:", ".import --csv list.csv t", "SELECT * FROM t")
	must(t, json.Unmarshal([]byte(out), &rows))
	if len(rows) != len(list.Items) || len(rows) != 6 {
		t.Fatalf("%d rows for %d items", len(rows), len(list.Items))
	}
	guarded := 0
	for i, item := range list.Items {
		flat(item)
		if len(rows[i]) != len(item) {
			columns, keys := slices.Sorted(maps.Keys(rows[i])), slices.Sorted(maps.Keys(item))
			t.Errorf("the columns are %q, the keys %q", columns, keys)
		}
		for key, value := range item {
			want := fmt.Sprint(value)
			if names, ok := value.([]any); ok {
				want = strings.Trim(fmt.Sprint(names), "[]")
			}
			if strings.ContainsRune("=+-@\t", rune((want + " ")[0])) {
				want, guarded = "'"+want, guarded+1
			}
			if rows[i][key] != want {
				t.Errorf("%s is %q in CSV, %q in JSON", key, rows[i][key], want)
			}
		}
	}
	if guarded != 5 {
		t.Errorf("%d cells were guarded, not 5", guarded)
	}
}
