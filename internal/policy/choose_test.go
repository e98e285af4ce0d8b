package policy

import (
	"testing"

	"ca-exchange/internal/pki"
)

// choices are requests and what is chosen for each where nothing states a profile.
var choices = []struct {
	name  string
	ask   ask
	want  string // as judged, "hold; signature-absent signature" aside
	plan  string
	flags string
}{
	{"a server", ask{subject: "CN=www.example", names: []string{"www.example"}}, "",
		`server CN="www.example" DNS:www.example`, ""},
	{"serverAuth alone", ask{subject: "CN=a", names: []string{"www.example"}, usages: []string{"server"}}, "",
		`server CN="www.example" DNS:www.example`, ""},
	{"clientAuth alone, with names", ask{subject: "CN=jane", names: []string{"www.example"},
		usages: []string{"client"}}, "", `client CN="jane" DNS:www.example`, ""},
	{"both usages", ask{subject: "CN=x", names: []string{"x.example"}, usages: []string{"server", "client"}}, "",
		`peer CN="x.example" DNS:x.example`, ""},
	{"a host without names", ask{subject: "CN=server.example"},
		`; name-absent names; profile-ambiguous profile "server, client"`, "",
		"--profile server --dns server.example | --profile client"},
	{"an address without names", ask{subject: "CN=192.0.2.7"},
		`; name-absent names; profile-ambiguous profile "server, client"`, "",
		"--profile server --ip 192.0.2.7 | --profile client"},
	{"openssl's default organisation is no group",
		ask{subject: "C=AU ST=Some-State O=Internet_Widgits_Pty_Ltd CN=web"},
		`; name-absent names; profile-ambiguous profile "server, client"`, "",
		"--profile server --dns web | --profile client"},
	{"a user with a group", ask{subject: "CN=jane O=dev-team"},
		`; profile-ambiguous profile "user, client, server"`, "",
		"--profile user | --profile client | --profile server --dns jane"},
	{"the document's API server", ask{subject: "CN=kube-apiserver"},
		`; profile-unstated profile "kube-apiserver"`, "", "--profile kube-apiserver --node NODE --ip ADDRESS"},
	{"an API server with one host among its names",
		ask{subject: "O=Kubernetes CN=kube-apiserver", names: []string{"w9", "192.0.2.9"}},
		`; profile-unstated profile "kube-apiserver"`, "", "--profile kube-apiserver --node w9"},
	{"an API server of a known host, as kubeadm asks",
		ask{subject: "CN=kube-apiserver", names: []string{"cp1", "kubernetes"}}, "",
		`kube-apiserver CN="kube-apiserver" DNS:cp1 DNS:kubernetes`, ""},
	{"an API server named kubernetes",
		ask{subject: "CN=kubernetes", names: []string{"kubernetes", "kubernetes.default", "192.0.2.9"}},
		`; profile-unstated profile "kube-apiserver"`, "", "--profile kube-apiserver --node NODE"},
	{"its own common name as organisation, twice system",
		ask{subject: "O=system:system:kube-scheduler OU=Kubernetes_The_Hard_Way CN=system:kube-scheduler"},
		`; profile-unstated profile "kube-scheduler"; group-lost subject.O "system:system:kube-scheduler"`, "",
		"--profile kube-scheduler"},
	{"twice system in the common name", ask{subject: "CN=system:system:kube-proxy"},
		`; profile-unstated profile "kube-proxy"`, "", "--profile kube-proxy"},
	{"without system", ask{subject: "CN=kube-controller-manager"},
		`; profile-unstated profile "kube-controller-manager"`, "", "--profile kube-controller-manager"},
	{"without system, but with a server's names",
		ask{subject: "CN=kube-scheduler", names: []string{"kube-scheduler"}}, "",
		`server CN="kube-scheduler" DNS:kube-scheduler`, ""},
	{"kubeadm up to 1.28", ask{subject: "O=system:masters CN=kube-apiserver-kubelet-client"},
		`; profile-unstated profile "apiserver-kubelet-client"; group-lost subject.O "system:masters"`, "",
		"--profile apiserver-kubelet-client"},
	{"a needless name", ask{subject: "CN=front-proxy-client", names: []string{"front-proxy-client"}},
		`; profile-unstated profile "front-proxy-client"`, "", "--profile front-proxy-client"},
	{"etcd as a guide has it", ask{subject: "CN=kube-etcd", names: []string{"cp1", "localhost", "192.0.2.10"},
		usages: []string{"server", "client"}},
		`; profile-unstated profile "etcd-server, etcd-peer"`, "", "--profile etcd-server | --profile etcd-peer"},
	{"etcd as a guide has it, host unknown", ask{subject: "CN=kube-etcd", names: []string{"db9", "localhost"}},
		`; profile-unstated profile "etcd-server, etcd-peer"`, "",
		"--profile etcd-server --node db9 | --profile etcd-peer --node db9"},
	{"etcd as kubeadm has it", ask{subject: "CN=cp1", names: []string{"cp1", "localhost"}},
		`; profile-ambiguous profile "etcd-server, etcd-peer"`, "", "--profile etcd-server | --profile etcd-peer"},
	{"a host that is also localhost", ask{subject: "CN=cp1", names: []string{"cp1", "localhost"},
		usages: []string{"server"}}, "",
		`server CN="cp1" DNS:cp1 DNS:localhost`, ""},
	{"a kubelet", ask{subject: "O=system:nodes CN=system:node:w1"}, "",
		`kubelet CN="system:node:w1", O="system:nodes"`, ""},
	{"a node without its group", ask{subject: "CN=system:node:w1"},
		`; profile-unstated profile "kubelet"`, "", "--profile kubelet"},
	{"a node with both usages", ask{subject: "O=system:nodes CN=system:node:w1", names: []string{"w1"},
		usages: []string{"server", "client"}},
		`; profile-unstated profile "kubelet, kubelet-serving"`, "",
		"--profile kubelet | --profile kubelet-serving"},
	{"a node without system", ask{subject: "CN=node:w1"},
		`; name-absent names; profile-ambiguous profile "server, client"`, "",
		"--profile server --dns NAME | --profile client"},
	{"a node in upper case", ask{subject: "O=system:nodes CN=system:node:W1"},
		"; node-absent subject.CN \"system:node:W1\"", "", ""},
}

