package kube

import (
	"net/netip"
	"time"

	"ca-exchange/internal/pki"
)

// Config is what kubeadm's configuration says about certificates, with kubeadm's defaults where it says nothing.
type Config struct {
	Release         Release
	ClusterName     string
	CertificatesDir string         // "/etc/kubernetes/pki"
	ServiceSubnets  []netip.Prefix // one, or one of each family
	DNSDomain       string
	Endpoint        string // controlPlaneEndpoint as written: host or host:port; "" where every host is its own
	CertSANs        pki.Names
	EtcdServerSANs  pki.Names
	EtcdPeerSANs    pki.Names
	ExternalEtcd    bool
	EtcdCAFile      string // etcd.external.caFile, certFile and keyFile
	EtcdClientFile  string
	EtcdKeyFile     string

	NodeAddresses    pki.Names  // the kubelet's node-ip and hostname-override: names of its server
	NodeName         string     // "" where the file leaves it to the host
	AdvertiseAddress netip.Addr // invalid where the file leaves it to the host
	BindPort         int
	JoinServer       string // the API server a JoinConfiguration joins by, host:port

	KeyType    pki.KeyType // "" where the file leaves it to the program
	Validity   time.Duration
	CAValidity time.Duration

	HasCluster, HasInit, HasJoin bool // which documents were there
	JoinsControlPlane            bool // the JoinConfiguration has a controlPlane
}

// DefaultCertificatesDir is where kubeadm puts certificates unless its configuration says otherwise.
const DefaultCertificatesDir = "/etc/kubernetes/pki"

// DefaultConfig is what kubeadm assumes without a file (apis/kubeadm/v1beta4/defaults.go).
func DefaultConfig() Config {
	return Config{
		Release: Latest(), ClusterName: "kubernetes", CertificatesDir: DefaultCertificatesDir,
		DNSDomain:      "cluster.local",
		ServiceSubnets: []netip.Prefix{netip.MustParsePrefix("10.96.0.0/12")}, BindPort: 6443,
	}
}
