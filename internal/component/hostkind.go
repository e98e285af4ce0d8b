package component

import (
	"slices"

	"ca-exchange/internal/kube"
)

// hostKind is what a host is for, and so which certificates it has.
type hostKind int

const (
	controlPlaneHost hostKind = iota
	workerHost
	etcdHost  // a stand-alone member
	otherHost // certificates of other components alone
)

// kindOf goes by the configuration; without one, by the files that are there and by what was asked for.
func (h Host) kindOf(requests []State) hostKind {
	if h.Known {
		if h.Config.HasJoin && !h.Config.JoinsControlPlane {
			return workerHost
		}
		return controlPlaneHost
	}
	for _, k := range []struct {
		kind  hostKind
		files []string
	}{
		{controlPlaneHost, []string{
			"pki/apiserver.crt", "pki/apiserver.key", "admin.conf", "controller-manager.conf", "scheduler.conf",
			kube.ServiceAccountKey,
		}},
		{etcdHost, []string{"pki/etcd/server.crt", "pki/etcd/server.key", "pki/etcd/peer.crt", "pki/etcd/peer.key"}},
		{workerHost, []string{"kubelet.conf"}},
	} {
		there := slices.ContainsFunc(k.files, func(file string) bool { return exists(h.at(file)) })
		elsewhere := slices.ContainsFunc(requests, func(s State) bool {
			return s.Status == StatusInstalled && k.kind.marks(s.Profile)
		})
		if there || elsewhere {
			return k.kind
		}
	}
	return kindAsked(requests)
}

// RunsNoControlPlane reports whether the host of a component directory, of which a profile's certificate is asked, is a
// worker or another host: it then gets the issuer of that certificate alone.
func RunsNoControlPlane(path string, l Layout, profile string) bool {
	return !controlPlaneHost.marks(profile) && Host{Path: path, Layout: l}.kindOf(nil) != controlPlaneHost
}

// kindAsked goes by the profiles that a host without files asked for: the first kind that has one of them.
func kindAsked(requests []State) hostKind {
	for _, kind := range []hostKind{controlPlaneHost, etcdHost, workerHost} {
		for _, s := range requests {
			if s.Status != StatusSuperseded && kind.marks(s.Profile) {
				return kind
			}
		}
	}
	if len(requests) > 0 {
		return otherHost
	}
	return workerHost
}

// marks reports whether a profile makes a host one of this kind.
func (k hostKind) marks(profile string) bool {
	switch profile {
	case "kubelet", "kubelet-serving":
		return k == workerHost
	case "etcd-server", "etcd-peer":
		return k == etcdHost
	case "kube-apiserver", "apiserver-kubelet-client", "apiserver-etcd-client", "front-proxy-client",
		"kube-controller-manager", "kube-scheduler":
		return k == controlPlaneHost
	}
	return false
}

// profiles are those of a host of this kind.
func (k hostKind) profiles(c kube.Config) []kube.Profile {
	switch k {
	case controlPlaneHost:
		return c.ControlPlaneProfiles()
	case etcdHost:
		return kube.EtcdProfiles(c.Release)
	case workerHost:
		return kube.WorkerProfiles()
	}
	return nil
}

// set is what component-admin request calls all certificates of a host of this kind.
func (k hostKind) set() string {
	switch k {
	case controlPlaneHost:
		return "control-plane"
	case etcdHost:
		return "etcd"
	case workerHost:
		return "worker"
	}
	return "server"
}

// issuers reports whether a host of this kind has an issuer's certificate.
func (k hostKind) issuers(name string) bool {
	switch k {
	case controlPlaneHost:
		return true
	case etcdHost:
		return name == kube.EtcdIssuer
	}
	return name == kube.ClusterIssuer
}
