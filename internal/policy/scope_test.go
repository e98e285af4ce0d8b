package policy

import (
	"slices"
	"strings"
	"testing"

	"ca-exchange/internal/kube"
)

const scopeCluster = `cluster:
  endpoint: "api.prod.example:6443"
  certSANs: [cp.prod.example]
  nodes: {cp1: [192.0.2.10], w1: [192.0.2.21]}
`

// everything is a scope as wide as its patterns can make it.
func everything() Scope {
	return Scope{Profiles: []string{"server", "peer", "client", "user", "kubelet", "kubelet-serving",
		"kube-apiserver", "etcd-server"},
		Nodes: []string{"**"}, DNS: []string{"**"}, IPs: []string{"0.0.0.0/0", "::/0"}}
}

func scopeWith(change func(*Scope)) Scope { s := everything(); change(&s); return s }

func askServer(names ...string) ask {
	return ask{subject: "CN=x", names: names, profile: "server", signed: 1}
}

func askClient(subject string) ask { return ask{subject: subject, profile: "client", signed: 1} }

func askKubelet(node string) ask {
	return ask{subject: "O=system:nodes CN=system:node:" + node, profile: "kubelet", node: node, signed: 1}
}

// scopes are scopes, what is asked of each, and the decision.
var scopes = []struct {
	name  string
	scope Scope
	ask   ask
	want  string
}{
	{"a pattern", everything(), askServer("www.example"), "issue"},
	{"a profile outside", Scope{DNS: []string{"**"}}, askServer("www.example"),
		`hold; scope-profile profile "server"`},
	{"never a wildcard", everything(), askServer("*.apps.example"), `hold; scope-name names "DNS:*.apps.example"`},
	{"a pattern that reads like it", Scope{Profiles: []string{"server"}, DNS: []string{"*.apps.example"}},
		askServer("*.apps.example"), `hold; scope-name names "DNS:*.apps.example"`},
	{"a wildcard written out", scopeWith(func(s *Scope) { s.Wildcards = []string{"*.Apps.example"} }),
		askServer("*.apps.example"), "issue"},
	{"another wildcard", scopeWith(func(s *Scope) { s.Wildcards = []string{"*.apps.example"} }),
		askServer("*.x.apps.example"), `hold; scope-name names "DNS:*.x.apps.example"`},
	{"never the API server's name", everything(), askServer("kubernetes.default.svc"),
		`hold; scope-name names "DNS:kubernetes.default.svc"`},
	{"by a narrow pattern", Scope{Profiles: []string{"server"}, DNS: []string{"*.default.svc"}},
		askServer("kubernetes.default.svc"), `hold; scope-name names "DNS:kubernetes.default.svc"`},
	{"its endpoint", everything(), askServer("api.prod.example"), `hold; scope-name names "DNS:api.prod.example"`},
	{"its certSAN", everything(), askServer("cp.prod.example"), `hold; scope-name names "DNS:cp.prod.example"`},
	{"written out", scopeWith(func(s *Scope) { s.DNS = []string{"**", "api.prod.example"} }),
		askServer("api.prod.example"), "issue"},
	{"never the service address", everything(), askServer("10.96.0.1"), `hold; scope-name names "IP:10.96.0.1"`},
	{"the service address written out", scopeWith(func(s *Scope) { s.IPs = []string{"10.96.0.1"} }),
		askServer("10.96.0.1"), "issue"},
	{"as a subnet of one", scopeWith(func(s *Scope) { s.IPs = []string{"10.96.0.1/32"} }), askServer("10.96.0.1"),
		"issue"},
	{"a neighbour of it", everything(), askServer("10.96.0.2"), "issue"},
	{"never a known host", everything(), askServer("cp1"), `hold; scope-name names "DNS:cp1"`},
	{"never its address", everything(), askServer("192.0.2.21"), `hold; scope-name names "IP:192.0.2.21"`},
	{"written out in the scope", scopeWith(func(s *Scope) { s.DNS, s.IPs = []string{"w1"}, []string{"192.0.2.21"} }),
		askServer("w1", "192.0.2.21"), "issue"},
	{"a host's own names", everything(), ask{subject: "O=system:nodes CN=system:node:w1",
		names: []string{"w1", "192.0.2.21"}, profile: "kubelet-serving", node: "w1", signed: 1}, "issue"},
	{"another host's address", everything(), ask{subject: "O=system:nodes CN=system:node:w1",
		names: []string{"w1", "192.0.2.10"}, profile: "kubelet-serving", node: "w1", signed: 1},
		`hold; scope-name names "IP:192.0.2.10"`},
	{"the API server's own names", Scope{Profiles: []string{"kube-apiserver"}, Nodes: []string{"cp1"}},
		ask{subject: "CN=kube-apiserver", names: []string{"cp1", "kubernetes", "api.prod.example",
			"cp.prod.example", "10.96.0.1", "192.0.2.10"}, profile: "kube-apiserver", node: "cp1", signed: 1},
		"issue"},
	{"the API server's names for an etcd member", everything(),
		ask{subject: "CN=cp1", names: []string{"cp1", "localhost", "kubernetes"}, profile: "etcd-server",
			node: "cp1", signed: 1}, `hold; scope-name names "DNS:kubernetes"`},
	{"a node", Scope{Profiles: []string{"kubelet"}, Nodes: []string{"w*"}}, askKubelet("w2"), "issue"},
	{"a node outside", Scope{Profiles: []string{"kubelet"}, Nodes: []string{"w*"}}, askKubelet("cp1"),
		`hold; scope-node node "cp1"`},
	{"no nodes", Scope{Profiles: []string{"kubelet"}}, askKubelet("w2"), `hold; scope-node node "w2"`},
	{"a node with the endpoint's name", everything(), askKubelet("api.prod.example"),
		`hold; scope-node node "api.prod.example"`},
	{"that node written out", scopeWith(func(s *Scope) { s.Nodes = []string{"api.prod.example"} }),
		askKubelet("api.prod.example"), "issue"},
	{"a node called kubernetes", scopeWith(func(s *Scope) { s.Nodes = []string{"kubernetes"} }),
		askKubelet("kubernetes"),
		`deny; cover-node cover.Node "kubernetes"; profile-subject subject.CN "system:node:kubernetes"; ` +
			`scope-node node`},
	{"no users", everything(), askClient("CN=jane"), `hold; scope-user subject.CN "jane"`},
	{"a user", scopeWith(func(s *Scope) { s.Users = []string{"jane"} }), askClient("CN=jane"), "issue"},
	{"another case", scopeWith(func(s *Scope) { s.Users = []string{"jane"} }), askClient("CN=Jane"),
		`hold; scope-user subject.CN "Jane"`},
	{"a user by pattern", scopeWith(func(s *Scope) { s.Users = []string{"*@corp*"} }), askClient("CN=boss@corp"),
		"issue"},
	{"a star is no dot", scopeWith(func(s *Scope) { s.Users = []string{"*@corp*"} }), askClient("CN=boss@corp.example"),
		`hold; scope-user subject.CN "boss@corp.example"`},
	{"no groups", scopeWith(func(s *Scope) { s.Users = []string{"jane"} }), askClient("CN=jane O=dev-team"),
		`hold; scope-group subject.O "dev-team"`},
	{"groups", scopeWith(func(s *Scope) { s.Users, s.Groups = []string{"jane"}, []string{"dev-*", "ops"} }),
		askClient("CN=jane O=dev-team O=ops"), "issue"},
	{"a client without a user", everything(), ask{names: []string{"www.example"}, profile: "client", signed: 1},
		"issue"},
}

