package e2e_test

import (
	"database/sql"
	"flag"
	"fmt"
	"maps"
	"os"
	"regexp"
	"sort"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
	_ "modernc.org/sqlite"

	"ca-exchange/internal/pki"
	"ca-exchange/internal/refusal"
	"ca-exchange/internal/request"
	"ca-exchange/internal/request/requesttest"
)

var update = flag.Bool("update", false, "write the pages anew that tests compare with")

// TestRefusalsDocument makes docs/refusals.md out of the table of codes and one real example of each, taken from the
// notices that the real binary writes.
func TestRefusalsDocument(t *testing.T) {
	long(t)
	t.Parallel()
	examples := refusalExamples(t)
	var b strings.Builder
	b.WriteString("# Refusals\n\n" +
		"Every reason for which a request is held or denied, with its stable code: in notices, in `pending -o json`, " +
		"in `show`. *deny*\nis final for these bytes; what is on *hold* a person may approve. A notice gives all " +
		"reasons at once. The examples are real\n" +
		"(`go test ./e2e -run TestRefusalsDocument -update` writes this page); `asked` comes from the request and is " +
		"always quoted.\n\n")
	b.WriteString("| code | outcome | what is wrong | what the asking side can do | example: field, asked, allowed " +
		"|\n|---|---|---|---|---|\n")
	for _, code := range codesInSource(t) {
		example, ok := examples[code]
		if !ok {
			t.Errorf("%s: no entry of the tests is refused for it", code)
		}
		cells := []string{"`" + string(code) + "`", code.Outcome().String(), code.Meaning(), code.Hint(),
			strings.Join(nonEmpty(example.Field, example.Asked, example.Allowed), " · ")}
		for i, c := range cells {
			cells[i] = strings.ReplaceAll(c, "|", "\\|")
		}
		b.WriteString("| " + strings.Join(cells, " | ") + " |\n")
	}
	const file = "../docs/refusals.md"
	have, err := os.ReadFile(file)
	if *update {
		must(t, os.WriteFile(file, []byte(b.String()), 0o644))
	} else if err != nil || withoutExamples(string(have)) != withoutExamples(b.String()) {
		t.Errorf("docs/refusals.md is stale (%v): go test ./e2e -run TestRefusalsDocument -update", err)
	}
}

// codesInSource lists the codes in the order of their table, which the product has no use for.
func codesInSource(t *testing.T) []refusal.Code {
	t.Helper()
	source, err := os.ReadFile("../internal/refusal/codes.go")
	must(t, err)
	var codes []refusal.Code
	declared := regexp.MustCompile(`(?m)^\t[A-Z]\w* +Code = "([a-z0-9-]+)"$`)
	for _, m := range declared.FindAllStringSubmatch(string(source), -1) {
		codes = append(codes, refusal.Code(m[1]))
	}
	return codes
}

// withoutExamples leaves out the examples, whose keys and times differ every time.
func withoutExamples(page string) string {
	lines := strings.Split(page, "\n")
	for i, line := range lines {
		if cells := strings.Split(line, " | "); len(cells) > 4 {
			lines[i] = strings.Join(cells[:4], " | ")
		}
	}
	return strings.Join(lines, "\n")
}

func nonEmpty(items ...string) []string {
	var kept []string
	for _, s := range items {
		if s != "" {
			kept = append(kept, s)
		}
	}
	return kept
}

// refusalExamples gathers a refusal of each code from real notices.
func refusalExamples(t *testing.T) map[refusal.Code]refusal.Refusal {
	t.Helper()
	x := newExchange(t, build(t))
	signer := requesttest.SecurityKey(t)
	x.enroll("me", signer.PublicKey())
	var blocked strings.Builder
	cases := append(requesttest.Hostile(t), requesttest.Good(t)...)
	sort.Slice(cases, func(i, j int) bool { return cases[i].Name < cases[j].Name })
	for _, c := range cases {
		x.drop(c.Name+".csr", c.Entry)
		if c.Blocked != "" {
			fmt.Fprintln(&blocked, c.Blocked)
		}
	}
	must(t, os.WriteFile(x.dir+"/ca/blocked-keys", []byte(blocked.String()), 0o600))
	for name, change := range map[string]func(*request.Cover){
		"zz-node":    func(c *request.Cover) { c.Profile, c.Node = "kube-apiserver", "cp9" },
		"zz-cluster": func(c *request.Cover) { c.Cluster = "prod" },
		"zz-expired": func(c *request.Cover) {
			c.Created, c.Expires = c.Created.AddDate(-1, 0, 0), c.Created.AddDate(0, -1, 0)
		},
		"zz-future": func(c *request.Cover) {
			c.Created = c.Created.AddDate(0, 0, 1)
			c.Expires = c.Created.AddDate(0, 0, 1)
		},
		"zz-requester":  func(c *request.Cover) { c.Requester = "somebody" },
		"zz-profile":    func(c *request.Cover) { c.Profile = "unheard-of" },
		"zz-scope":      func(c *request.Cover) { c.Profile = "kube-scheduler" },
		"zz-guarded":    func(c *request.Cover) { c.Profile = "admin" },
		"zz-scope-node": func(c *request.Cover) { c.Profile, c.Node = "kube-apiserver", "www.elsewhere" },
	} {
		signed, err := request.Sign(x.covered("me", "www.elsewhere", change), signer)
		must(t, err)
		x.drop(name+".csr", signed)
	}
	x.dropSubjects(signer)
	ed, err := pki.Ed25519.Generate()
	must(t, err)
	csr, err := request.Create(ed, "system:kube-scheduler", nil, pki.Names{})
	must(t, err)
	x.drop("zz-key.csr", request.Encode(nil, csr))
	x.ca(0, "sync", "--settle", "0s", "-q")
	x.over("zz-over")
	x.dropHeld("zz-denied")
	x.ca(0, "deny", x.id("zz-denied"), "--reason", "not on this network")
	must(t, os.Symlink(x.bait(), x.path("inbox", "zz-link.csr")))
	x.drop("zz-large.csr", make([]byte, 70<<10))
	x.ca(0, "sync", "-q")
	examples := examplesIn(x)
	maps.Copy(examples, renewalExamples(t, x))
	examples[refusal.InboxOpen] = openExample(t, build(t))
	examples[refusal.IssuerAbsent] = waitingExample(t, build(t))
	return examples
}

