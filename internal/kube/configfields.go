package kube

import (
	"net/netip"
	"slices"

	"ca-exchange/internal/pki"
)

func (c *Config) addCluster(d clusterDocument) error {
	c.ExternalEtcd = d.Etcd.External != nil
	if c.ExternalEtcd {
		c.EtcdClientFile = d.Etcd.External.CertFile.value
		c.EtcdCAFile, c.EtcdKeyFile = d.Etcd.External.CAFile.value, d.Etcd.External.KeyFile.value
	}
	setText(&c.ClusterName, d.ClusterName)
	setText(&c.CertificatesDir, d.CertificatesDir)
	return firstError(
		set(&c.DNSDomain, d.Networking.DNSDomain, parseDomain),
		set(&c.Release, d.KubernetesVersion, parseVersion),
		set(&c.Endpoint, d.ControlPlaneEndpoint, parseEndpoint),
		set(&c.ServiceSubnets, d.Networking.ServiceSubnet, parseSubnets),
		set(&c.KeyType, d.EncryptionAlgorithm, parseKeyType),
		set(&c.Validity, d.CertificateValidityPeriod, parsePeriod),
		set(&c.CAValidity, d.CACertificateValidityPeriod, parsePeriod),
		addNames(&c.CertSANs, d.APIServer.CertSANs),
		addNames(&c.EtcdServerSANs, d.Etcd.Local.ServerCertSANs),
		addNames(&c.EtcdPeerSANs, d.Etcd.Local.PeerCertSANs),
	)
}

// addJoining takes the own part of a host that joins, in place of what an InitConfiguration said of another one.
func (c *Config) addJoining(d hostDocument) error {
	c.NodeName, c.AdvertiseAddress, c.BindPort = "", netip.Addr{}, DefaultConfig().BindPort
	c.NodeAddresses = pki.Names{}
	return c.addHost(d)
}

// addHost takes the host's own part.
func (c *Config) addHost(d hostDocument) error {
	local := d.LocalAPIEndpoint
	if d.ControlPlane != nil {
		c.JoinsControlPlane, local = true, d.ControlPlane.LocalAPIEndpoint
	}
	if port := local.BindPort; port.value != 0 {
		if port.value < 1 || port.value > 65535 {
			return port.errorf("%d is not a port", port.value)
		}
		c.BindPort = port.value
	}
	arguments := d.NodeRegistration.KubeletExtraArgs
	return firstError(
		addArgument(&c.NodeAddresses, arguments["hostname-override"], parseHostname),
		addArgument(&c.NodeAddresses, arguments["node-ip"], parseNodeIP),
		set(&c.NodeName, d.NodeRegistration.Name, parseNode),
		set(&c.AdvertiseAddress, local.AdvertiseAddress, parseAdvertise),
		set(&c.JoinServer, d.Discovery.BootstrapToken.APIServerEndpoint, parseEndpoint),
	)
}

// addArgument adds the names in a flag of the kubelet that is there.
func addArgument(into *pki.Names, value text, parse func(string) (pki.Names, error)) error {
	var names pki.Names
	if err := set(&names, value, parse); err != nil {
		return err
	}
	*into = into.Merge(names)
	return nil
}

// set parses a field that is there.
func set[T any](into *T, t text, parse func(string) (T, error)) error {
	if t.value == "" {
		return nil
	}
	v, err := parse(t.value)
	if err != nil {
		return t.errorf("%v", err)
	}
	*into = v
	return nil
}

func setText(into *string, t text) {
	if t.value != "" {
		*into = t.value
	}
}

func firstError(errs ...error) error {
	i := slices.IndexFunc(errs, func(err error) bool { return err != nil })
	if i < 0 {
		return nil
	}
	return errs[i]
}

// addNames takes certSANs. kubeadm leaves what is neither an address nor a name out of the certificate and only
// warns; here it is an error, because the host would be missing a name it was promised.
func addNames(into *pki.Names, list []text) error {
	for _, t := range list {
		n, err := parseName(t.value)
		if err != nil {
			return t.errorf("%v", err)
		}
		*into = into.Merge(n)
	}
	return nil
}
