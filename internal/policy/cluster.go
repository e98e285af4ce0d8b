package policy

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"ca-exchange/internal/pki"
)

// checkCluster checks what certificates of the API server and of hosts are named after.
func (c *Config) checkCluster() error {
	if domain := c.Cluster.DNSDomain; domain != "" && !isName(domain) {
		return c.source.at("$.cluster.dnsDomain", "%q is not a DNS domain (example: cluster.local)", domain)
	}
	if err := c.checkEndpoint(); err != nil {
		return err
	}
	for i, name := range c.Cluster.CertSANs {
		if _, err := netip.ParseAddr(name); err != nil && pki.CheckDNSName(name) != nil {
			path := fmt.Sprintf("$.cluster.certSANs[%d]", i)
			return c.source.at(path, "%q is neither a DNS name nor an address", name)
		}
	}
	for i, subnet := range c.Cluster.ServiceSubnets {
		path := fmt.Sprintf("$.cluster.serviceSubnets[%d]", i)
		prefix, err := netip.ParsePrefix(subnet)
		if err != nil {
			return c.source.at(path, "%q is not a subnet (example: 10.96.0.0/12)", subnet)
		}
		if prefix != prefix.Masked() {
			return c.source.at(path, "%q is an address in the subnet %s: write the subnet", subnet, prefix.Masked())
		}
	}
	for _, node := range slices.Sorted(maps.Keys(c.Cluster.Nodes)) {
		if err := c.checkNode(node, c.Cluster.Nodes[node]); err != nil {
			return err
		}
	}
	return nil
}

// checkEndpoint wants HOST or HOST:PORT, as kubeadm's controlPlaneEndpoint has it.
func (c *Config) checkEndpoint() error {
	endpoint := c.Cluster.Endpoint
	if endpoint == "" {
		return nil
	}
	if _, rest, isURL := strings.Cut(endpoint, "://"); isURL {
		host, _, _ := strings.Cut(rest, "/")
		return c.source.at("$.cluster.endpoint", "%q is a URL: write %s", endpoint, host)
	}
	host := hostOf(endpoint)
	if _, err := netip.ParseAddr(host); err != nil && !isName(host) {
		return c.source.at("$.cluster.endpoint", "%q is not HOST or HOST:PORT (example: api.example:6443)", endpoint)
	}
	return nil
}

func (c *Config) checkNode(node string, addresses []string) error {
	if !isName(node) || strings.ToLower(node) != node {
		return c.source.at("$.cluster.nodes", "%q is not the name of a node: lower case, RFC 1123", node)
	}
	for i, address := range addresses {
		if ip, err := netip.ParseAddr(address); err != nil || pki.CheckIP(ip) != nil {
			path := fmt.Sprintf("$.cluster.nodes.'%s'[%d]", node, i)
			return c.source.at(path, "%q is not the address of a host", address)
		}
	}
	return nil
}

// isName reports whether text is a DNS name, and no wildcard.
func isName(text string) bool { return pki.CheckDNSName(text) == nil && !strings.HasPrefix(text, "*") }