// What a scope grants and does not: each pattern of the design, and the names that none reaches.
func TestScope(t *testing.T) {
	for _, test := range scopes {
		t.Run(test.name, func(t *testing.T) {
			p := testPolicy(t, scopeCluster, test.scope)
			if d := p.Decide(Input{Request: test.ask.read(t), Trusts: []string{trust},
				Now: noon}); judged(d) != test.want {
				t.Errorf("got  %s\nwant %s", judged(d), test.want)
			}
		})
	}
}

// A profile's own names in the policy follow the same rules.
func TestNarrowedScope(t *testing.T) {
	p := testPolicy(t, scopeCluster+
		"profiles: {server: {dns: ['**'], wildcards: ['*.apps.example'], ips: [192.0.2.0/24]}}\n",
		Scope{Profiles: []string{"server", "client"}})
	for names, want := range map[string]string{
		"www.example *.apps.example 192.0.2.7": "issue",
		"*.a.example":                          `hold; scope-name names "DNS:*.a.example"`,
		"kubernetes":                           `hold; scope-name names "DNS:kubernetes"`,
		"192.0.2.10":                           `hold; scope-name names "IP:192.0.2.10"`,
	} {
		d := p.Decide(Input{Request: ask{subject: "CN=x", names: strings.Fields(names), profile: "server",
			signed: 1}.read(t), Trusts: []string{trust}, Now: noon})
		if judged(d) != want {
			t.Errorf("%s: got %s, expected %s", names, judged(d), want)
		}
	}
}

