package pass

import (
	"bytes"
	"cmp"
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"ca-exchange/internal/inbox"
	"ca-exchange/internal/ledger"
	"ca-exchange/internal/request"
)

// report is what the asker's host says, signed, after a change.
func (a *asker) report(change func(*request.HostReport)) []byte {
	a.Helper()
	r := request.HostReport{
		Requester: "me", Node: "n1", Trust: a.c.Trust().Fingerprint, Time: a.c.Now(), Program: "component-admin",
	}
	if change != nil {
		change(&r)
	}
	text, err := r.Encode()
	if err == nil {
		text, err = request.SignReport(text, a.signer)
	}
	if err != nil {
		a.Fatal(err)
	}
	return text
}

// put writes a file into the inbox.
func (a *asker) put(file string, content []byte) {
	a.Helper()
	if err := os.WriteFile(filepath.Join(a.x.Path(), "inbox", file), content, 0o644); err != nil {
		a.Fatal(err)
	}
}

// lies is what the inbox and rejected/ hold.
func (a *asker) lies() []string {
	a.Helper()
	var all []string
	for _, dir := range []string{"inbox", "rejected"} {
		names, err := filepath.Glob(filepath.Join(a.x.Path(), dir, "*"))
		if err != nil {
			a.Fatal(err)
		}
		all = append(all, names...)
	}
	return all
}

func (a *asker) reports() []ledger.HostReport {
	a.Helper()
	var all []ledger.HostReport
	for r, err := range a.c.Ledger().HostReports(a.Context(), a.c.Now().Add(time.Hour)) {
		if err != nil {
			a.Fatal(err)
		}
		all = append(all, r)
	}
	return all
}

// TestHostReportsAreTaken: a host's report goes into the ledger as it came, and out of the inbox; a later one replaces
// it; the request beside it is answered as ever.
func TestHostReportsAreTaken(t *testing.T) {
	t.Parallel()
	a := enrolled(t)
	a.drop("www.example", "")
	first := a.report(nil)
	a.put(inbox.ReportFile("me", "n1"), first)
	if sum := passOver(t, a.c, a.x, newMemory()); sum.Reports != 1 || sum.Issued != 1 {
		t.Fatalf("%+v", sum)
	}
	if all := a.reports(); len(all) != 1 || all[0].Node != "n1" || !bytes.Equal(all[0].Body, first) {
		t.Errorf("%+v", all)
	}
	a.put(inbox.ReportFile("me", "n1"), a.report(func(r *request.HostReport) {
		r.Time, r.Program = r.Time.Add(time.Minute), "later"
	}))
	a.put(inbox.ReportFile("me", "n2"), a.report(func(r *request.HostReport) { r.Node = "n2" }))
	if sum := passOver(t, a.c, a.x, newMemory()); sum.Reports != 2 {
		t.Errorf("%+v", sum)
	}
	if all := a.reports(); len(all) != 2 || !strings.Contains(string(all[0].Body), "later") {
		t.Errorf("%+v", all)
	}
	if left := a.lies(); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
}

// foreignReports are files with the names of reports that are none of the asker's, by node.
func (a *asker) foreignReports() map[string][]byte {
	a.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		a.Fatal(err)
	}
	stranger := *a
	if stranger.signer, err = ssh.NewSignerFromKey(key); err != nil {
		a.Fatal(err)
	}
	asRequest, err := request.Sign([]byte("{}\n"), a.signer)
	if err != nil {
		a.Fatal(err)
	}
	node := func(n string) func(*request.HostReport) { return func(r *request.HostReport) { r.Node = n } }
	at := func(n string, ahead time.Duration) []byte {
		return a.report(func(r *request.HostReport) { r.Node, r.Time = n, r.Time.Add(ahead) })
	}
	return map[string][]byte{
		"stranger":  stranger.report(node("stranger")),
		"elsewhere": a.report(node("another-node")),
		"claimed":   a.report(func(r *request.HostReport) { r.Node, r.Requester = "claimed", "you" }),
		"foreign": a.report(func(r *request.HostReport) {
			r.Node, r.Trust = "foreign", "sha256:"+strings.Repeat("0", 64)
		}),
		"ahead":   at("ahead", reportAhead+time.Minute),
		"old":     at("old", -ledger.ReportLife-time.Minute),
		"altered": bytes.Replace(a.report(node("altered")), []byte("component-admin"), []byte("component_admin"), 1),
		"request": asRequest,
		"large":   bytes.Repeat([]byte("x"), inbox.Limit+1),
	}
}

