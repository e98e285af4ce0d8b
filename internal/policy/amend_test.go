package policy

import (
	"fmt"
	"strings"
	"testing"
)

const head = "apiVersion: ca-exchange/v1\nkind: Policy\n"

// amendment is a cluster's lines, what a configuration says, and what becomes of them.
type amendment struct {
	name, text  string
	want        Cluster
	after, said string // after the change, "" for an error; what is said of it
}

func fullCluster() Cluster {
	return Cluster{
		Name: "prod", Kubernetes: "1.36", DNSDomain: "cluster.local", Endpoint: "api.example:6443",
		ServiceSubnets: []string{"10.96.0.0/12", "fd00::/108"}, CertSANs: []string{"a.example", "b.example"},
		Nodes: map[string][]string{"cp1": {"192.0.2.11"}},
	}
}

func amendments() []amendment {
	full, sans := fullCluster(), Cluster{CertSANs: []string{"a.example", "b.example"}}
	return []amendment{
		{"nothing said", "cluster: {name: prod} # all\n", Cluster{}, "cluster: {name: prod} # all\n", ""},
		{"the same", "cluster:\n  certSANs: [b.example, a.example] # both\n", sans,
			"cluster:\n  certSANs: [b.example, a.example] # both\n", ""},
		{"no cluster", "# end\n", full, "# end\n\ncluster:\n  nodes:\n    \"cp1\": [\"192.0.2.11\"]\n" +
			"  certSANs: [\"a.example\", \"b.example\"]\n  serviceSubnets: [\"10.96.0.0/12\", \"fd00::/108\"]\n" +
			"  endpoint: \"api.example:6443\"\n  kubernetes: \"1.36\"\n  name: \"prod\"\n",
			"cluster.name [] [prod]; cluster.kubernetes [] [1.36]; cluster.endpoint [] [api.example:6443]; " +
				"cluster.serviceSubnets [] [10.96.0.0/12 fd00::/108]; cluster.certSANs [] [a.example b.example]; " +
				"cluster.nodes.cp1 [] [192.0.2.11]"},
		{"scalars of each form",
			"cluster:\n  # é first\n  name: \"pröd \\\" #\"   # the name\n" +
				"  endpoint: old.example # moved\n  kubernetes: '1.35'\n",
			Cluster{Name: "prod", Endpoint: "api.example", Kubernetes: "1.36"},
			"cluster:\n  # é first\n  name: \"prod\"   # the name\n" +
				"  endpoint: \"api.example\" # moved\n  kubernetes: \"1.36\"\n",
			`cluster.name [pröd " #] [prod]; cluster.kubernetes [1.35] [1.36]; ` +
				`cluster.endpoint [old.example] [api.example]`},
		{"a key without a value", "cluster:\n  endpoint:\n  name: x # stays\n", Cluster{Endpoint: "api.example"},
			"cluster:\n  endpoint: \"api.example\"\n  name: x # stays\n", "cluster.endpoint [] [api.example]"},
	}
}

