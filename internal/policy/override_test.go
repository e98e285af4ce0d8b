package policy

import (
	"slices"
	"testing"

	"ca-exchange/internal/refusal"
	"ca-exchange/internal/request"
)

// overrides are requests and what a person adds to them.
var overrides = []struct {
	name     string
	ask      ask
	override Override
	want     string // as judged, without "signature-absent signature"
	plan     string
	losses   string
	question string
}{
	{"the profile's own names", ask{subject: "CN=kube-apiserver"}, Override{Profile: "kube-apiserver", Node: "cp1",
		Names: testNames("192.0.2.11")}, "hold",
		`kube-apiserver CN="kube-apiserver" DNS:cp1 DNS:kubernetes DNS:kubernetes.default ` +
			`DNS:kubernetes.default.svc ` +
			`DNS:kubernetes.default.svc.cluster.local DNS:api.example IP:192.0.2.11 IP:10.96.0.1 IP:192.0.2.10`, "",
		""},
	{"a kubelet of a CSR for both", ask{subject: "C=US O=system:nodes CN=system:node:w1", names: []string{"w1"},
		usages: []string{"server", "client"}},
		Override{Profile: "kubelet"}, `hold; profile-names names "DNS:w1"`,
		`kubelet CN="system:node:w1", O="system:nodes"`,
		`name "DNS:w1"; attribute C="US"; usage serverAuth`, ""},
	{"a node in upper case", ask{subject: "O=system:nodes CN=system:node:W1"},
		Override{Profile: "kubelet", Node: "w1"},
		`hold; profile-subject subject.CN "system:node:W1"`, `kubelet CN="system:node:w1", O="system:nodes"`,
		`common name "system:node:W1"`, ""},
	{"a node that is not one", ask{subject: "O=system:nodes CN=system:node:w1"},
		Override{Profile: "kubelet", Node: "*.example"},
		`deny; cover-node node "*.example"; profile-subject subject.CN "system:node:w1"`, "",
		`common name "system:node:w1"`, ""},
	{"a person's node in upper case", ask{subject: "O=system:nodes CN=system:node:w1"},
		Override{Profile: "kubelet", Node: "W1"},
		`deny; cover-node node "W1"; profile-subject subject.CN "system:node:w1"`, "",
		`common name "system:node:w1"`, ""},
	{"a name makes a server", ask{subject: "CN=bare"}, Override{Names: testNames("bare.example")}, "hold",
		`server CN="bare.example" DNS:bare.example`, `common name "bare"`, ""},
	{"no node", ask{subject: "CN=x"}, Override{Profile: "kubelet"},
		`hold; node-absent node; profile-subject subject.CN "x"`, "", `common name "x"`, ""},
	{"today's subject", ask{subject: "O=system:masters CN=kube-etcd-healthcheck-client"},
		Override{Profile: "etcd-healthcheck-client"}, `hold; group-lost subject.O "system:masters"`,
		`etcd-healthcheck-client CN="kube-etcd-healthcheck-client"`, `group "system:masters"`, ""},
	{"a company's name", ask{subject: "O=Acme L=Rome CN=system:kube-proxy"}, Override{Profile: "kube-proxy"},
		"hold",
		`kube-proxy CN="system:kube-proxy"`, `attribute L="Rome"; attribute O="Acme"`, ""},
	{"jane keeps her group", ask{subject: "CN=jane O=dev-team"}, Override{Profile: "user"}, "hold",
		`user CN="jane", O="dev-team"`, "", ""},
	{"jane without her group", ask{subject: "CN=jane O=dev-team O=ops"},
		Override{Profile: "user", WithoutGroups: []string{"dev-team"}}, "hold",
		`user CN="jane", O="ops"`, `group "dev-team"`, ""},
	{"a server loses a group that a scope knows", ask{subject: "CN=jane O=dev-team", names: []string{"a.example"}},
		Override{Profile: "server"},
		`hold; group-lost subject.O "dev-team"`, `server CN="a.example" DNS:a.example`,
		`common name "jane"; group "dev-team"`, "--without-group dev-team"},
	{"a group that another requester's scope knows",
		ask{subject: "CN=a.example O=theirs-x", names: []string{"a.example"}}, Override{},
		`hold; group-lost subject.O "theirs-x"`, `server CN="a.example" DNS:a.example`, `group "theirs-x"`,
		"--without-group theirs-x"},
	{"the group given up", ask{subject: "CN=jane O=dev-team", names: []string{"a.example"}},
		Override{Profile: "server", WithoutGroups: []string{"dev-team"}},
		"hold", `server CN="a.example" DNS:a.example`, `common name "jane"; group "dev-team"`, ""},
	{"a usage", ask{subject: "CN=x", names: []string{"x.example"}, usages: []string{"server", "client"}},
		Override{Profile: "server"},
		`hold; profile-usage usages "clientAuth"`, `server CN="x.example" DNS:x.example`,
		`common name "x"; usage clientAuth`, "--without-usage clientAuth"},
	{"the usage given up", ask{subject: "CN=x", names: []string{"x.example"}, usages: []string{"server", "client"}},
		Override{Profile: "server", WithoutUsages: []string{"clientAuth"}}, "hold",
		`server CN="x.example" DNS:x.example`, `common name "x"; usage clientAuth`, ""},
	{"a usage that nobody here knows", ask{subject: "CN=x.example", names: []string{"x.example"},
		usages: []string{"server", "smartcard"}}, Override{},
		`hold; profile-usage extensions.extendedKeyUsage "1.3.6.1.4.1.311.20.2.2"`,
		`server CN="x.example" DNS:x.example`, "usage 1.3.6.1.4.1.311.20.2.2",
		"--without-usage 1.3.6.1.4.1.311.20.2.2"},
	{"a name in a form that certificates do not have",
		ask{subject: "CN=x.example", names: []string{"x.example", "web.example."}},
		Override{Names: testNames("web.example")},
		`hold; name-form names "web.example."`, `server CN="x.example" DNS:x.example DNS:web.example`,
		`name "web.example."`, ""},
	{"a reserved user for a person, too", ask{subject: "CN=kubernetes-admin"}, Override{Profile: "client"},
		`deny; subject-reserved subject.CN "kubernetes-admin"`, "", "", ""},
	{"nobody", ask{subject: "O=dev-team"}, Override{Profile: "user"}, `hold; profile-subject subject.CN`, "", "",
		""},
	{"blanks around a user", ask{subject: "CN=_jane"}, Override{Profile: "user"}, "hold", `user CN="jane"`, "", ""},
	{"more days than allowed", ask{subject: "CN=jane"}, Override{Profile: "user", Days: 91}, "hold",
		`user CN="jane"`, "days 91: the policy allows 90", ""},
}