// The policy takes for a node what Kubernetes does, and no more.
func TestCheckNode(t *testing.T) {
	p := testPolicy(t, scopeCluster, Scope{})
	for _, node := range []string{"w1", "w1.example", "a-b.c", strings.Repeat("a", 52), "w1.", "W1", "*", "*.example",
		"a_b", "-a", "a-", "a..b",
		strings.Repeat("a", 53), "", "ä", "10.0.0.1", "w1 ", "kubernetes", "kubernetes.default.svc.cluster.local"} {
		if err := p.checkNode(node); err == nil && kube.CheckNode(node) != nil {
			t.Errorf("%q is a node here, and Kubernetes says %v", node, kube.CheckNode(node))
		}
	}
	for node, want := range map[string]string{"kubernetes.default": "the name belongs to the API server",
		"*.example": "a node's name has no wildcard", "W1": "a node's name is lower case"} {
		if err := p.checkNode(node); err == nil || err.Error() != want {
			t.Errorf("%q: %v, expected %s", node, err, want)
		}
	}
	if err := p.checkNode("api.prod.example"); err != nil {
		t.Errorf("a host may be the endpoint: %v", err)
	}
}

// A refusal repeats a long scope in part, and the refusals of one request are bounded.
func TestRefusalsAreBounded(t *testing.T) {
	var names, scope []string
	for i := range 90 {
		names, scope = append(names, strings.Repeat("a", i%60+1)+".n"+strings.Repeat("x", i/60)+".example"),
			append(scope, strings.Repeat("b", i%60+1))
	}
	p := testPolicy(t, "", Scope{Profiles: []string{"server"}, DNS: scope})
	d := p.Decide(Input{Request: ask{subject: "CN=x", names: names, profile: "server", signed: 1}.read(t),
		Trusts: []string{trust}, Now: noon})
	if len(d.Refusals) != 32 || !strings.HasSuffix(d.Refusals[0].Allowed, ", bbbbbbbbbbbbbbbb and 74 more") {
		t.Errorf("%d refusals, the first allows %s", len(d.Refusals), d.Refusals[0].Allowed)
	}
}

// What the files of version 1 granted and these rules do not is named once, with the line to add.
func TestWarnings(t *testing.T) {
	p := testPolicy(t, scopeCluster+`unsigned:
  profiles: [server]
  dns: ["**"]
  ips: [192.0.2.0/24]
profiles:
  server: {dns: ["*.internal.example"]}
`, Scope{Profiles: []string{"client"}, DNS: []string{"*.apps.example", "cp1"}})
	p.requesters.Requesters[1].Scope = Scope{Profiles: []string{"client"}, DNS: []string{"*.example"},
		Users: []string{}}
	want := []string{
		`policy.yaml: unsigned: patterns no longer reach names of the API server and of known hosts; add, if it is ` +
			`meant: dns: ` +
			`["api.prod.example", "cp.prod.example", "cp1", "kubernetes", "kubernetes.default", ` +
			`"kubernetes.default.svc", "kubernetes.default.svc.cluster.local", "w1"]`,
		`policy.yaml: unsigned: subnets no longer reach addresses of the API server and of known hosts; add, if it ` +
			`is meant: ips: ["192.0.2.10", "192.0.2.21"]`,
		`policy.yaml: profiles.server: a pattern no longer grants a wildcard name; add, if it is meant: wildcards: ` +
			`["*.internal.example"]`,
		`requesters.yaml: "me": profile client no longer brings any user by itself; add, if it is meant: users: ` +
			`["NAME"]`,
		`requesters.yaml: "me": a pattern no longer grants a wildcard name; add, if it is meant: wildcards: ` +
			`["*.apps.example"]`,
	}
	if got := p.Warnings(); !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	text, err := Default(Defaults{Cluster: Cluster{Kubernetes: "1.37",
		Nodes: map[string][]string{"cp1": {"192.0.2.10"}}}, Unsigned: []string{"server", "client"}})
	if err != nil {
		t.Fatal(err)
	}
	_, body, _ := strings.Cut(string(text), "kind: Policy\n")
	if got := testPolicy(t, body, Scope{Users: []string{}}).Warnings(); len(got) > 0 {
		t.Errorf("a fresh policy warns: %v", got)
	}
}