// What honest tools write, unsigned, and no scope: the profile that is determined, or those that it looks like and the
// flags that approve it.
func TestChooseProfile(t *testing.T) {
	p := testPolicy(t, "cluster: {nodes: {cp1: [192.0.2.10]}}\n", Scope{})
	const unsigned = "; signature-absent signature"
	for _, test := range choices {
		t.Run(test.name, func(t *testing.T) {
			d := p.Decide(Input{Request: test.ask.read(t), Trusts: []string{trust}, Now: noon})
			if test.name == "a node in upper case" {
				test.want = `; node-absent subject.CN "W1"; profile-subject subject.CN "system:node:W1"`
			}
			if got := judged(d); got != "hold"+unsigned+test.want || planned(d) != test.plan ||
				commands(d) != test.flags {
				t.Errorf("got  %s, plan %s, flags %q\nwant hold%s%s, plan %s, flags %q", got, planned(d), commands(d),
					unsigned, test.want, test.plan, test.flags)
			}
			for _, c := range d.Candidates {
				approved(t, p, test.ask, c)
			}
		})
	}
}

// approved follows a candidate's command: its words in capitals filled in, it is signed.
func approved(t *testing.T, p *Policy, a ask, c Candidate) {
	t.Helper()
	o := Override{}
	for i := 0; i+1 < len(c.Flags); i += 2 {
		switch value := c.Flags[i+1]; c.Flags[i] {
		case "--profile":
			o.Profile = value
		case "--node":
			o.Node = map[string]string{"NODE": "w7"}[value]
			if o.Node == "" {
				o.Node = value
			}
		case "--dns":
			o.Names.DNS = []string{value}
		case "--ip":
			o.Names = o.Names.Merge(testNames(map[bool]string{true: "192.0.2.77", false: value}[value == "ADDRESS"]))
		default:
			t.Errorf("flag %s", c.Flags[i])
		}
	}
	d := p.Decide(Input{Request: a.read(t), Trusts: []string{trust}, Override: o, Now: noon})
	plan, ok := d.Plan()
	if err := d.Approvable(); !ok || err != nil {
		t.Errorf("%v: not approvable: %v, %s", c.Flags, err, judged(d))
		return
	}
	digest, err := plan.Digest()
	if err != nil {
		t.Fatal(err)
	}
	grant, err := d.Approve(digest)
	if err != nil || grant.Plan().Profile != c.Profile {
		t.Errorf("%v: %v", c.Flags, err)
	}
}

