package inbox

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestReports: a host's report has one name, replaces the one before, and is neither an entry nor a stray; what only
// resembles one is a stray.
func TestReports(t *testing.T) {
	x := newExchange(t)
	file := ReportFile("cp1-admin", "cp1")
	if file != "cp1-admin-306b6a7bc62143ed.report" || !isReport(file) {
		t.Fatalf("its name is %q", file)
	}
	for _, text := range []string{"old", "new"} {
		if err := x.DropReport(file, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	x.put("inbox/sales-q3.report", "")
	x.put("inbox/team/"+file, "")
	if err := os.Mkdir(filepath.Join(x.inbox, ReportFile("a", "directory")), 0o755); err != nil {
		t.Fatal(err)
	}
	var seen []string
	strays := Strays{Report: func(file string) { seen = append(seen, file) }}
	for e, err := range x.EntriesAnd(&strays) {
		t.Errorf("an entry: %v, %v", e, err)
	}
	if len(seen) != 1 || seen[0] != file || strays.Count != 2 {
		t.Errorf("reports %q, %d strays: %q", seen, strays.Count, strays.First)
	}
	c := x.ReadReport(file)
	if string(c.Bytes) != "new" {
		t.Errorf("it holds %q", c.Bytes)
	}
	if err := x.RemoveReport(file, c.Stat); err != nil || x.ReadReport(file).State != Gone {
		t.Errorf("removed: %v", err)
	}
}

// TestRemoveReportLeavesLater: a report that came after the one that was read stays, also where a killed process had
// the older one aside.
func TestRemoveReportLeavesLater(t *testing.T) {
	x := newExchange(t)
	file := ReportFile("cp1-admin", "cp1")
	x.put("inbox/"+file, "old")
	old := x.ReadReport(file)
	if err := x.DropReport(file, []byte("newer")); err != nil {
		t.Fatal(err)
	}
	if err := x.RemoveReport(file, old.Stat); err != nil {
		t.Error(err)
	}
	x.put("inbox/"+asidePrefix+"abcdefghij-"+file, "old")
	if _, err := x.Recover(time.Now().Add(2 * asideAge)); err != nil {
		t.Error(err)
	}
	x.lies(x.inbox, map[string]string{file: "newer"})
	aside := filepath.Join(x.inbox, asidePrefix+"abcdefghij-"+file)
	if err := os.Rename(filepath.Join(x.inbox, file), aside); err != nil {
		t.Fatal(err)
	}
	if back, err := x.Recover(time.Now().Add(2 * asideAge)); back != 1 || err != nil {
		t.Errorf("%d back, %v", back, err)
	}
	x.lies(x.inbox, map[string]string{file: "newer"})
}