// Enrolling names what a scope cannot do although it seems to.
func TestUnworkable(t *testing.T) {
	p := testPolicy(t, scopeCluster+"profiles: {peer: {dns: ['*.example']}}\n", Scope{})
	for _, test := range []struct {
		scope Scope
		want  []string
	}{
		{Scope{}, []string{"without --profile everything it asks for is held"}},
		{Scope{Profiles: []string{"server", "client"}}, []string{
			"server: held, since the scope has no name: --dns NAME, --ip ADDRESS",
			"client: held, since the scope has no user: --user NAME"}},
		{Scope{Profiles: []string{"peer"}}, nil},
		{Scope{Profiles: []string{"server", "client"}, DNS: []string{"a.example"}, Users: []string{"jane"}}, nil},
		{Scope{Profiles: []string{"server"}, Wildcards: []string{"*.a.example"}}, nil},
		{Scope{Profiles: []string{"kube-apiserver"}},
			[]string{"kube-apiserver: held, since the scope has no node: --node NODE"}},
		{Scope{Profiles: []string{"kube-apiserver"}, Nodes: []string{"cp1"}}, nil},
		{Scope{Profiles: []string{"kube-apiserver", "kubelet"}, Nodes: []string{"cp9"}},
			[]string{"kube-apiserver: a request that names an address of cp9 is held, since the address is not " +
				"known: --ip ADDRESS, or cluster.nodes in policy.yaml"}},
		{Scope{Profiles: []string{"kube-apiserver"}, Nodes: []string{"cp9"}, IPs: []string{"192.0.2.9"}}, nil},
	} {
		if got := p.Unworkable(test.scope); !slices.Equal(got, test.want) {
			t.Errorf("%+v:\n got %q\nwant %q", test.scope, got, test.want)
		}
	}
}

// An enrolment is changed by lists; what version 1 wrote keeps its form until it is changed.
func TestChangeScope(t *testing.T) {
	_, key := identity(t, 1)
	_, other := identity(t, 2)
	r, err := ParseRequesters([]byte("apiVersion: ca-exchange/v1\nkind: Requesters\nrequesters:\n- name: me\n  key: " +
		key + "\n  profiles: [server]\n  dns: [a.example]\n"))
	if err != nil {
		t.Fatal(err)
	}
	if r, err = r.Enroll(Requester{Name: "you", Key: other, Scope: Scope{Profiles: []string{"client"}}}); err != nil {
		t.Fatal(err)
	}
	if me, you := r.Requesters[0], r.Requesters[1]; me.current() || !you.current() {
		t.Errorf("%+v and %+v", me, you)
	}
	me := r.Requesters[0]
	if _, err := me.Without(Scope{DNS: []string{"a.exmple"}}); err == nil ||
		err.Error() != `dns: "a.exmple" is not in the scope` {
		t.Errorf("taking out what is not there: %v", err)
	}
	less, err := me.Without(Scope{DNS: []string{"a.example"}})
	if err != nil {
		t.Fatal(err)
	}
	me.Scope = less.With(Scope{DNS: []string{"b.example", "b.example"}, Users: []string{"jane"}})
	if r, err = r.Replace(me); err != nil {
		t.Fatal(err)
	}
	if got, want := r.Requesters[0].Lists(), []string{"profiles: server", "dns: b.example",
		"users: jane"}; !slices.Equal(got, want) || !r.Requesters[0].current() {
		t.Errorf("got %q, expected %q", got, want)
	}
	me.Key = other
	if _, err := r.Replace(me); err == nil || !strings.Contains(err.Error(), "is enrolled already") {
		t.Errorf("another requester's key: %v", err)
	}
	me.Name, me.Key = "nobody", key
	if _, err := r.Replace(me); err == nil || err.Error() != `requester "nobody" is not enrolled` {
		t.Errorf("nobody: %v", err)
	}
	me.Name, me.Users = "me", []string{"system:x"}
	if _, err := r.Replace(me); err == nil || !strings.Contains(err.Error(), "reserved for built-in profiles") {
		t.Errorf("a reserved user: %v", err)
	}
}
