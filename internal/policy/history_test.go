package policy

import (
	"strings"
	"testing"
	"time"

	"ca-exchange/internal/pki"
	"ca-exchange/internal/request"
)

// The table of renewals, one scenario a row: what a request that names a certificate to be replaced becomes.
func TestRenewals(t *testing.T) {
	p := testPolicy(t, "renewals: {perDay: 4}\n", Scope{Profiles: []string{"server", "client", "admin"},
		DNS: []string{"*.example"}, Users: []string{"jane"}})
	fingerprint, other := strings.Repeat("a", 64), strings.Repeat("b", 64)
	replacing := func(c *request.Cover) { c.Replaces = fingerprint }
	server := ask{subject: "CN=www.example", names: []string{"www.example"}, profile: "server", signed: 1,
		change: replacing}
	key := server.read(t).CSR.Fingerprint
	unsigned := server
	unsigned.signed = 0
	first := server
	first.change = nil
	moved := server
	moved.names = []string{"www.example", "new.example"}
	mine := Replaced{Fingerprint: fingerprint, Requester: "me", Profile: "server", Key: other}
	with := func(change func(*Replaced)) *Replaced { r := mine; change(&r); return &r }
	hours := func(n int) time.Time { return noon.Add(time.Duration(-n) * time.Hour) }
	chain := []Recent{{"1", "0", hours(20)}, {"2", "1", hours(9)}, {fingerprint, "2", hours(1)}}
	ask := func(a ask, subject string) ask { a.subject = subject; return a }
	const replaces, hold = `"` + "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" + `"`, "hold; "

	for _, test := range []struct {
		name string
		ask  interface {
			read(testing.TB) *request.Request
		}
		history History
		want    string // as judged
		renews  bool
		note    string
	}{
		{"no Replaces", first, History{}, "issue", false, ""},
		{"live or expired, mine", server, History{Replaced: &mine}, "issue", true, ""},
		{"with other names", moved, History{Replaced: &mine}, "issue", true, ""},
		{"imported, the same subject and names", server, History{Replaced: with(func(r *Replaced) {
			r.Requester, r.Imported, r.Subject, r.Names = "", true, `CN="www.example"`, []string{"DNS:www.example"}
		})}, "issue", true, ""},
		{"imported, other names", moved, History{Replaced: with(func(r *Replaced) {
			r.Requester, r.Imported, r.Subject, r.Names = "", true, `CN="www.example"`, []string{"DNS:www.example"}
		})}, "issue", false, "replaces ignored: that certificate is not this requester's"},
		{"imported, another subject", server, History{Replaced: with(func(r *Replaced) {
			r.Requester, r.Imported, r.Subject, r.Names = "", true, `CN="x"`, []string{"DNS:www.example"}
		})}, "issue", false, "replaces ignored: that certificate is not this requester's"},
		{"a successor with this key", server,
			History{Replaced: with(func(r *Replaced) { r.Successors = []Successor{{"you", key, hours(1)}} })}, "issue",
			true, ""},
		{"a successor that I asked for", server,
			History{Replaced: with(func(r *Replaced) { r.Successors = []Successor{{"me", other, hours(1)}} })}, "issue",
			true, ""},
		{"somebody else's", server, History{Replaced: with(func(r *Replaced) { r.Requester = "you" })}, "issue", false,
			"replaces ignored: that certificate is not this requester's"},
		{"nobody's", server, History{Replaced: with(func(r *Replaced) { r.Requester = "" })}, "issue", false,
			"replaces ignored: that certificate is not this requester's"},
		{"nobody's, the same subject and names", server, History{Replaced: with(func(r *Replaced) {
			r.Requester, r.Subject, r.Names = "", `CN="www.example"`, []string{"DNS:www.example"}
		})}, "issue", false, "replaces ignored: that certificate is not this requester's"},
		{"somebody else's, revoked", server,
			History{Replaced: with(func(r *Replaced) { r.Requester, r.Revoked = "you", true })}, "issue", false,
			"replaces ignored: that certificate is not this requester's"},
		{"revoked", server, History{Replaced: with(func(r *Replaced) { r.Revoked = true })}, hold +
			"renewal cover.Replaces " + replaces, true, ""},
		{"unknown", server, History{}, "issue", false, "replaces ignored: the ledger does not have that certificate"},
		{"another profile", server, History{Replaced: with(func(r *Replaced) { r.Profile = "peer" })}, "issue", false,
			"replaces ignored: that certificate has another profile"},
		{"a successor of somebody else's, with another key", server,
			History{Replaced: with(func(r *Replaced) { r.Successors = []Successor{{"you", other, hours(1)}} })},
			hold + "renewal-fork cover.Replaces " + replaces, true, ""},
		{"compromised, another key", server,
			History{Replaced: with(func(r *Replaced) { r.Revoked, r.Compromised = true, true })},
			hold + "renewal cover.Replaces " + replaces, true, ""},
		{"compromised, that key", server,
			History{Replaced: with(func(r *Replaced) { r.Revoked, r.Compromised, r.Key = true, true, key })},
			`deny; key-blocked key "` + key + `"; renewal cover.Replaces ` + replaces, true, ""},
		{"two successors in a day", server, History{Replaced: &mine, Recent: chain[1:]}, "issue", true, ""},
		{"three successors in a day", server, History{Replaced: &mine, Recent: chain}, hold +
			"certificate-rate request", true, ""},
		{"one certificate replaced three times in a day", server, History{Replaced: with(func(r *Replaced) {
			r.Successors = []Successor{{"me", key, hours(3)}, {"me", key, hours(2)}, {"me", key, hours(1)}}
		})}, hold + "certificate-rate request", true, ""},
		{"the first of three left the window", server,
			History{Replaced: &mine, Recent: []Recent{{"1", "0", hours(24)}, chain[1], chain[2]}}, "issue", true, ""},
		{"other hosts of the same place", server,
			History{Replaced: &mine, Recent: []Recent{{"1", "0", hours(3)}, {"3", "2", hours(2)}, {"5", "4", hours(1)},
				{"7", "6", hours(1)}}}, "issue", true, ""},
		{"three first ones in a day", first,
			History{Recent: []Recent{{"1", "", hours(3)}, {"2", "", hours(2)}, {"3", "", hours(1)},
				{"4", "3", hours(1)}}}, "issue", false, ""},
		{"four first ones in a day", first,
			History{Recent: []Recent{{"1", "", hours(4)}, {"2", "", hours(3)}, {"3", "", hours(2)},
				{"4", "", hours(1)}}},
			hold + "certificate-rate request", false, ""},
		{"an ignored Replaces counts as first", server,
			History{Recent: []Recent{{"1", "", hours(4)}, {"2", "", hours(3)}, {"3", "", hours(2)},
				{"4", "", hours(1)}}},
			hold + "certificate-rate request", false, "replaces ignored: the ledger does not have that certificate"},
		{"unsigned", unsigned, History{Replaced: with(func(r *Replaced) { r.Revoked = true })}, hold +
			"signature-absent signature", false, ""},
		{"guarded", ask(withProfile(server, "admin"), "CN=kubernetes-admin O=kubeadm:cluster-admins"),
			History{Replaced: with(func(r *Replaced) { r.Profile = "admin" })},
			hold + `guarded profile "admin"`, true, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := p.Decide(Input{Request: test.ask.read(t), Trusts: []string{trust}, History: test.history, Now: noon})
			if judged(d) != test.want || (d.Replaces == fingerprint) != test.renews || d.Note != test.note {
				t.Errorf("got  %s, replaces %q, note %q\nwant %s, a renewal: %v, note %q", judged(d), d.Replaces,
					d.Note, test.want, test.renews, test.note)
			}
		})
	}
	t.Run("when the window has passed", func(t *testing.T) {
		history := History{Replaced: &mine, Recent: chain}
		d := p.Decide(Input{Request: server.read(t), Trusts: []string{trust}, History: history, Now: noon})
		if want := hours(20).Add(24 * time.Hour); !d.Again.Equal(want) ||
			d.Refusals[0].Allowed != "again by itself from "+pki.Stamp(want) {
			t.Errorf("again at %s, expected %s: %v", d.Again, want, d.Refusals)
		}
		if d := p.Decide(Input{Request: server.read(t), Trusts: []string{trust}, History: history,
			Now: d.Again}); judged(d) != "issue" {
			t.Errorf("at that time: %s", judged(d))
		}
	})
}

func withProfile(a ask, profile string) ask {
	a.profile, a.names = profile, nil
	return a
}
