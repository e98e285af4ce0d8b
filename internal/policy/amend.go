package policy

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
)

// Change is what a configuration changes about one field of policy.yaml.
type Change struct {
	Field          string   // cluster.certSANs, cluster.nodes.cp1
	Removed, Added []string // of one value, the old one and the new one
}

// Amend gives policy.yaml the cluster of a configuration, and says what that changes. What the configuration leaves
// empty stays; known hosts are added and never taken away. Every line that is not changed stays as it is, comments and
// order too. An error says which line could not be changed; then nothing is.
func Amend(text []byte, want Cluster) ([]byte, []Change, error) {
	before, err := Parse(text)
	if err != nil {
		return nil, nil, err
	}
	want, changes := before.Cluster.amended(want)
	e := editor{string(text)}
	for _, one := range changes {
		if err := e.apply(one, want); err != nil {
			return nil, nil, err
		}
	}
	// The editor knows the common forms of YAML and no more. What it wrote is read again, and must be what was meant.
	after, err := Parse([]byte(e.text))
	if err != nil {
		return nil, nil, fmt.Errorf("policy.yaml cannot be changed by this command: %w", err)
	}
	meant := before
	meant.Cluster, meant.source, after.source = want, source{}, source{}
	if !reflect.DeepEqual(withoutEmpty(meant), withoutEmpty(after)) {
		return nil, nil, before.source.at("$.cluster", "these lines cannot be changed by this command: edit the file")
	}
	return []byte(e.text), changes, nil
}

// amended is the cluster with what another one says, and the differences.
func (c Cluster) amended(want Cluster) (Cluster, []Change) {
	var changes []Change
	for _, f := range []struct {
		name, standard string
		have           *string
		want           string
	}{
		{"name", defaultName, &c.Name, want.Name},
		{"kubernetes", "", &c.Kubernetes, want.Kubernetes},
		{"dnsDomain", defaultDomain, &c.DNSDomain, want.DNSDomain},
		{"endpoint", "", &c.Endpoint, want.Endpoint},
	} {
		if f.want == "" || f.want == *f.have || *f.have == "" && f.want == f.standard {
			continue
		}
		changes = append(changes, Change{"cluster." + f.name, orNone(*f.have), []string{f.want}})
		*f.have = f.want
	}
	if len(c.ServiceSubnets) > 0 || !slices.Equal(want.ServiceSubnets, []string{defaultSubnet}) {
		changes = append(changes, amendList("serviceSubnets", &c.ServiceSubnets, want.ServiceSubnets)...)
	}
	changes = append(changes, amendList("certSANs", &c.CertSANs, want.CertSANs)...)
	return c.amendedNodes(want.Nodes, changes)
}

// amendList gives a list the items of another one, where that is there at all.
func amendList(name string, have *[]string, want []string) []Change {
	one := Change{"cluster." + name, without(*have, want), without(want, *have)}
	if want == nil || len(one.Removed)+len(one.Added) == 0 {
		return nil
	}
	*have = append(without(*have, one.Removed), one.Added...)
	return []Change{one}
}

// amendedNodes adds hosts, and addresses of known ones.
func (c Cluster) amendedNodes(want map[string][]string, changes []Change) (Cluster, []Change) {
	nodes := maps.Clone(c.Nodes)
	for _, node := range slices.Sorted(maps.Keys(want)) {
		have, known := nodes[node]
		added := without(want[node], have)
		if known && len(added) == 0 {
			continue
		}
		if nodes == nil {
			nodes = map[string][]string{}
		}
		nodes[node] = slices.Concat(have, added)
		changes = append(changes, Change{"cluster.nodes." + node, nil, added})
	}
	c.Nodes = nodes
	return c, changes
}

// without are the items of one list that another lacks.
func without(items, other []string) []string {
	return slices.DeleteFunc(slices.Clone(items), func(s string) bool { return slices.Contains(other, s) })
}

func orNone(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}

// withoutEmpty makes lists that are absent and lists that are empty compare alike.
func withoutEmpty(c Config) Config {
	for _, list := range []*[]string{&c.Cluster.ServiceSubnets, &c.Cluster.CertSANs} {
		if len(*list) == 0 {
			*list = nil
		}
	}
	nodes := map[string][]string{}
	for node, addresses := range c.Cluster.Nodes {
		nodes[node] = append([]string{}, addresses...)
	}
	c.Cluster.Nodes = nodes
	return c
}
