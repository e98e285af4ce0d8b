package kube

import (
	"errors"
	"net"
	"net/netip"
	"path"
	"slices"
	"strconv"
	"strings"

	"ca-exchange/internal/pki"
)

// What keeps a configuration from naming all of a control plane's certificates.
var (
	// ErrNoCluster: a JoinConfiguration alone; the cluster's part is in the init file, or in the cluster
	// (kubectl -n kube-system get cm kubeadm-config -o jsonpath='{.data.ClusterConfiguration}').
	ErrNoCluster = errors.New("the configuration has a JoinConfiguration but no ClusterConfiguration")
	// ErrNoNode: neither nodeRegistration.name nor the caller gave one.
	ErrNoNode = errors.New("the configuration has no nodeRegistration.name")
	// ErrNoAddress: neither localAPIEndpoint.advertiseAddress nor the caller gave one.
	ErrNoAddress = errors.New("the configuration has no localAPIEndpoint.advertiseAddress")
)

// ServiceIPs are the API server's addresses inside the cluster: the first of each service subnet.
func (c Config) ServiceIPs() []netip.Addr {
	ips := make([]netip.Addr, len(c.ServiceSubnets))
	for i, subnet := range c.ServiceSubnets {
		ips[i] = subnet.Masked().Addr().Next()
	}
	return ips
}

// EndpointHost is the host of the control-plane endpoint, without port and brackets; "" where there is none.
func (c Config) EndpointHost() string {
	host, _ := splitEndpoint(c.Endpoint)
	return host
}

// Values fill the profiles' templates for a node.
func (c Config) Values(node string) pki.Values {
	v := pki.Values{"node": {node}, "dnsDomain": {c.DNSDomain}, "endpoint": {c.EndpointHost()}}
	for _, ip := range c.ServiceIPs() {
		v["serviceIP"] = append(v["serviceIP"], ip.String())
	}
	if c.AdvertiseAddress.IsValid() {
		v["address"] = []string{c.AdvertiseAddress.String()}
	}
	return v
}

// ServerURL is the server a kubeconfig of that kind names, "" where the configuration does not say. A cluster
// without an endpoint is reached where the host joined it, or else on the host itself.
func (c Config) ServerURL(kind ServerKind) string {
	shared := c.Endpoint
	if shared == "" {
		shared = c.JoinServer
	}
	switch {
	case kind == EndpointServer && shared != "":
		host, port := splitEndpoint(shared)
		if port == "" {
			port = strconv.Itoa(c.BindPort)
		}
		return "https://" + net.JoinHostPort(host, port)
	case kind != NoServer && c.AdvertiseAddress.IsValid():
		return "https://" + net.JoinHostPort(c.AdvertiseAddress.String(), strconv.Itoa(c.BindPort))
	}
	return ""
}

// ControlPlane is every request of a control-plane host, in the order of Profiles: what kubeadm certs
// generate-csr makes for it, and the kubelet's serving certificate. Extra names go to the API server and the
// kubelet. Two kinds of host need less: one beside external etcd, and one that joins, because only kubeadm init
// writes super-admin.conf.
func ControlPlane(c Config, node string, extra pki.Names) ([]Ask, error) {
	switch {
	case c.HasJoin && !c.HasCluster:
		return nil, ErrNoCluster
	case node == "":
		return nil, ErrNoNode
	case !c.AdvertiseAddress.IsValid():
		return nil, ErrNoAddress
	}
	if err := CheckNode(node); err != nil {
		return nil, err
	}
	var asks []Ask
	for _, p := range c.ControlPlaneProfiles() {
		if p.Issuer == EtcdIssuer {
			asks = append(asks, c.Ask(p, node, pki.Names{}))
		} else {
			asks = append(asks, c.Ask(p, node, extra))
		}
	}
	return asks, nil
}

// Ask is the request of one certificate of a host of this configuration: the profile's own names, those the
// configuration adds, and the extra ones.
func (c Config) Ask(p Profile, node string, extra pki.Names) Ask {
	var own pki.Names
	switch p.Name {
	case "kube-apiserver":
		own = c.CertSANs
	case "etcd-server":
		own = c.EtcdServerSANs
	case "etcd-peer":
		own = c.EtcdPeerSANs
	case "kubelet-serving":
		own = c.NodeAddresses
	}
	a := AskFor(p, c.Values(node), node, own.Merge(extra))
	a.Server = c.ServerURL(p.Server)
	return a
}

// ControlPlaneProfiles are those of a control-plane host's certificates.
func (c Config) ControlPlaneProfiles() []Profile {
	return slices.DeleteFunc(Profiles(c.Release), func(p Profile) bool { return !c.needs(p) })
}

// WorkerProfiles are those of a worker's: its kubelet's two.
func WorkerProfiles() []Profile { return kubelet() }

// EtcdMember is every request of a stand-alone etcd member. Extra names go to both of its servers.
func EtcdMember(c Config, node string, extra pki.Names) ([]Ask, error) {
	switch {
	case node == "":
		return nil, ErrNoNode
	case !c.AdvertiseAddress.IsValid() && len(extra.IPs) == 0:
		return nil, ErrNoAddress
	}
	if err := CheckNode(node); err != nil {
		return nil, err
	}
	var asks []Ask
	for _, p := range EtcdProfiles(c.Release) {
		asks = append(asks, c.Ask(p, node, extra))
	}
	return asks, nil
}

// EtcdProfiles are those of a stand-alone etcd member: what it serves with, and the client that asks after its health.
func EtcdProfiles(r Release) []Profile {
	return slices.DeleteFunc(Profiles(r), func(p Profile) bool { return !strings.HasPrefix(p.Name, "etcd-") })
}

// needs says whether a control-plane host of this configuration has a certificate of the profile.
func (c Config) needs(p Profile) bool {
	switch p.Name {
	case "etcd-server", "etcd-peer", "etcd-healthcheck-client":
		return !c.ExternalEtcd
	case "apiserver-etcd-client":
		return !c.OtherEtcdClient()
	case "super-admin":
		return !c.HasJoin
	case "kube-proxy":
		return false
	}
	return !p.Generic()
}

// OtherEtcdClient reports whether the API server's client certificate for an external etcd lies somewhere else than
// kubeadm's own would: it then has an owner and an issuer of its own.
func (c Config) OtherEtcdClient() bool {
	own := path.Join(c.CertificatesDir, "apiserver-etcd-client.crt")
	return c.ExternalEtcd && c.EtcdClientFile != "" && c.EtcdClientFile != own
}

// Worker is the two requests of a worker host: the kubelet as a client and as a server. Extra names (the host's
// addresses) go to the server. The configuration needs to name the API server only; a caller who knows it
// otherwise sets Ask.Server.
func Worker(c Config, node string, extra pki.Names) ([]Ask, error) {
	if node == "" {
		return nil, ErrNoNode
	}
	if err := CheckNode(node); err != nil {
		return nil, err
	}
	// A worker runs no API server: an address of its own is nothing a kubeconfig should name.
	c.AdvertiseAddress = netip.Addr{}
	var asks []Ask
	for _, p := range WorkerProfiles() {
		asks = append(asks, c.Ask(p, node, extra))
	}
	return asks, nil
}