// A person's word does not move a reserved name, and what a person agreed to lose is lost by kind.
func TestOverride(t *testing.T) {
	p := testPolicy(t, "cluster: {endpoint: 'api.example:6443', nodes: {cp1: [192.0.2.10]}}\n",
		Scope{Groups: []string{"dev-*"}})
	for _, test := range overrides {
		t.Run(test.name, func(t *testing.T) {
			r := test.ask.read(t)
			_, found := request.Parse(r.Bytes, nil)
			d := p.Decide(Input{Request: r, Found: found, Trusts: []string{trust}, Override: test.override, Now: noon})
			question := ""
			for _, q := range d.Questions() {
				question += q.Flag
			}
			d.Refusals = slices.DeleteFunc(d.Refusals,
				func(r refusal.Refusal) bool { return r.Code == refusal.SignatureAbsent })
			if judged(d) != test.want || planned(d) != test.plan || losses(d) != test.losses ||
				question != test.question {
				t.Errorf("got  %s\n plan %s\n losses %s\n question %s\nwant %s\n plan %s\n losses %s\n question %s",
					judged(d), planned(d), losses(d), question, test.want, test.plan, test.losses, test.question)
			}
			if (d.Approvable() == nil) != (test.plan != "" && test.question == "") {
				t.Errorf("approvable: %v", d.Approvable())
			}
		})
	}
}
