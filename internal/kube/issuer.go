package kube

import "strings"

// The names of the three issuers.
const (
	ClusterIssuer    = "ca"
	EtcdIssuer       = "etcd-ca"
	FrontProxyIssuer = "front-proxy-ca"
)

// Issuer is one of the three authorities of a cluster as kubeadm lays them out. Paths are below the pki
// directory; a host that only uses the issuer has the certificate alone.
type Issuer struct{ Name, CommonName, Certificate, Key string }

// CRL is the issuer's revocation list beside its certificate. kubeadm knows none.
func (i Issuer) CRL() string { return strings.TrimSuffix(i.Certificate, ".crt") + ".crl" }

// Issuers are kubeadm's three (kubeadm certlist.go), in the order in which trust fingerprints take them. Their
// certificates carry their common name as a DNS name too.
func Issuers() []Issuer {
	return []Issuer{
		{ClusterIssuer, "kubernetes", "ca.crt", "ca.key"},
		{EtcdIssuer, "etcd-ca", "etcd/ca.crt", "etcd/ca.key"},
		{FrontProxyIssuer, "front-proxy-ca", "front-proxy-ca.crt", "front-proxy-ca.key"},
	}
}

// The service account key pair, below the component directory: no certificate, the same on every control plane.
const (
	ServiceAccountKey    = "pki/sa.key"
	ServiceAccountPublic = "pki/sa.pub"
)
