package kube

const adminBinding = `apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  name: kubeadm:cluster-admins
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: ClusterRole
  name: cluster-admin
subjects:
- apiGroup: rbac.authorization.k8s.io
  kind: Group
  name: kubeadm:cluster-admins
`

const kubeletClientBinding = `apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  name: kubeadm:apiserver-kubelet-client
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: ClusterRole
  name: system:kubelet-api-admin
subjects:
- apiGroup: rbac.authorization.k8s.io
  kind: User
  name: kube-apiserver-kubelet-client
`

// adminManifest: system:masters needs no rule; its successor does, and only kubeadm init writes it.
func adminManifest(r Release) string {
	if r.since(29) {
		return adminBinding
	}
	return ""
}

// kubeletClientManifest: with a group, the group's rule; without one, a rule for the user itself.
func kubeletClientManifest(r Release) string {
	if r.sincePatch(kubeletClientUngrouped) {
		return kubeletClientBinding
	}
	return adminManifest(r)
}
