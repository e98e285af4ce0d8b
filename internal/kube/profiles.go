package kube

// Profiles are all profiles of a release, in the order people expect: API server, its clients, etcd,
// kubeconfigs, kubelet, generic.
func Profiles(r Release) []Profile {
	var all []Profile
	for _, row := range [][]Profile{apiServer(r), etcd(r), kubeconfigs(r), kubelet(), generic()} {
		all = append(all, row...)
	}
	for i, p := range all {
		all[i].Guarded = privileged(p.Organizations)
	}
	return all
}

// Find looks a profile up by name.
func Find(r Release, name string) (Profile, bool) {
	for _, p := range Profiles(r) {
		if p.Name == name {
			return p, true
		}
	}
	return Profile{}, false
}