// Deny is for what no person could approve: reserved names that belong to no profile that the request looks like.
func TestReservedIsDenied(t *testing.T) {
	p := testPolicy(t, "", Scope{Profiles: []string{"server", "client", "user", "peer", "kubelet", "kube-scheduler"},
		Nodes: []string{"**"},
		DNS:   []string{"**"}, Users: []string{"**"}, Groups: []string{"**"}})
	for _, test := range []struct {
		ask  ask
		want string
	}{
		{ask{subject: "CN=jane O=system:masters"},
			`deny; signature-absent signature; subject-reserved subject.O "system:masters"`},
		{ask{subject: "CN=jane O=SYSTEM:masters", profile: "client", signed: 1},
			`deny; subject-reserved subject.O "SYSTEM:masters"`},
		{ask{subject: "CN=jane O=system_:masters", profile: "user", signed: 1},
			`deny; subject-reserved subject.O "system :masters"`},
		{ask{subject: "CN=jane O=ｓystem:masters", profile: "user", signed: 1},
			`deny; subject-reserved subject.O "\uff53ystem:masters"`},
		{ask{subject: "CN=jane O=kubeadm:cluster-admins", profile: "client", signed: 1},
			`deny; subject-reserved subject.O "kubeadm:cluster-admins"`},
		{ask{subject: "CN=jane OU=system:masters", profile: "client", signed: 1},
			`deny; subject-reserved subject.OU "system:masters"`},
		{ask{subject: "CN=system:admin", profile: "client", signed: 1},
			`deny; subject-reserved subject.CN "system:admin"`},
		{ask{subject: "CN=Kubernetes-Admin", profile: "client", signed: 1},
			`deny; subject-reserved subject.CN "Kubernetes-Admin"`},
		{ask{subject: "CN=front-proxy-client", profile: "user", signed: 1},
			`deny; subject-reserved subject.CN "front-proxy-client"`},
		{ask{subject: "CN=kube-apiserver", profile: "peer", names: []string{"a.example"}, signed: 1},
			`deny; subject-reserved subject.CN "kube-apiserver"`},
		{ask{subject: "CN=a.example O=system:masters", profile: "server", names: []string{"a.example"}, signed: 1},
			`deny; subject-reserved subject.O "system:masters"`},
		{ask{subject: "CN=system:kube-controller-manager", profile: "kube-scheduler", signed: 1},
			`deny; subject-reserved subject.CN "system:kube-controller-manager"`},
		{ask{subject: "CN=jane O=system:masters", profile: "kube-scheduler", signed: 1},
			`deny; profile-subject subject.CN "jane"; subject-reserved subject.O "system:masters"`},
		{ask{subject: "CN=system:anything"},
			`deny; signature-absent signature; name-absent names; subject-reserved subject.CN "system:anything"`},
		{ask{subject: "CN=system:anything", profile: "unheard-of", signed: 1},
			`deny; profile-unknown profile "unheard-of"; subject-reserved subject.CN "system:anything"`},
		{ask{subject: "CN=system:node:*.example O=system:nodes"},
			`deny; signature-absent signature; subject-reserved subject.CN "system:node:*.example"; subject-reserved ` +
				`subject.O "system:nodes"`},
		{ask{subject: "CN=system:node:*.a.example"},
			`deny; signature-absent signature; name-absent names; subject-reserved subject.CN ` +
				`"system:node:*.a.example"`},
		{ask{subject: "CN=system:node:kubernetes O=system:nodes", profile: "kubelet", signed: 1},
			`deny; cover-node subject.CN "kubernetes"; profile-subject subject.CN "system:node:kubernetes"`},
		{ask{subject: "CN=system:node:w1 O=system:nodes O=system:masters", profile: "kubelet", signed: 1},
			`hold; group-lost subject.O "system:masters"`},
	} {
		if d := p.Decide(Input{Request: test.ask.read(t), Trusts: []string{trust}, Now: noon}); judged(d) != test.want {
			t.Errorf("%+v\n got %s\nwant %s", test.ask, judged(d), test.want)
		}
	}
}

// The common name of a server is one of its names.
func TestServerCommonName(t *testing.T) {
	p := testPolicy(t, "", Scope{Users: []string{"jane", "*.users.example"}})
	long := "a23456789012345678901234567890123456789012345678901234567890.example.org"
	for _, test := range []struct {
		profile, subject string
		names            []string
		want, losses     string
	}{
		{"server", "CN=b.example", []string{"a.example", "b.example"}, "b.example", ""},
		{"server", "CN=B.Example", []string{"a.example", "b.example"}, "b.example", ""},
		{"server", "CN=bank.example", []string{"192.0.2.9"}, "192.0.2.9", `common name "bank.example"`},
		{"server", "CN=192.0.2.9", []string{"a.example", "192.0.2.9"}, "192.0.2.9", ""},
		{"server", "CN=2001:db8:0::1", []string{"a.example", "2001:db8::1"}, "2001:db8::1",
			`common name "2001:db8:0::1"`},
		{"server", "CN=x", []string{long}, "", `common name "x"`},
		{"server", "CN=x", []string{long, "a.example"}, "a.example", `common name "x"`},
		{"server", "CN=kube-apiserver", []string{"kube-apiserver", "a.example"}, "a.example",
			`common name "kube-apiserver"`},
		{"peer", "CN=jane", []string{"jane", "a.example"}, "a.example", `common name "jane"`},
		{"peer", "CN=db.users.example", []string{"db.users.example"}, "", `common name "db.users.example"`},
		{"server", "CN=jane", []string{"jane", "a.example"}, "jane", ""},
	} {
		d := p.Decide(Input{Request: ask{subject: test.subject, names: test.names}.read(t), Trusts: []string{trust},
			Override: Override{Profile: test.profile}, Now: noon})
		if test.subject == "CN=kube-apiserver" { // the name is reserved, so the request is denied: look at the choice
			j := &judgement{Input: Input{Request: ask{subject: test.subject, names: test.names}.read(t)}, policy: p}
			if got := j.ownCommonName(settled{profile: p.Profile("server"),
				names: pki.Names{DNS: test.names}}); got != test.want {
				t.Errorf("%+v: %q", test, got)
			}
			continue
		}
		if plan, ok := d.Plan(); !ok || plan.CommonName != test.want || losses(d) != test.losses {
			t.Errorf("%+v: got %q, losses %s, %s", test, plan.CommonName, losses(d), judged(d))
		}
	}
}
