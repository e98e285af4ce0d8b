package policy

import (
	"testing"
	"time"

	"ca-exchange/internal/pki"
	"ca-exchange/internal/request"
)

const (
	replacedPrint = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	otherKey      = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

	quotedReplaced, hold = `"` + replacedPrint + `"`, "hold; "
)

// renewals are requests that replace a certificate, and one, the first, that does not.
type renewals struct {
	server, unsigned, first, moved, admin ask
	key                                   string // of server
}

func newRenewals(t *testing.T) (*Policy, renewals) {
	t.Helper()
	p := testPolicy(t, "renewals: {perDay: 4}\n", Scope{Profiles: []string{"server", "client", "admin"},
		DNS: []string{"*.example"}, Users: []string{"jane"}})
	server := ask{subject: "CN=www.example", names: []string{"www.example"}, profile: "server", signed: 1,
		change: func(c *request.Cover) { c.Replaces = replacedPrint }}
	r := renewals{server: server, unsigned: server, first: server, moved: server, admin: withProfile(server, "admin")}
	r.unsigned.signed = 0
	r.first.change = nil
	r.moved.names = []string{"www.example", "new.example"}
	r.admin.subject = "CN=kubernetes-admin O=kubeadm:cluster-admins"
	r.key = server.read(t).CSR.Fingerprint
	return p, r
}

// replacedWith is the requester's own certificate, changed.
func replacedWith(change func(*Replaced)) *Replaced {
	r := Replaced{Fingerprint: replacedPrint, Requester: "me", Profile: "server", Key: otherKey}
	if change != nil {
		change(&r)
	}
	return &r
}

func hoursAgo(n int) time.Time { return noon.Add(time.Duration(-n) * time.Hour) }

func recent(fingerprint, replaces string, ago int) Recent {
	return Recent{Fingerprint: fingerprint, Replaces: replaces, Issued: hoursAgo(ago)}
}

// renewalChain are three certificates within a day, each the successor of the one before.
func renewalChain() []Recent {
	return []Recent{recent("1", "0", 20), recent("2", "1", 9), recent(replacedPrint, "2", 1)}
}

type renewalCase struct {
	name    string
	ask     ask
	history History
	want    string // as judged
	renews  bool
	note    string
}

func checkRenewals(t *testing.T, p *Policy, cases []renewalCase) {
	t.Helper()
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			d := p.Decide(Input{Request: test.ask.read(t), Trusts: []string{trust}, History: test.history, Now: noon})
			if judged(d) != test.want || (d.Replaces == replacedPrint) != test.renews || d.Note != test.note {
				t.Errorf("got  %s, replaces %q, note %q\nwant %s, a renewal: %v, note %q", judged(d), d.Replaces,
					d.Note, test.want, test.renews, test.note)
			}
		})
	}
}

// The table of renewals, one scenario a row: what a request that names a certificate to be replaced becomes.
func TestRenewals(t *testing.T) {
	p, asks := newRenewals(t)
	checkRenewals(t, p, []renewalCase{
		{"no Replaces", asks.first, History{}, "issue", false, ""},
		{"live or expired, mine", asks.server, History{Replaced: replacedWith(nil)}, "issue", true, ""},
		{"with other names", asks.moved, History{Replaced: replacedWith(nil)}, "issue", true, ""},
		{"imported, the same subject and names", asks.server, History{Replaced: replacedWith(func(r *Replaced) {
			r.Requester, r.Imported, r.Subject, r.Names = "", true, `CN="www.example"`, []string{"DNS:www.example"}
		})}, "issue", true, ""},
		{"imported, other names", asks.moved, History{Replaced: replacedWith(func(r *Replaced) {
			r.Requester, r.Imported, r.Subject, r.Names = "", true, `CN="www.example"`, []string{"DNS:www.example"}
		})}, "issue", false, "replaces ignored: that certificate is not this requester's"},
		{"imported, another subject", asks.server, History{Replaced: replacedWith(func(r *Replaced) {
			r.Requester, r.Imported, r.Subject, r.Names = "", true, `CN="x"`, []string{"DNS:www.example"}
		})}, "issue", false, "replaces ignored: that certificate is not this requester's"},
		{"a successor with this key", asks.server,
			History{Replaced: replacedWith(func(r *Replaced) {
				r.Successors = []Successor{{"you", asks.key,
					hoursAgo(1)}}
			})}, "issue",
			true, ""},
		{"a successor that I asked for", asks.server,
			History{Replaced: replacedWith(func(r *Replaced) {
				r.Successors = []Successor{{"me", otherKey,
					hoursAgo(1)}}
			})}, "issue",
			true, ""},
		{"somebody else's", asks.server, History{Replaced: replacedWith(func(r *Replaced) { r.Requester = "you" })},
			"issue", false,
			"replaces ignored: that certificate is not this requester's"},
		{"nobody's", asks.server, History{Replaced: replacedWith(func(r *Replaced) { r.Requester = "" })}, "issue",
			false,
			"replaces ignored: that certificate is not this requester's"},
		{"nobody's, the same subject and names", asks.server, History{Replaced: replacedWith(func(r *Replaced) {
			r.Requester, r.Subject, r.Names = "", `CN="www.example"`, []string{"DNS:www.example"}
		})}, "issue", false, "replaces ignored: that certificate is not this requester's"},
		{"somebody else's, revoked", asks.server,
			History{Replaced: replacedWith(func(r *Replaced) { r.Requester, r.Revoked = "you", true })}, "issue", false,
			"replaces ignored: that certificate is not this requester's"},
	})
}

