package policy

import (
	"strings"

	"ca-exchange/internal/pki"
)

// apiServer is the profile whose names every pod trusts.
const apiServer = "kube-apiserver"

// owned are the names and addresses that a pattern does not reach, in the form of pki.Names.Strings, lower case.
type owned struct {
	fixed map[string]bool // DNS names of the API server that are the same in every cluster, bare
	api   map[string]bool // all names of the API server
	nodes map[string]bool // names and addresses of the known hosts
}

// ownedOf works out what the API server and the known hosts own.
func ownedOf(p *Policy) owned {
	o := owned{fixed: map[string]bool{}, api: map[string]bool{}, nodes: map[string]bool{}}
	cluster := p.config.Cluster
	if api := p.Profile(apiServer); api != nil {
		add(o.api, api.Own(cluster.Values("")))
		for _, name := range api.Own(pki.Values{"dnsDomain": cluster.Values("")["dnsDomain"]}).DNS {
			o.fixed[strings.ToLower(name)] = true
		}
	}
	host := pki.Profile{OwnNames: []string{"{node}", "{address}"}}
	for node := range cluster.Nodes {
		add(o.nodes, host.Own(cluster.Values(node)))
	}
	return o
}

func add(set map[string]bool, names pki.Names) {
	for _, name := range names.Strings() {
		set[strings.ToLower(name)] = true
	}
}

// has reports whether a name, in the form of pki.Names.Strings, belongs to the API server or to a known host.
func (o owned) has(name string) bool {
	name = strings.ToLower(name)
	return o.api[name] || o.nodes[name]
}
