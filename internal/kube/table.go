package kube

import (
	"crypto/x509"
	"slices"

	"ca-exchange/internal/pki"
)

var (
	clientOnly      = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	serverOnly      = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	serverAndClient = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
)

// client is a client certificate without names.
func client(name, issuer, commonName string, organizations ...string) pki.Profile {
	return pki.Profile{Name: name, Issuer: issuer, CommonName: commonName, Organizations: organizations,
		Usages: slices.Clone(clientOnly), Names: pki.NoNames, KeyTypes: pki.KubernetesKeyTypes()}
}

// server is a certificate that must have names; own are those the profile gives it.
func server(name, issuer, commonName string, usages []x509.ExtKeyUsage, own ...string) pki.Profile {
	return pki.Profile{Name: name, Issuer: issuer, CommonName: commonName, Usages: slices.Clone(usages),
		Names: pki.RequiredNames, OwnNames: own, KeyTypes: pki.KubernetesKeyTypes()}
}

// apiServer: kubeadm certlist.go, KubeadmCertAPIServer and the client certificates below the same directory.
func apiServer(r Release) []Profile {
	return []Profile{
		{Profile: server("kube-apiserver", ClusterIssuer, "kube-apiserver", serverOnly, "{node}", "kubernetes",
			"kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.{dnsDomain}", "{serviceIP}",
			"{endpoint}", "{address}"),
			About:       "the API server's own certificate",
			Certificate: "pki/apiserver.crt", Key: "pki/apiserver.key"},
		{Profile: client("apiserver-kubelet-client", ClusterIssuer, "kube-apiserver-kubelet-client",
			kubeletClientGroups(r)...),
			About:       "the API server as a client of kubelets (logs, exec); " + guardNote(kubeletClientGroups(r)),
			Certificate: "pki/apiserver-kubelet-client.crt", Key: "pki/apiserver-kubelet-client.key",
			Manifest: kubeletClientManifest(r)},
		{Profile: client("apiserver-etcd-client", EtcdIssuer, "kube-apiserver-etcd-client", etcdClientGroups(r)...),
			About: "the API server as a client of etcd; reads and writes everything the cluster stores; " +
				guardNote(etcdClientGroups(r)),
			Certificate: "pki/apiserver-etcd-client.crt", Key: "pki/apiserver-etcd-client.key"},
		{Profile: client("front-proxy-client", FrontProxyIssuer, "front-proxy-client"),
			About: "the API server as a proxy in front of extension API servers; its holder may name any user in " +
				"X-Remote-User",
			Certificate: "pki/front-proxy-client.crt", Key: "pki/front-proxy-client.key"},
	}
}

// etcd: kubeadm certlist.go, KubeadmCertEtcd*; a member is a server to clients and both to its peers.
func etcd(r Release) []Profile {
	own := []string{"{node}", "localhost", "127.0.0.1", "::1", "{address}"}
	return []Profile{
		{Profile: server("etcd-server", EtcdIssuer, "{node}", serverAndClient, own...),
			About:       "an etcd member towards its clients",
			Certificate: "pki/etcd/server.crt", Key: "pki/etcd/server.key"},
		{Profile: server("etcd-peer", EtcdIssuer, "{node}", serverAndClient, own...),
			About:       "an etcd member towards the other members",
			Certificate: "pki/etcd/peer.crt", Key: "pki/etcd/peer.key"},
		{Profile: client("etcd-healthcheck-client", EtcdIssuer, "kube-etcd-healthcheck-client", etcdClientGroups(r)...),
			About: "the liveness probe of etcd, and the administrator's etcdctl; " +
				guardNote(etcdClientGroups(r)),
			Certificate: "pki/etcd/healthcheck-client.crt", Key: "pki/etcd/healthcheck-client.key"},
	}
}