// openExample is what becomes of an unsigned request in a sub-directory that everybody may write to.
func openExample(t *testing.T, bin string) refusal.Refusal {
	t.Helper()
	x := newExchange(t, bin, "--trust-inbox")
	team := x.path("inbox", "team")
	must(t, os.Mkdir(team, 0o755))
	must(t, os.Chmod(team, 0o777|os.ModeSticky))
	x.drop("team/open.csr", serverRequest(t, "open"))
	x.ca(0, "sync", "-q")
	return x.notice("team/open", "held").Refusals[0]
}

// waitingExample is what becomes of a request while the issuer waits for its parent.
func waitingExample(t *testing.T, bin string) refusal.Refusal {
	t.Helper()
	x := newExchange(t, bin, "--trust-inbox", "--parent-request")
	x.drop("early.csr", serverRequest(t, "early"))
	x.ca(0, "sync", "-q")
	return x.notice("early", "held").Refusals[0]
}

// dropSubjects drops requests whose subject is outside a scope, or not the profile's.
func (x *exchange) dropSubjects(signer ssh.Signer) {
	x.Helper()
	for name, ask := range map[string]struct {
		profile, commonName, organization string
	}{
		"zz-user":   {"client", "jane", "dev-team"},
		"zz-absent": {"kubelet", "w1", "system:nodes"},
		"zz-group":  {"kube-scheduler", "system:kube-scheduler", "system:masters"},
	} {
		key, err := pki.ECDSAP256.Generate()
		must(x.T, err)
		csr, err := request.Create(key, ask.commonName, []string{ask.organization}, pki.Names{})
		must(x.T, err)
		entry := x.coveredCSR("me", csr, func(c *request.Cover) { c.Profile = ask.profile })
		signed, err := request.Sign(entry, signer)
		must(x.T, err)
		x.drop(name+".csr", signed)
	}
}

// over drops a request again whose certificate has nearly ended: no test waits a year, so the ledger is told.
func (x *exchange) over(name string) {
	x.Helper()
	key, err := pki.ECDSAP256.Generate()
	must(x.T, err)
	csr, err := request.Create(key, name, nil, pki.Names{DNS: []string{name + ".example"}})
	must(x.T, err)
	entry := request.Encode(nil, csr)
	x.drop(name+".csr", entry)
	x.ca(0, "sync", "-q")
	x.ca(0, "approve", x.id(name), "--yes")
	db, err := sql.Open("sqlite", x.dir+"/ca/ledger.db")
	must(x.T, err)
	defer db.Close()
	_, err = db.Exec("UPDATE certificates SET not_after = unixepoch('2026-01-01')")
	must(x.T, err)
	x.drop(name+".csr", entry)
	x.ca(0, "sync", "-q")
	if n := x.notice(name, "held"); n == nil || n.Refusals[len(n.Refusals)-1].Code != refusal.CertificateOver {
		x.Errorf("a request whose certificate is over: %v", n)
	}
	x.ca(0, "approve", x.id(name), "--yes")
	x.drop(name+"-again.csr", entry)
	x.ca(0, "sync", "-q")
	x.expect(name+"-again", "crt", "")
	_, err = db.Exec("UPDATE certificates SET not_after = unixepoch('2026-01-01')")
	must(x.T, err)
	x.drop(name+"-third.csr", entry)
	x.ca(0, "sync", "-q")
}

func examplesIn(x *exchange) map[refusal.Code]refusal.Refusal {
	x.Helper()
	examples := map[refusal.Code]refusal.Refusal{}
	files, err := os.ReadDir(x.path("outbox"))
	must(x.T, err)
	for _, f := range files {
		name, kind, ok := strings.Cut(strings.TrimSuffix(f.Name(), ".json"), ".")
		if !ok || !strings.HasSuffix(f.Name(), ".json") {
			continue
		}
		if n := x.notice(name, kind); n != nil {
			for _, r := range n.Refusals {
				if have, ok := examples[r.Code]; !ok || have.Asked == "" && r.Asked != "" {
					examples[r.Code] = r
				}
			}
		}
	}
	return examples
}
