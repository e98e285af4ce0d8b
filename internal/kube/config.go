package kube

import (
	"fmt"
	"net/netip"
	"strings"
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
	EtcdClientFile  string // etcd.external.certFile

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

// DefaultConfig is what kubeadm assumes without a file (apis/kubeadm/v1beta4/defaults.go).
func DefaultConfig() Config {
	return Config{
		Release: Latest(), ClusterName: "kubernetes", CertificatesDir: "/etc/kubernetes/pki", DNSDomain: "cluster.local",
		ServiceSubnets: []netip.Prefix{netip.MustParsePrefix("10.96.0.0/12")}, BindPort: 6443,
	}
}

// ParseConfig reads kubeadm's configuration files, each of one or more YAML documents, together. Documents of
// other API groups and unknown fields are ignored: they are kubeadm's to judge. A wrong type, a value that could
// not stand in a certificate, and a second document of a kind are errors; they name the line.
//
// A host that joins is often described by its own file and the first host's, which has the cluster's part: where
// there is a JoinConfiguration, nothing of an InitConfiguration counts, whichever came first.
func ParseConfig(files ...[]byte) (Config, error) {
	c := DefaultConfig()
	for i, file := range files {
		if err := c.addFile(file); err != nil {
			if len(files) > 1 {
				return Config{}, fmt.Errorf("reading kubeadm configuration, file %d of %d: %w", i+1, len(files), err)
			}
			return Config{}, fmt.Errorf("reading kubeadm configuration: %w", err)
		}
	}
	return c, nil
}

func (c *Config) addFile(file []byte) error {
	bodies, err := documents(file)
	if err != nil {
		return err
	}
	for _, body := range bodies {
		var meta typeMeta
		if err := decode(body, &meta); err != nil {
			return err
		}
		group, version, _ := strings.Cut(meta.APIVersion.value, "/")
		if group != "kubeadm.k8s.io" {
			continue
		}
		if version != "v1beta3" && version != "v1beta4" {
			return meta.APIVersion.errorf("%s is not supported: v1beta3 and v1beta4 are; kubeadm config migrate converts it", version)
		}
		if err := c.addDocument(meta.Kind, func(v any) error { return decode(body, v) }); err != nil {
			return err
		}
	}
	return nil
}

func (c *Config) addDocument(kind text, decode func(any) error) error {
	seen := map[string]*bool{"ClusterConfiguration": &c.HasCluster, "InitConfiguration": &c.HasInit, "JoinConfiguration": &c.HasJoin}[kind.value]
	if seen == nil {
		return nil
	}
	if *seen {
		return kind.errorf("a second %s", kind.value)
	}
	*seen = true
	if kind.value == "ClusterConfiguration" {
		var d clusterDocument
		if err := decode(&d); err != nil {
			return err
		}
		return c.addCluster(d)
	}
	var d hostDocument
	if err := decode(&d); err != nil {
		return err
	}
	return c.addHost(d, kind.value == "JoinConfiguration")
}