// kubeconfigs: kubeadm kubeconfig.go, getKubeConfigSpecsBase; kube-proxy is the project's own: kubeadm gives it a
// token.
func kubeconfigs(r Release) []Profile {
	all := []Profile{
		{Profile: client("admin", ClusterIssuer, "kubernetes-admin", adminGroup(r)),
			About:      "the cluster's administrator; " + guardNote([]string{adminGroup(r)}),
			Kubeconfig: "admin.conf", Server: EndpointServer, Manifest: adminManifest(r)},
	}
	if r.since(29) {
		all = append(all, Profile{Profile: client("super-admin", ClusterIssuer, "kubernetes-super-admin", masters),
			About: "an administrator that RBAC cannot restrict, for the day RBAC is broken; " +
				guardNote([]string{masters}),
			Kubeconfig: "super-admin.conf", Server: EndpointServer})
	}
	return append(all,
		Profile{Profile: client("kube-controller-manager", ClusterIssuer, "system:kube-controller-manager"),
			About:      "the controller manager; reads every secret and makes tokens for every service account",
			Kubeconfig: "controller-manager.conf", Server: LocalServer},
		Profile{Profile: client("kube-scheduler", ClusterIssuer, "system:kube-scheduler"),
			About: "the scheduler", Kubeconfig: "scheduler.conf", Server: LocalServer},
		Profile{Profile: client("kube-proxy", ClusterIssuer, "system:kube-proxy"),
			About:      "kube-proxy where it does not use a service account token",
			Kubeconfig: "kube-proxy.conf", Server: EndpointServer})
}

// kubelet: the two certificates of a node. The API server's signers take the pair CN and O exactly, no names in
// the client's, at least one in the server's (k8s.io/api certificates/v1, signer names kube-apiserver-client-kubelet
// and kubelet-serving), and so does this table.
//
// The kubelet's server is the shared endpoint on control planes too: kubeadm 1.33 and later write the local one
// where they hold the CA key, but with an external CA expect the endpoint and warn about any other (v1.37.2,
// observed).
func kubelet() []Profile {
	serving := server("kubelet-serving", ClusterIssuer, "system:node:{node}", serverOnly, "{node}", "{address}")
	serving.Organizations = []string{nodes}
	return []Profile{
		{Profile: client("kubelet", ClusterIssuer, "system:node:{node}", nodes),
			About: "a node's kubelet towards the API server", Kubeconfig: "kubelet.conf",
			Combined: "pki/kubelet-client-current.pem", Server: EndpointServer},
		{Profile: serving, About: "a node's kubelet towards the API server's logs and exec",
			Certificate: "pki/kubelet.crt", Key: "pki/kubelet.key", InKubelet: true},
	}
}

// generic: certificates of other components, named by policy alone.
func generic() []Profile {
	tls, both := server("server", ClusterIssuer, "", serverOnly), server("peer", ClusterIssuer, "", serverAndClient)
	caller, user := client("client", ClusterIssuer, ""), client("user", ClusterIssuer, "")
	for _, p := range []*pki.Profile{&tls, &both, &caller, &user} {
		p.KeyTypes = pki.GenericKeyTypes()
	}
	caller.Names = pki.SomeNames
	user.Days = userDays
	return []Profile{
		{Profile: tls, About: "any other TLS server; its names come from the request and the policy",
			Certificate: "pki/{name}.crt", Key: "pki/{name}.key"},
		{Profile: caller,
			About: "any other TLS client; Kubernetes takes its common name as a user and its organisations " +
				"as groups",
			Certificate: "pki/{name}.crt", Key: "pki/{name}.key"},
		{Profile: both,
			About:       "any other server that is a client, too; its names come from the request and the policy",
			Certificate: "pki/{name}.crt", Key: "pki/{name}.key"},
		{Profile: user, About: "a person; the common name is the user, the organisations are the groups",
			Kubeconfig: "{name}.conf", Server: EndpointServer},
	}
}

// userDays is how long a person's certificate lasts where the policy says nothing: kube-apiserver reads no CRL.
const userDays = 90

// guardNote ends an About: why a person decides, or that none has to.
func guardNote(organizations []string) string {
	if privileged(organizations) {
		return "in this release it carries " + organizations[0] + ", so a person decides every time"
	}
	return "in this release it carries no organisation"
}
