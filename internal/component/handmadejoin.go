package component

import (
	"cmp"
	"slices"
)

// join makes one request of a pair and of the kubeconfig that embeds it, so that both stay what they are: the same.
func (h *handMade) join() {
	for i, config := range h.configs {
		same := slices.IndexFunc(h.pairs, func(p Found) bool {
			return p.Files.Kubeconfig == "" && p.Certificate.Equal(config.Certificate) && p.joins(config)
		})
		if same < 0 {
			continue
		}
		pair := &h.pairs[same]
		if pair.Profile.Name == "kubelet" && h.serves(pair.Files) {
			continue // its file is the server's
		}
		pair.Profile, pair.Ask = config.Profile, config.Ask
		pair.Files.Server, pair.Files.Cluster = config.Files.Server, config.Files.Cluster
		pair.Files.Kubeconfig = config.Files.Kubeconfig
		if pair.Files.Root != config.Files.Root {
			pair.Files.Kubeconfig = h.absolute(config.Files.Root, config.Files.Kubeconfig)
		}
		h.configs[i].Ask = nil
	}
	h.configs = slices.DeleteFunc(h.configs, func(f Found) bool { return f.Ask == nil })
	h.pairs = slices.DeleteFunc(h.pairs, func(f Found) bool {
		twice := f.Profile.Name == "kubelet" && h.serves(f.Files)
		if node := f.Ask.Node; twice && !h.hasKubeconfig(node) {
			h.keep(h.absolute(f.Files.Root, f.Files.Certificate), Command("component-admin", "request", "kubelet",
				"--node", node, "--server", "https://HOST:6443", "--kubeconfig-out", node+".kubeconfig"),
				"as the kubelet's server it is no client any more: its client needs a kubeconfig of its own")
		}
		return twice
	})
}

// joins reports whether a pair and a kubeconfig are for the same: a user's pair alone is a client's.
func (f Found) joins(config Found) bool {
	return f.Profile.Name == config.Profile.Name || f.Profile.Name == "client" && config.Profile.Name == "user"
}

// serves reports whether a kubelet's server has these files.
func (h *handMade) serves(files Files) bool {
	return slices.ContainsFunc(h.pairs, func(f Found) bool {
		return f.Profile.Name == "kubelet-serving" && f.Files.Certificate == files.Certificate
	})
}

func (h *handMade) hasKubeconfig(node string) bool {
	return slices.ContainsFunc(h.configs, func(f Found) bool {
		return f.Profile.Name == "kubelet" && f.Ask.Node == node
	})
}

// all is everything that can be asked for, by the names of the files.
func (h *handMade) all() []Found {
	all := slices.Concat(h.pairs, h.configs)
	slices.SortStableFunc(all, func(a, b Found) int { return cmp.Compare(a.Files.Place(), b.Files.Place()) })
	return all
}
