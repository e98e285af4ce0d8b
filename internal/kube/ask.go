package kube

import (
	"maps"

	"ca-exchange/internal/pki"
)

// Ask is one request a host makes: what stands in its CSR and cover, and where its answer goes.
type Ask struct {
	Profile       Profile
	Node          string // "" where the profile has no node
	CommonName    string // "" for the generic profiles: the caller supplies it
	Organizations []string
	Names         pki.Names
	Server        string // URL in the kubeconfig; "" where there is none or the caller supplies it
}

// AskFor is a request for one certificate: the profile's own names as the values give them, then the extra ones.
// A profile without names gets none. The node must be one that CheckNode takes where the profile has a node.
func AskFor(p Profile, v pki.Values, node string, extra pki.Names) Ask {
	a := Ask{Profile: p}
	if p.HasNode() {
		a.Node = node
	}
	a.CommonName, a.Organizations = p.Subject(node)
	if p.Names != pki.NoNames {
		own := maps.Clone(v)
		if own == nil {
			own = pki.Values{}
		}
		own["node"] = []string{node}
		a.Names = p.Own(own).Merge(extra)
	}
	return a
}
