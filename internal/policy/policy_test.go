package policy

import "testing"

func TestDefaultParses(t *testing.T) {
	for _, d := range []Defaults{
		{Cluster: Cluster{Kubernetes: "1.37"}},
		{Cluster: Cluster{Kubernetes: "1.28", Name: "prod", DNSDomain: "k8s.example",
			ServiceSubnets: []string{"10.0.0.0/16", "fd00::/108"}, Endpoint: "api.example:6443",
			CertSANs: []string{"a.example"},
			Nodes:    map[string][]string{"cp1": {"192.0.2.10", "2001:db8::10"}, "w1.example": nil}}, Days: 90,
			MaxDays: 100, Unsigned: []string{"server", "client"}},
	} {
		text, err := Default(d)
		if err != nil {
			t.Fatal(err)
		}
		c, err := Parse(text)
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		if c.Cluster.Kubernetes != d.Cluster.Kubernetes || c.Cluster.Name != d.Cluster.Name ||
			(c.Unsigned == nil) != (d.Unsigned == nil) {
			t.Errorf("read back %+v of %+v", c, d)
		}
	}
}

// TestBuiltInNames: the names that a policy gives to every certificate of a built-in profile are checked as a scope's.
func TestBuiltInNames(t *testing.T) {
	_, err := Parse([]byte("apiVersion: ca-exchange/v1\nkind: Policy\nprofiles:\n  server:\n    dns: ['a b']\n"))
	want := `policy.yaml:5:11: "a b": a pattern has letters, digits, "-", ".", "*" (no dot) and "**" (anything)`
	if err == nil || err.Error() != want {
		t.Errorf("%v, expected %s", err, want)
	}
}

// TestSecondDocument: a policy is one document; what follows is never left out in silence.
func TestSecondDocument(t *testing.T) {
	const one = "apiVersion: ca-exchange/v1\nkind: Policy\n"
	for between, where := range map[string]string{"---\n": ":4", "...\n": ":4", "---\n---\n": ""} {
		_, err := Parse([]byte(one + between + one))
		if want := "policy.yaml" + where + ": a second YAML document: one is read"; err == nil || err.Error() != want {
			t.Errorf("%q: %v, expected %s", between, err, want)
		}
	}
}