// TestRenewalsThatWait: what a revocation, a fork or the profile holds although the certificate is the requester's.
func TestRenewalsThatWait(t *testing.T) {
	p, asks := newRenewals(t)
	checkRenewals(t, p, []renewalCase{
		{"revoked", asks.server, History{Replaced: replacedWith(func(r *Replaced) { r.Revoked = true })}, hold +
			"renewal cover.Replaces " + quotedReplaced, true, ""},
		{"unknown", asks.server, History{}, "issue", false,
			"replaces ignored: the ledger does not have that certificate"},
		{"another profile", asks.server, History{Replaced: replacedWith(func(r *Replaced) { r.Profile = "peer" })},
			"issue", false,
			"replaces ignored: that certificate has another profile"},
		{"a successor of somebody else's, with another key", asks.server,
			History{Replaced: replacedWith(func(r *Replaced) {
				r.Successors = []Successor{{"you", otherKey,
					hoursAgo(1)}}
			})},
			hold + "renewal-fork cover.Replaces " + quotedReplaced, true, ""},
		{"compromised, another key", asks.server,
			History{Replaced: replacedWith(func(r *Replaced) { r.Revoked, r.Compromised = true, true })},
			hold + "renewal cover.Replaces " + quotedReplaced, true, ""},
		{"compromised, that key", asks.server,
			History{Replaced: replacedWith(func(r *Replaced) {
				r.Revoked, r.Compromised, r.Key = true, true,
					asks.key
			})},
			`deny; key-blocked key "` + asks.key + `"; renewal cover.Replaces ` + quotedReplaced, true, ""},
		{"unsigned", asks.unsigned, History{Replaced: replacedWith(func(r *Replaced) { r.Revoked = true })}, hold +
			"signature-absent signature", false, ""},
		{"guarded", asks.admin,
			History{Replaced: replacedWith(func(r *Replaced) { r.Profile = "admin" })},
			hold + `guarded profile "admin"`, true, ""},
	})
}

// TestRenewalRates: so many certificates of one place and one requester are issued within a day; what is more waits.
func TestRenewalRates(t *testing.T) {
	p, asks := newRenewals(t)
	checkRenewals(t, p, []renewalCase{
		{"two successors in a day", asks.server, History{Replaced: replacedWith(nil), Recent: renewalChain()[1:]},
			"issue", true, ""},
		{"three successors in a day", asks.server, History{Replaced: replacedWith(nil), Recent: renewalChain()}, hold +
			"certificate-rate request", true, ""},
		{"one certificate replaced three times in a day", asks.server,
			History{Replaced: replacedWith(func(r *Replaced) {
				r.Successors = []Successor{{"me", asks.key, hoursAgo(3)}, {"me", asks.key, hoursAgo(2)},
					{"me", asks.key, hoursAgo(1)}}
			})}, hold + "certificate-rate request", true, ""},
		{"the first of three left the window", asks.server,
			History{Replaced: replacedWith(nil), Recent: []Recent{recent("1", "0", 24), renewalChain()[1],
				renewalChain()[2]}}, "issue", true, ""},
		{"other hosts of the same place", asks.server,
			History{Replaced: replacedWith(nil), Recent: []Recent{recent("1", "0", 3), recent("3", "2", 2),
				recent("5", "4", 1),
				recent("7", "6", 1)}}, "issue", true, ""},
		{"three first ones in a day", asks.first,
			History{Recent: []Recent{recent("1", "", 3), recent("2", "", 2), recent("3", "", 1),
				recent("4", "3", 1)}}, "issue", false, ""},
		{"four first ones in a day", asks.first,
			History{Recent: []Recent{recent("1", "", 4), recent("2", "", 3), recent("3", "", 2),
				recent("4", "", 1)}},
			hold + "certificate-rate request", false, ""},
		{"an ignored Replaces counts as first", asks.server,
			History{Recent: []Recent{recent("1", "", 4), recent("2", "", 3), recent("3", "", 2),
				recent("4", "", 1)}},
			hold + "certificate-rate request", false, "replaces ignored: the ledger does not have that certificate"},
	})
	t.Run("when the window has passed", func(t *testing.T) {
		history := History{Replaced: replacedWith(nil), Recent: renewalChain()}
		d := p.Decide(Input{Request: asks.server.read(t), Trusts: []string{trust}, History: history, Now: noon})
		if want := hoursAgo(20).Add(24 * time.Hour); !d.Again.Equal(want) ||
			d.Refusals[0].Allowed != "again by itself from "+pki.Stamp(want) {
			t.Errorf("again at %s, expected %s: %v", d.Again, want, d.Refusals)
		}
		if d := p.Decide(Input{Request: asks.server.read(t), Trusts: []string{trust}, History: history,
			Now: d.Again}); judged(d) != "issue" {
			t.Errorf("at that time: %s", judged(d))
		}
	})
}

func withProfile(a ask, profile string) ask {
	a.profile, a.names = profile, nil
	return a
}
