package policy

import (
	"strings"
	"testing"
	"time"

	"ca-exchange/internal/pki"
	"ca-exchange/internal/request"
)

// coverScope holds what the requests of these tests are for.
func coverScope() Scope {
	return Scope{Profiles: []string{"server", "kube-apiserver", "kubelet", "admin"}, DNS: []string{"**"},
		Nodes: []string{"**"}}
}

// coveredBy is a signed request for a server, its cover changed.
func coveredBy(change func(*request.Cover)) ask {
	return ask{subject: "CN=x", names: []string{"www.example"}, profile: "server", signed: 1, change: change}
}

// Who vouches for a request, and what its cover says about this CA, this cluster and this moment.
func TestSignerAndCover(t *testing.T) {
	held := testPolicy(t, "cluster: {name: prod}\n", coverScope())
	open := testPolicy(t, "cluster: {name: prod}\nunsigned: {profiles: [server], dns: ['*.example']}\n", coverScope())
	by := func(a ask, who byte) ask { a.signed = who; return a }
	otherTrust := strings.Replace(trust, "0", "1", 1)
	for _, test := range []struct {
		name   string
		policy *Policy
		ask    ask
		want   string
	}{
		{"mine", held, coveredBy(nil), "issue"},
		{"unsigned", held, by(coveredBy(nil), 0), "hold; signature-absent signature"},
		{"an unknown key", held, by(coveredBy(nil), 3), `hold; signature-unknown-key signature "` +
			fingerprintOf(t, 3) +
			`"`},
		{"unsigned, where that has a scope", open, by(coveredBy(nil), 0), "issue"},
		{"an unknown key counts as none", open, by(coveredBy(nil), 3), "issue"},
		{"unsigned, outside its scope", open, ask{subject: "CN=x", names: []string{"www.elsewhere"}},
			`hold; scope-name names "DNS:www.elsewhere"`},
		{"another requester's name", held, coveredBy(func(c *request.Cover) { c.Requester = "you" }),
			`deny; cover-requester cover.Requester "you"`},
		{"an unsigned cover is a wish", open, by(coveredBy(func(c *request.Cover) { c.Requester = "you" }), 0),
			"issue"},
		{"another CA", held, coveredBy(func(c *request.Cover) { c.Trust = otherTrust }),
			`deny; cover-trust cover.Trust "` + otherTrust + `"`},
		{"this cluster", held, coveredBy(func(c *request.Cover) { c.Cluster = "prod" }), "issue"},
		{"another cluster", held, coveredBy(func(c *request.Cover) { c.Cluster = "test" }),
			`deny; cover-cluster cover.Cluster "test"`},
		{"expired within tolerance", held,
			coveredBy(func(c *request.Cover) {
				c.Expires, c.Created = noon.Add(-10*time.Minute),
					noon.Add(-time.Hour)
			}),
			"issue"},
		{"expired", held,
			coveredBy(func(c *request.Cover) {
				c.Expires, c.Created = noon.Add(-11*time.Minute),
					noon.Add(-time.Hour)
			}),
			`deny; cover-expired cover.Expires "2026-11-24T11:49:00Z"`},
		{"ahead within tolerance", held, coveredBy(func(c *request.Cover) { c.Created = noon.Add(10 * time.Minute) }),
			"issue"},
		{"made in the future", held, coveredBy(func(c *request.Cover) { c.Created = noon.Add(11 * time.Minute) }),
			`deny; cover-future cover.Created "2026-11-24T12:11:00Z"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			if d := test.policy.Decide(Input{Request: test.ask.read(t), Trusts: []string{trust},
				Now: noon}); judged(d) != test.want {
				t.Errorf("got  %s\nwant %s", judged(d), test.want)
			}
		})
	}
}

// TestCoverAndProfile: what a cover says holds against the profile that it names.
func TestCoverAndProfile(t *testing.T) {
	p := testPolicy(t, "cluster: {name: prod}\n", coverScope())
	for _, test := range []struct {
		name string
		ask  ask
		want string
	}{
		{"another node than the subject's",
			ask{subject: "O=system:nodes CN=system:node:w1", profile: "kubelet", node: "w2", signed: 1},
			`deny; cover-node cover.Node "w2"; profile-subject subject.CN "system:node:w1"`},
		{"a node that is not among the names", ask{subject: "CN=kube-apiserver", names: []string{"cp1"},
			profile: "kube-apiserver", node: "cp2", signed: 1}, `deny; cover-node cover.Node "cp2"`},
		{"an unknown profile", coveredBy(func(c *request.Cover) { c.Profile = "x" }),
			`hold; profile-unknown profile "x"`},
		{"guarded", ask{subject: "CN=kubernetes-admin O=kubeadm:cluster-admins", profile: "admin", signed: 1},
			`hold; guarded profile "admin"`},
		{"a usage", ask{subject: "CN=x", names: []string{"www.example"}, profile: "server",
			usages: []string{"server", "client"}, signed: 1}, `hold; profile-usage usages "clientAuth"`},
		{"names where the profile has none", ask{subject: "O=system:nodes CN=system:node:w1",
			names: []string{"w1"}, profile: "kubelet", node: "w1", signed: 1}, `hold; profile-names names "DNS:w1"`},
		{"no names where it needs one", ask{subject: "CN=x", profile: "server", signed: 1},
			"hold; name-absent names"},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := p.Decide(Input{Request: test.ask.read(t), Trusts: []string{trust}, Now: noon})
			if judged(d) != test.want {
				t.Errorf("got  %s\nwant %s", judged(d), test.want)
			}
		})
	}
}

func fingerprintOf(t *testing.T, seed byte) string {
	t.Helper()
	_, authorized := identity(t, seed)
	fingerprint, err := KeyFingerprint(authorized)
	if err != nil {
		t.Fatal(err)
	}
	return fingerprint
}

// A key that the profile does not take is held.
func TestProfileKey(t *testing.T) {
	p := testPolicy(t, "", Scope{Profiles: []string{"kube-scheduler"}})
	key, err := pki.Ed25519.Generate()
	if err != nil {
		t.Fatal(err)
	}
	csr, err := request.Create(key, "system:kube-scheduler", nil, pki.Names{})
	if err != nil {
		t.Fatal(err)
	}
	r, _ := request.Parse(request.Encode(nil, csr), nil)
	if d := p.Decide(Input{Request: r, Now: noon}); judged(d) != `hold; signature-absent signature; profile-key key `+
		`"Ed25519"` {
		t.Error(judged(d))
	}
}

// Days are the cover's wish or a person's word within the policy's limit, and a user's are few.
func TestDays(t *testing.T) {
	p := testPolicy(t, "certificates: {days: 100, maxDays: 200}\nprofiles: {peer: {days: 7}}\n", Scope{})
	for _, test := range []struct {
		profile    string
		wish, word int
		want       int
		losses     string
	}{
		{"server", 0, 0, 100, ""}, {"server", 30, 0, 30, ""}, {"server", 200, 0, 200, ""},
		{"server", 201, 0, 200, "days 201: the policy allows 200"},
		{"server", 30, 150, 150, ""}, {"peer", 0, 0, 7, ""}, {"user", 0, 0, 90, ""},
		{"user", 91, 0, 90, "days 91: the policy allows 90"},
	} {
		a := ask{subject: "CN=x", profile: test.profile, change: func(c *request.Cover) { c.Days = test.wish }}
		if test.profile != "user" {
			a.names = []string{"x.example"}
		}
		d := p.Decide(Input{Request: a.read(t), Trusts: []string{trust}, Override: Override{Days: test.word},
			Now: noon})
		var days []string
		for _, l := range d.Dropped {
			if l.Kind == LostDays {
				days = append(days, l.String())
			}
		}
		if plan, ok := d.Plan(); !ok || plan.Days != test.want || strings.Join(days, "") != test.losses {
			t.Errorf("%+v: %d days, %v", test, plan.Days, days)
		}
	}
}

// What is not approvable is not granted, whatever digest is shown.
func TestApprove(t *testing.T) {
	p := testPolicy(t, "", Scope{})
	decide := func(a ask, o Override) Decision {
		return p.Decide(Input{Request: a.read(t), Trusts: []string{trust}, Override: o, Now: noon})
	}
	digest := func(d Decision) string {
		plan, _ := d.Plan()
		text, err := plan.Digest()
		if err != nil {
			return ""
		}
		return text
	}
	server := ask{subject: "CN=x", names: []string{"x.example"}}
	fine := decide(server, Override{})
	if g, err := fine.Approve(digest(fine)); err != nil || g.Plan().Names.DNS[0] != "x.example" {
		t.Errorf("approve: %v", err)
	}
	if _, err := fine.Approve("00"); err != ErrOther {
		t.Errorf("another plan was shown: %v", err)
	}
	if _, ok := fine.Issued(); ok {
		t.Error("a held request is issued")
	}
	for name, d := range map[string]Decision{
		"denied":     decide(ask{subject: "CN=jane O=system:masters"}, Override{Profile: "client"}),
		"no profile": decide(ask{subject: "CN=x"}, Override{}),
		"a question": decide(ask{subject: "CN=x", names: []string{"x.example"}, usages: []string{"client"}},
			Override{Profile: "server"}),
	} {
		if g, err := d.Approve(digest(d)); err == nil {
			t.Errorf("%s: granted %+v", name, g.Plan())
		}
	}
}