// TestHostReportsThatAreNot: whatever else has a report's name goes, into no other directory, and nothing of it is
// recorded; a copy under way and a directory stay.
func TestHostReportsThatAreNot(t *testing.T) {
	t.Parallel()
	a, log := enrolled(t), &remembered{}
	a.c.Log = slog.New(slog.NewTextHandler(log, nil))
	for n, content := range a.foreignReports() {
		requester := map[string]string{"claimed": "you"}[n]
		a.put(inbox.ReportFile(cmp.Or(requester, "me"), n), content)
	}
	a.put(inbox.ReportFile("me", "under-way"), a.report(func(r *request.HostReport) { r.Node = "under-way" })[:100])
	inside := filepath.Join(a.x.Path(), "inbox")
	if err := os.Mkdir(filepath.Join(inside, inbox.ReportFile("me", "directory")), 0o755); err != nil {
		t.Fatal(err)
	}
	marker := filepath.Join(a.x.Path(), "exchange.json")
	if err := os.Symlink(marker, filepath.Join(inside, inbox.ReportFile("me", "link"))); err != nil {
		t.Fatal(err)
	}
	sum := passOver(t, a.c, a.x, newMemory())
	if all := a.reports(); sum.Reports != 0 || len(all) > 0 {
		t.Errorf("%+v, %+v", sum, all)
	}
	if left := a.lies(); len(left) != 2 {
		t.Errorf("left: %q", left)
	}
	if _, err := os.Stat(marker); err != nil {
		t.Error(err)
	}
	for _, said := range []string{"no enrolled key signed were removed\" count=1", "refused and removed\" count=9"} {
		if log.count(said) != 1 {
			t.Errorf("the log does not say %s", said)
		}
	}
}

// TestReplayedReport: a report that was taken before, or one from before it, changes nothing when it comes again.
func TestReplayedReport(t *testing.T) {
	t.Parallel()
	a := enrolled(t)
	file := inbox.ReportFile("me", "n1")
	old := a.report(func(r *request.HostReport) { r.Time = r.Time.Add(-time.Hour) })
	for _, content := range [][]byte{old, a.report(nil), old} {
		a.put(file, content)
		passOver(t, a.c, a.x, newMemory())
	}
	all := a.reports()
	if len(all) != 1 || a.c.Now().Sub(all[0].Time) > time.Minute || len(a.lies()) > 0 {
		t.Errorf("%+v, left %q", all, a.lies())
	}
}

// TestReportsOff: where the policy takes no reports, hosts are not asked for any, and what comes goes unread.
func TestReportsOff(t *testing.T) {
	t.Parallel()
	a := enrolled(t)
	a.put(inbox.ReportFile("me", "n1"), a.report(nil))
	policy := filepath.Join(a.c.Dir().Path(), "policy.yaml")
	text, err := os.ReadFile(policy)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(policy, append(text, "\nreports: false\n"...), 0o600); err != nil {
		t.Fatal(err)
	}
	passOver(t, a.c, a.x, newMemory())
	features, err := os.ReadFile(filepath.Join(a.x.Path(), "outbox", inbox.FeaturesFile))
	if err != nil || strings.Contains(string(features), "report") || len(a.reports())+len(a.lies()) > 0 {
		t.Errorf("%s, %v, %+v, left %q", features, err, a.reports(), a.lies())
	}
}

// TestReportFlood: any number of files with a report's name costs a bounded look after the requests are answered, and
// all of them are gone after some passes, none to rejected/ (P14).
func TestReportFlood(t *testing.T) {
	t.Parallel()
	a := enrolled(t)
	const many = reportsSeen + 100
	for i := range many {
		a.put(inbox.ReportFile("x", fmt.Sprint(i)), []byte("nothing\n-----END SSH SIGNATURE-----\n"))
	}
	a.put(inbox.ReportFile("me", "n1"), a.report(nil))
	a.drop("www.example", "")
	m := newMemory()
	if sum := passOver(t, a.c, a.x, m); sum.Issued != 1 || len(a.lies()) < 101 {
		t.Errorf("%+v, %d files left", sum, len(a.lies()))
	}
	for range many / batchSize {
		if len(a.lies()) == 0 {
			break
		}
		passOver(t, a.c, a.x, m)
	}
	if left := a.lies(); len(left) > 0 || len(a.reports()) != 1 || len(m.left) > 0 {
		t.Errorf("%d files left, %d reports, %d remembered", len(left), len(a.reports()), len(m.left))
	}
}
