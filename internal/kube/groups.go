package kube

import "slices"

// The groups that own a cluster. Masters passes authorization before any rule is read and cannot be revoked;
// clusterAdmins is bound to cluster-admin by kubeadm since v1.29.
const (
	masters       = "system:masters"
	clusterAdmins = "kubeadm:cluster-admins"
	nodes         = "system:nodes"
)

func privileged(organizations []string) bool {
	return slices.Contains(organizations, masters) || slices.Contains(organizations, clusterAdmins)
}

// kubeletClientUngrouped: the patches from which kube-apiserver's kubelet client carries no organisation; until
// then the API server's credential for kubelets was also a cluster administrator.
var kubeletClientUngrouped = map[int]int{33: 12, 34: 8, 35: 5, 36: 1, 37: 0}

// adminGroup is the organisation of kubernetes-admin: kubeadm v1.29 moved it from system:masters to a group that
// RBAC can take away again, and put the old power into super-admin.conf.
func adminGroup(r Release) string {
	if r.since(29) {
		return clusterAdmins
	}
	return masters
}

// etcdClientGroups: until v1.28 the two etcd clients carried system:masters, which etcd ignores and a
// kube-apiserver that trusts the same CA does not.
func etcdClientGroups(r Release) []string {
	if r.since(29) {
		return nil
	}
	return []string{masters}
}

func kubeletClientGroups(r Release) []string {
	if r.sincePatch(kubeletClientUngrouped) {
		return nil
	}
	return []string{adminGroup(r)}
}
