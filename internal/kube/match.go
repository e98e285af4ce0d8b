package kube

import (
	"slices"
	"strings"

	"ca-exchange/internal/pki"
)

// Match gives the profiles whose subject is exactly this one: none when it is no subject of Kubernetes, several
// when subject and names cannot tell (etcd-server and etcd-peer). Organizations are compared as sets.
//
// A common name that is only a node's says nothing, any server may have it: it is an etcd member's when the names
// have the node and localhost, as kubeadm's requests do. Of the two with a kubelet's subject, the one without names
// is the client.
func Match(profiles []Profile, commonName string, organizations []string, names pki.Names) []Profile {
	var found []Profile
	for _, p := range profiles {
		if p.matches(commonName, organizations, names) {
			found = append(found, p)
		}
	}
	return found
}

func (p Profile) matches(commonName string, organizations []string, names pki.Names) bool {
	if p.Generic() || !sameSet(p.Organizations, organizations) {
		return false
	}
	if !strings.Contains(p.CommonName, "{node}") {
		return p.CommonName == commonName
	}
	node := p.Node(commonName)
	if node == "" {
		return false
	}
	if p.CommonName == "{node}" {
		return slices.Contains(names.DNS, node) && slices.Contains(names.DNS, "localhost")
	}
	return (p.Names == pki.NoNames) == (names.Len() == 0)
}

// Node is the node a common name speaks of under the profile's template, "" where there is none.
func (p Profile) Node(commonName string) string {
	before, after, found := strings.Cut(p.CommonName, "{node}")
	if !found || !strings.HasPrefix(commonName, before) || !strings.HasSuffix(commonName, after) {
		return ""
	}
	node := strings.TrimSuffix(strings.TrimPrefix(commonName, before), after)
	if CheckNode(node) != nil {
		return ""
	}
	return node
}

func sameSet(a, b []string) bool {
	missing := func(in []string) func(string) bool {
		return func(s string) bool { return !slices.Contains(in, s) }
	}
	return !slices.ContainsFunc(a, missing(b)) && !slices.ContainsFunc(b, missing(a))
}
