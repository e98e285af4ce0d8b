package policy

import (
	"strings"
	"testing"

	"ca-exchange/internal/refusal"
	"ca-exchange/internal/request"
)

// TestWays: what a person types to approve each held request, whether its profile was determined or not.
func TestWays(t *testing.T) {
	p := testPolicy(t, "cluster: {nodes: {cp1: [192.0.2.10]}}\n", Scope{Groups: []string{"dev-*"}})
	for _, test := range []struct {
		ask  ask
		want string
	}{
		{ask{subject: "CN=www.example", names: []string{"www.example"}}, ""},
		{ask{subject: "CN=kube-scheduler"}, "--profile kube-scheduler"},
		{ask{subject: "CN=jane O=ops"}, "--profile user | --profile client | --profile server --dns jane"},
		{ask{subject: "CN=a", names: []string{"a.example", "10.0.0.1."}}, "--ip 10.0.0.1"},
		{ask{subject: "CN=a", names: []string{"Web.example.", "*.apps.example."}},
			"--dns web.example --dns '*.apps.example'"},
		{ask{subject: "CN=a O=dev-1", names: []string{"a.example"}}, "--without-group dev-1"},
		{ask{subject: "CN=x", names: []string{"x.example"}, usages: []string{"server", "email"}},
			"--without-usage emailProtection"},
		{ask{subject: "CN=x", profile: "server", usages: []string{"server"}}, "--dns x"},
		{ask{subject: "CN=kube-apiserver", names: []string{"cp1", "192.0.2.11"}}, "--profile kube-apiserver"},
		{ask{subject: "CN=kube-apiserver", names: []string{"192.0.2.11"}},
			"--profile kube-apiserver --node NODE"},
		{ask{subject: "CN=kube-apiserver", names: []string{"cp1.", "192.0.2.11"}},
			"--profile kube-apiserver --node NODE --dns cp1"},
		{ask{subject: "CN=kubernetes",
			names: []string{"kubernetes", "kubernetes.default", "kubernetes.default.svc.cluster"}},
			"--profile kube-apiserver --node NODE"},
		{ask{subject: "CN=kubernetes"}, "--profile server --dns NAME | --profile client"},
		{ask{subject: "CN=kube-scheduler", usages: []string{"client"}}, "--profile kube-scheduler"},
		{ask{subject: "CN=jane O=system:masters"}, ""}, // denied
		{ask{subject: "CN=kubernetes-admin", profile: "server"}, ""},
	} {
		r := test.ask.read(t)
		_, found := request.Parse(r.Bytes, nil)
		d := p.Decide(Input{Request: r, Found: found, Trusts: []string{trust}, Now: noon})
		var got []string
		for _, way := range d.Ways() {
			got = append(got, strings.Join(way.Flags, " "))
		}
		if strings.Join(got, " | ") != test.want {
			t.Errorf("%+v: %q, want %q (%s)", test.ask, got, test.want, judged(d))
		}
	}
}

// TestOlderGroupIsExplained: a component that an older release put into system:masters is held with today's subject, in
// words that say why its group goes.
func TestOlderGroupIsExplained(t *testing.T) {
	p := testPolicy(t, "", Scope{})
	r := ask{subject: "O=system:masters CN=kube-etcd-healthcheck-client"}.read(t)
	d := p.Decide(Input{Request: r, Now: noon})
	want := refusal.New(refusal.GroupLost, "subject.O", "system:masters",
		"no O: etcd-healthcheck-client has none in this release")
	if got := ofCode(d.Refusals, refusal.GroupLost); len(got) != 1 || got[0] != want {
		t.Errorf("%v, want %v", d.Refusals, want)
	}
}