// Every mistake is told with its place.
func TestParseErrors(t *testing.T) {
	const head = "apiVersion: ca-exchange/v1\nkind: Policy\n"
	for _, test := range []struct{ text, want string }{
		{"kind: Policy\n",
			`policy.yaml:1:7: not a policy: apiVersion is "" and kind "Policy", not "ca-exchange/v1" and "Policy"`},
		{head + "colour: red\n", `policy.yaml:3:1: unknown field "colour"`},
		{head + "certificates:\n  days: many\n", `policy.yaml:4:9: a whole number is needed here, not a text`},
		{head + "certificates:\n  days: 400\n  maxDays: 300\n",
			`policy.yaml:5:12: maxDays is 300, not between days (400) and 3650`},
		{head + "cluster:\n  nodes: {cp1: [192.0.2]}\n", `policy.yaml:4:17: "192.0.2" is not the address of a host`},
		{head + "cluster:\n  nodes: {CP1: []}\n",
			`policy.yaml:4:10: "CP1" is not the name of a node: lower case, RFC 1123`},
		{head + "cluster:\n  serviceSubnets: [10.96.0.0/12, ten]\n",
			`policy.yaml:4:34: "ten" is not a subnet (example: 10.96.0.0/12)`},
		{head + "unsigned:\n  profiles: [server]\n  dns:\n    - ok.example\n    - 'a b'\n",
			`policy.yaml:7:7: "a b": a pattern has letters, digits, "-", ".", "*" (no dot) and "**" (anything)`},
		{head + "unsigned:\n  ips: [all]\n",
			`policy.yaml:4:9: "all": not an address or a subnet (example: 192.0.2.0/24)`},
		{head + "unsigned:\n  wildcards: [www.example]\n",
			`policy.yaml:4:15: "www.example": a wildcard name begins with "*."; others belong into dns`},
		{head + "unsigned:\n  wildcards: ['**.example']\n",
			`policy.yaml:4:15: "**.example": the character '*' is not allowed`},
		{head + "unsigned:\n  users: ['System:x']\n",
			`policy.yaml:4:11: "System:x": names that begin with "system:" or "kubeadm:" are reserved for built-in ` +
				`profiles`},
		{head + "unsigned:\n  groups: [\"a\\tb\"]\n", `policy.yaml:4:12: "a\tb": a pattern has printable characters`},
		{head + "unsigned:\n  users: ['a***']\n", `policy.yaml:4:11: "a***": "*" (no dot) or "**" (anything)`},
		{head + "renewals: {perDay: -1}\n", `policy.yaml:3:20: perDay is -1, not between 1 and 10000`},
		{head + "certificates: {backdate: 10d}\n", `policy.yaml:3:26: "10d" is not a duration (examples: 5m, 1h)`},
		{head + "certificates: {backdate: 10}\n", `policy.yaml:3:26: a duration is needed here (examples: 5m, 1h)`},
		{head + "certificates:\n  days: 0\n",
			`policy.yaml:4:9: days is 0: write a number from 1, or leave the line out for the default`},
		{head + "certificates: {maxDays: 1.5}\n", `policy.yaml:3:25: maxDays is 1.5, not a whole number`},
		{head + "profiles: {server: {days: 0}}\n",
			`policy.yaml:3:27: days is 0: write a number from 1, or leave the line out for the default`},
		{head + "cluster:\n  endpoint: https://api.example:6443/\n",
			`policy.yaml:4:13: "https://api.example:6443/" is a URL: write api.example:6443`},
		{head + "cluster: {endpoint: 'a b'}\n",
			`policy.yaml:3:21: "a b" is not HOST or HOST:PORT (example: api.example:6443)`},
		{head + "cluster: {certSANs: [ok.example, foo bar]}\n",
			`policy.yaml:3:34: "foo bar" is neither a DNS name nor an address`},
		{head + "cluster: {dnsDomain: cluster_local}\n",
			`policy.yaml:3:22: "cluster_local" is not a DNS domain (example: cluster.local)`},
		{head + "cluster: {serviceSubnets: [10.96.0.1/12]}\n",
			`policy.yaml:3:28: "10.96.0.1/12" is an address in the subnet 10.96.0.0/12: write the subnet`},
		{head + "unsigned: {dns: a.example}\n",
			`policy.yaml:3:17: a list is needed here: [ONE, ANOTHER], not one value`},
		{head + "unsigned: [server]\n", `policy.yaml:3:11: fields are needed here, not a list`},
		{head + "unsigned: {dns: [*.example]}\n", `policy.yaml:3:19: quote what begins with a star: "*.example"`},
		{head + "certificates:\n\tdays: 1\n", `policy.yaml:4:1: a line begins with a tab: use blanks`},
		{"\ufeff" + head + "colour: red\n", `policy.yaml:3:1: unknown field "colour"`},
		{head + "kind: Policy\n", `policy.yaml:3:1: mapping key "kind" already defined at [2:1]`},
		{head + "unsigned: [\n", `policy.yaml:3:11: sequence end token ']' not found`},
	} {
		if _, err := Parse([]byte(test.text)); err == nil || err.Error() != test.want {
			t.Errorf("Parse(%q)\n got %v\nwant %s", test.text, err, test.want)
		}
	}
}

func TestGlob(t *testing.T) {
	for _, test := range []struct {
		pattern, s string
		want       bool
	}{
		{"cp1", "cp1", true}, {"cp1", "cp12", false}, {"cp*", "cp12", true}, {"cp*", "cp1.example", false},
		{"cp**", "cp1.example", true}, {"**", "a.b.c", true}, {"**", "", true}, {"*", "", true}, {"*", "a.b", false},
		{"*.example", "a.example", true}, {"*.example", "a.b.example", false}, {"**.example", "a.b.example", true},
		{"*.*.example", "a.b.example", true}, {"**.example", "example", false}, {"a*b*c", "aXbYc", true},
		{"a*b*c", "a.bc", false},
		{"a**b", "a.x.b", true}, {"*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false},
	} {
		if got := matchGlob(test.pattern, test.s); got != test.want {
			t.Errorf("matchGlob(%q, %q) = %v", test.pattern, test.s, got)
		}
	}
}