// amendedLists are changes of lists and hosts, in each form that YAML has for them.
func amendedLists() []amendment {
	sans := Cluster{CertSANs: []string{"a.example", "b.example"}}
	nodes := map[string][]string{"cp1": {"192.0.2.11"}}
	return []amendment{
		{"a list on a line", "cluster:\n  certSANs: [a.example,\n    c.example] # names\n  name: x\n", sans,
			"cluster:\n  certSANs: [\"a.example\", \"b.example\"] # names\n  name: x\n",
			"cluster.certSANs [c.example] [b.example]"},
		{"a list with a line for each",
			"cluster:\n  certSANs:\n    # old ones\n    - c.example # gone\n    - a.example # stays\n  name: x\n", sans,
			"cluster:\n  certSANs:\n    # old ones\n    - a.example # stays\n    - \"b.example\"\n  name: x\n",
			"cluster.certSANs [c.example] [b.example]"},
		{"all names gone", "cluster:\n  certSANs:\n    - c.example\n  name: x\n", Cluster{CertSANs: []string{}},
			"cluster:\n  certSANs:\n  name: x\n", "cluster.certSANs [c.example] []"},
		{"hosts with a line for each", "cluster:\n  nodes:\n    # control planes\n    cp1: [192.0.2.10] # one\n",
			Cluster{Nodes: map[string][]string{"cp1": {"192.0.2.11"}, "cp2": {"192.0.2.12"}}},
			"cluster:\n  nodes:\n    # control planes\n    \"cp2\": [\"192.0.2.12\"]\n" +
				"    cp1: [\"192.0.2.10\", \"192.0.2.11\"] # one\n",
			"cluster.nodes.cp1 [] [192.0.2.11]; cluster.nodes.cp2 [] [192.0.2.12]"},
		{"no hosts", "cluster:\n  nodes: {} # none yet\nunsigned: {}\n", Cluster{Nodes: nodes},
			"cluster:\n  nodes: {\"cp1\": [\"192.0.2.11\"]} # none yet\nunsigned: {}\n",
			"cluster.nodes.cp1 [] [192.0.2.11]"},
		{"hosts on a line", "cluster: {nodes: {w1: []}}\n", Cluster{Nodes: nodes},
			"cluster: {nodes: {\"cp1\": [\"192.0.2.11\"], w1: []}}\n", "cluster.nodes.cp1 [] [192.0.2.11]"},
		{"the defaults", "cluster: {}\n",
			Cluster{Name: "kubernetes", DNSDomain: "cluster.local", ServiceSubnets: []string{"10.96.0.0/12"}},
			"cluster: {}\n", ""},
		{"no room for a field", "cluster: {name: x}\n", Cluster{Endpoint: "a.example"}, "",
			"policy.yaml:3:10: a value of this form cannot be changed by this command: edit the file"},
		{"addresses with a line for each", "cluster:\n  nodes:\n    cp1:\n      - 192.0.2.10\n",
			Cluster{Nodes: nodes}, "",
			"policy.yaml:5:8: a value of this form cannot be changed by this command: edit the file"},
		{"a name in two lines", "cluster:\n  name: \"a\n    b\"\n", Cluster{Name: "prod"}, "",
			"policy.yaml cannot be changed by this command: policy.yaml:5:5: "},
		{"an item below its dash", "cluster:\n  certSANs:\n    -\n      c.example\n    - a.example\n", sans, "",
			`policy.yaml cannot be changed by this command: policy.yaml:5:6: "" is neither a DNS name nor an address`},
		{"an anchor", "cluster:\n  certSANs: &names [c.example]\nunsigned:\n  dns: *names\n", sans, "",
			`policy.yaml cannot be changed by this command: policy.yaml:6:9: quote what begins with a star: "*names"`},
	}
}

// TestAmend: only the values that change do; every other byte stays where it was.
func TestAmend(t *testing.T) {
	for _, c := range append(amendments(), amendedLists()...) {
		t.Run(c.name, func(t *testing.T) {
			got, changes, err := Amend([]byte(head+c.text), c.want)
			if err != nil {
				if c.after != "" || !strings.HasPrefix(err.Error(), c.said) {
					t.Errorf("%v, want %s", err, c.said)
				}
				return
			}
			if string(got) != head+c.after {
				t.Errorf("got\n%swant\n%s%s", got, head, c.after)
			}
			var said []string
			for _, one := range changes {
				said = append(said, fmt.Sprintf("%s %v %v", one.Field, one.Removed, one.Added))
			}
			if text := strings.Join(said, "; "); text != c.said {
				t.Errorf("said %s, want %s", text, c.said)
			}
		})
	}
}

// TestAmendDefault: the policy that init writes can be amended whatever is in it.
func TestAmendDefault(t *testing.T) {
	nodes := map[string][]string{"cp1": {"192.0.2.11"}}
	for _, d := range []Defaults{
		{}, {Cluster: Cluster{Kubernetes: "1.36", Nodes: nodes}}, {Unsigned: []string{"server"}},
	} {
		text, err := Default(d)
		if err != nil {
			t.Fatal(err)
		}
		want := Cluster{
			Name: "prod", Kubernetes: "1.35", DNSDomain: "k.example", ServiceSubnets: []string{"10.0.0.0/16"},
			Endpoint: "api.example", CertSANs: []string{"x.example"}, Nodes: map[string][]string{"cp2": {"192.0.2.12"}},
		}
		got, changes, err := Amend(text, want)
		if err != nil || len(changes) != 7 {
			t.Fatalf("%v, %d changes, want 7\n%s", err, len(changes), got)
		}
		if before, after := strings.Count(string(text), "#"), strings.Count(string(got), "#"); before != after {
			t.Errorf("%d comments, %d before", after, before)
		}
	}
}
