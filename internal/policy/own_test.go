package policy

import (
	"strings"
	"testing"

	"ca-exchange/internal/kube"
	"ca-exchange/internal/pki"
)

const ownProfiles = `profiles:
  prometheus-etcd: {like: client, issuer: etcd-ca, commonName: prometheus,
    dns: ["{node}", "prometheus.monitoring.svc"], keyTypes: [ECDSA-P256], days: 30, maxDays: 90}
  agent: {like: client, commonName: "agent-{node}", organizations: [agents]}
  robot: {like: user, commonName: "robot-{user}", organizations: [robots, "{groups}"]}
  member: {like: peer, ips: [192.0.2.30], wildcards: ["*.members.example"], guarded: true}
  kube-scheduler: {days: 180, guarded: true}
`

// Own profiles are judged as built-in ones are.
func TestOwnProfiles(t *testing.T) {
	p := testPolicy(t, ownProfiles,
		Scope{Profiles: []string{"prometheus-etcd", "agent", "robot", "member", "kube-scheduler"}, Nodes: []string{"*"},
			Users: []string{"robot-*", "jane"}, Groups: []string{"dev-*"}})
	for _, test := range []struct {
		name string
		ask  ask
		want string
		plan string
	}{
		{"a literal name and its names",
			ask{subject: "CN=prometheus", names: []string{"m1", "prometheus.monitoring.svc"},
				profile: "prometheus-etcd", node: "m1", signed: 1},
			"issue", `prometheus-etcd CN="prometheus" DNS:m1 DNS:prometheus.monitoring.svc`},
		{"another name", ask{subject: "CN=jane", profile: "prometheus-etcd", signed: 1},
			`hold; profile-subject subject.CN "jane"`, `prometheus-etcd CN="prometheus"`},
		{"a name outside", ask{subject: "CN=prometheus", names: []string{"m1", "x.example"}, profile: "prometheus-etcd",
			node: "m1", signed: 1},
			`hold; scope-name names "DNS:x.example"`, `prometheus-etcd CN="prometheus" DNS:m1 DNS:x.example`},
		{"of a node", ask{subject: "CN=agent-w1 O=agents", profile: "agent", node: "w1", signed: 1}, "issue",
			`agent CN="agent-w1", O="agents"`},
		{"of a node, with a group more", ask{subject: "CN=agent-w1 O=agents O=dev-x", profile: "agent", node: "w1",
			signed: 1}, `hold; group-lost subject.O "dev-x"`, `agent CN="agent-w1", O="agents"`},
		{"of a user", ask{subject: "CN=robot-7 O=dev-team", profile: "robot", signed: 1}, "issue",
			`robot CN="robot-7", O="robots", O="dev-team"`},
		{"of a user in another form", ask{subject: "CN=jane", profile: "robot", signed: 1},
			`hold; profile-subject subject.CN "jane"; profile-subject subject.CN`, ""},
		{"of nobody", ask{subject: "CN=robot-", profile: "robot", signed: 1},
			`hold; profile-subject subject.CN "robot-"; profile-subject subject.CN`, ""},
		{"a group outside", ask{subject: "CN=robot-7 O=ops", profile: "robot", signed: 1},
			`hold; scope-group subject.O "ops"`, `robot CN="robot-7", O="robots", O="ops"`},
		{"a reserved group", ask{subject: "CN=robot-7 O=system:masters", profile: "robot", signed: 1},
			`deny; subject-reserved subject.O "system:masters"`, ""},
		{"guarded", ask{subject: "CN=x", names: []string{"a.members.example", "*.members.example", "192.0.2.30"},
			profile: "member", signed: 1},
			`hold; guarded profile "member"; scope-name names "DNS:a.members.example"`,
			`member CN="a.members.example" DNS:a.members.example DNS:*.members.example IP:192.0.2.30`},
		{"a built-in one made guarded", ask{subject: "CN=system:kube-scheduler", profile: "kube-scheduler", signed: 1},
			`hold; guarded profile "kube-scheduler"`, `kube-scheduler CN="system:kube-scheduler"`},
		{"never chosen by its subject", ask{subject: "CN=prometheus", usages: []string{"client"}, signed: 0},
			`hold; signature-absent signature`, `client CN="prometheus"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := p.Decide(Input{Request: test.ask.read(t), Trusts: []string{trust}, Now: noon})
			if judged(d) != test.want || planned(d) != test.plan {
				t.Errorf("got  %s, plan %s\nwant %s, plan %s", judged(d), planned(d), test.want, test.plan)
			}
		})
	}
	own := p.Profile("prometheus-etcd")
	if days, most := p.limits(own); own.Issuer != "etcd-ca" || days != 30 || most != 90 || len(own.KeyTypes) != 1 {
		t.Errorf("%+v: %d to %d days", own, days, most)
	}
	if days, most := p.limits(p.Profile("robot")); days != 90 || most != 90 {
		t.Errorf("a robot is like a user: %d to %d days", days, most)
	}
	if all := p.Own(); len(all) != 4 {
		t.Errorf("%d own profiles", len(all))
	}
}

// Neither a node nor a user turns a template into a reserved name.
func TestOwnReservedByTemplate(t *testing.T) {
	const own = "profiles: {odd: {like: client, commonName: 'kube-{node}'}, s: {like: user, commonName: 's{user}'}}\n"
	p := testPolicy(t, own,
		Scope{Profiles: []string{"odd", "s"}, Nodes: []string{"*"}, Users: []string{"**"}})
	for _, asked := range []struct {
		ask  ask
		name string
	}{
		{ask{subject: "CN=kube-apiserver", profile: "odd", node: "apiserver", signed: 1}, "kube-apiserver"},
		{ask{subject: "CN=system:masters", profile: "s", signed: 1}, "system:masters"},
	} {
		d := p.Decide(Input{Request: asked.ask.read(t), Trusts: []string{trust}, Now: noon})
		if want := `deny; subject-reserved subject.CN "` + asked.name + `"`; judged(d) != want {
			t.Errorf("%s, expected %s", judged(d), want)
		}
	}
}

const onlyNarrowed = "a built-in profile is only narrowed: days, maxDays, dns, wildcards, ips, guarded: true"

// badOwnProfiles are own profiles and the error that each is.
var badOwnProfiles = []struct{ text, want string }{
	{"x: {days: 30}", "4:6: no profile \"x\": `ca-admin profiles` lists them; an own profile has like: server, " +
		"client, peer or user"},
	{"x: {like: authority}", `4:13: "authority": an own profile is like server, client, peer or user`},
	{"x: {like: kube-apiserver}", `4:13: "kube-apiserver": an own profile is like server, client, peer or user`},
	{"x: {like: client, ca: true}", `4:21: unknown field "ca"`},
	{"x: {like: client, usages: [any]}", `4:21: unknown field "usages"`},
	{"x: {like: client, pathLength: 0}", `4:21: unknown field "pathLength"`},
	{"X_y: {like: client}",
		`4:8: "X_y": the name of a profile has lower-case letters, digits and hyphens, at most 40`},
	{"kube-scheduler: {like: client}", "4:26: " + onlyNarrowed},
	{"kube-scheduler: {issuer: etcd-ca}", "4:28: " + onlyNarrowed},
	{"admin: {commonName: bob}", "4:23: " + onlyNarrowed},
	{"admin: {organizations: [x]}", "4:26: " + onlyNarrowed},
	{"admin: {keyTypes: [Ed25519]}", "4:21: " + onlyNarrowed},
	{"admin: {guarded: false}", "4:20: a built-in profile can be made guarded, and never the other way"},
	{"x: {like: client, issuer: other}", `4:29: no issuer "other": one of ca, etcd-ca, front-proxy-ca`},
	{"x: {like: client, commonName: 'system:kube-scheduler'}",
		`4:33: "system:kube-scheduler": this name is reserved for a built-in profile`},
	{"x: {like: client, commonName: 'System:{user}'}",
		`4:33: "System:{user}": this name is reserved for a built-in profile`},
	{"x: {like: client, commonName: Front-Proxy-Client}",
		`4:33: "Front-Proxy-Client": this name is reserved for a built-in profile`},
	{"x: {like: user, commonName: kubernetes-admin}",
		`4:31: "kubernetes-admin": this name is reserved for a built-in profile`},
	{"x: {like: client, commonName: '{node}{user}'}",
		`4:33: "{node}{user}": a common name is literal, or has one {node} or one {user}`},
	{"x: {like: client, commonName: '{user}{user}'}",
		`4:33: "{user}{user}": a common name is literal, or has one {node} or one {user}`},
	{"x: {like: server, commonName: '{user}'}", `4:33: "{user}": a server's certificate names no user`},
	{"x: {like: client, commonName: " + strings.Repeat("a", 65) + "}", `4:33: "` + strings.Repeat("a", 65) +
		`": a common name has at most 64 characters (X.520)`},
	{`x: {like: client, commonName: "a\u202eb"}`, `4:33: "a\u202eb": a common name has printable characters`},
	{"x: {like: client, organizations: [ok, 'system:masters']}",
		`4:41: "system:masters": this group is reserved for a built-in profile`},
	{"x: {like: user, organizations: ['kubeadm:cluster-admins']}",
		`4:35: "kubeadm:cluster-admins": this group is reserved for a built-in profile`},
	{"x: {like: client, organizations: ['{groups}']}",
		`4:37: "{groups}": an organisation is literal, or "{groups}" where the profile is like user`},
	{"x: {like: user, commonName: bot, organizations: ['{groups}']}",
		`4:52: {groups} needs a common name with {user}, or none`},
	{"x: {like: server, organizations: [ops]}", `4:37: "ops": a server's certificate has no groups`},
	{"x: {like: user, dns: [a.example]}", `4:24: a user's certificate has no names`},
	{"x: {like: server, dns: ['*.example.org']}",
		`4:27: "*.example.org": an own name is a DNS name, which may have one {node}; wildcard names belong into ` +
			`wildcards`},
	{"x: {like: server, dns: ['**']}",
		`4:27: "**": an own name is a DNS name, which may have one {node}; wildcard names belong into wildcards`},
	{"x: {like: server, wildcards: [a.example]}",
		`4:33: "a.example": an own name is a DNS name, which may have one {node}; wildcard names belong into ` +
			`wildcards`},
	{"x: {like: server, ips: [192.0.2.0/24]}", `4:27: "192.0.2.0/24": an own address is the address of a host`},
	{"x: {like: client, keyTypes: [RSA-1024]}",
		`4:32: no key type "RSA-1024": one of [RSA-2048 RSA-3072 RSA-4096 ECDSA-P256 ECDSA-P384 ECDSA-P521 ` +
			`Ed25519]`},
	{"x: {like: client, keyTypes: []}",
		"4:31: an empty list permits no key: leave the line out for those of client"},
	{"x: {like: client, like: server}", `4:21: mapping key "like" already defined at [4:7]`},
	{"x: {like: client}\n  x: {like: server}", `5:3: mapping key "x" already defined at [4:3]`},
	{"x: {like: client, commonname: a}", `4:21: unknown field "commonname"`},
	{"x: {like: client, isCA: true}", `4:21: unknown field "isCA"`},
	{"x: {like: client, commonName: &n 'system:masters', organizations: [*n]}",
		`4:33: "system:masters": this name is reserved for a built-in profile`},
	{"x: {<<: {like: client, guarded: false}, commonName: 'system:x'}",
		`4:55: "system:x": this name is reserved for a built-in profile`},
	{"x: {like: y}\n  y: {like: x}", `4:13: "y": an own profile is like server, client, peer or user`},
	{"x: {like: client, guarded: no}", `4:30: true or false is needed here, not a text`},
	{"x: client", `4:6: fields are needed here, not one value`},
	{"x: {like: client, commonName: [a]}", `4:33: a text is needed here, not a list`},
	{"x: {like: client, commonName: '*'}",
		`4:33: "*": a common name is literal, or has one {node} or one {user}`},
	{"x: {like: client, organizations: ['dev-*']}",
		`4:37: "dev-*": an organisation is literal, or "{groups}" where the profile is like user`},
	{"x: {like: user, organizations: ['{groups}', '{groups}']}", `4:47: "{groups}" is listed twice`},
	{"x: {like: client, commonName: 'ｓｙｓｔｅｍ:masters'}",
		`4:33: "ｓｙｓｔｅｍ:masters": this name is reserved for a built-in profile`},
	{"x: {like: client, commonName: 'ѕystem:masters'}", `4:33: "ѕystem:masters": ` + looksLikeAnother},
	{"x: {like: client, organizations: ['ѕystem:masters']}", `4:37: "ѕystem:masters": ` + looksLikeAnother},
	{"x: {like: client, commonName: 'system꞉masters'}", `4:33: "system꞉masters": ` + looksLikeAnother},
	{`x: {like: client, commonName: "sys\u200btem:masters"}`,
		`4:33: "sys\u200btem:masters": a common name has printable characters`},
	{"ca: {like: client}", `4:7: "ca" is a name of issuers, which no profile has`},
	{"front-proxy-ca: {like: server}", `4:19: "front-proxy-ca" is a name of issuers, which no profile has`},
	{"issuers: {like: server}", `4:12: "issuers" is a name of issuers, which no profile has`},
	{"server: {like: client}", "4:18: " + onlyNarrowed},
	{"a.b: {like: client}",
		`4:8: "a.b": the name of a profile has lower-case letters, digits and hyphens, at most 40`},
	{"'': {like: client}", `4:5: "": the name of a profile has lower-case letters, digits and hyphens, at most 40`},
	{"x: {like: client, days: 400, maxDays: 300}", `4:41: maxDays is 300, not between days (400) and 3650`},
}

// What an own profile cannot be, each with its place.
func TestOwnProfileErrors(t *testing.T) {
	for _, test := range badOwnProfiles {
		config, err := Parse([]byte("apiVersion: ca-exchange/v1\nkind: Policy\nprofiles:\n  " + test.text + "\n"))
		if err == nil {
			var all []pki.Profile
			for _, one := range kube.Profiles(kube.Latest()) {
				all = append(all, one.Profile)
			}
			_, err = New(config, all, Requesters{})
		}
		if err == nil || err.Error() != "policy.yaml:"+test.want {
			t.Errorf("%s\n got %v\nwant policy.yaml:%s", test.text, err, test.want)
		}
	}
}

// The administrators of newer releases are reserved in older ones, which have no profile for them.
func TestReservedInOldReleases(t *testing.T) {
	release, err := kube.ParseRelease("1.28")
	if err != nil {
		t.Fatal(err)
	}
	var old []pki.Profile
	for _, one := range kube.Profiles(release) {
		old = append(old, one.Profile)
	}
	config, err := Parse([]byte("apiVersion: ca-exchange/v1\nkind: Policy\n"))
	if err != nil {
		t.Fatal(err)
	}
	p, err := New(config, old, Requesters{})
	if err != nil {
		t.Fatal(err)
	}
	for _, user := range []string{"kubernetes-super-admin", "kubernetes-admin"} {
		a := ask{subject: "CN=" + user, profile: "client"}
		want := `deny; signature-absent signature; subject-reserved subject.CN "` + user + `"`
		if d := p.Decide(Input{Request: a.read(t), Trusts: []string{trust}, Now: noon}); judged(d) != want {
			t.Errorf("%s, expected %s", judged(d), want)
		}
	}
}
