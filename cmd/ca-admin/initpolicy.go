package main

import (
	"fmt"
	"net/netip"
	"strings"

	"ca-exchange/internal/cli"
	"ca-exchange/internal/kube"
	"ca-exchange/internal/pki"
	"ca-exchange/internal/policy"
)

// policy writes the first policy.yaml: of kubeadm's configuration where one is given.
func (i *initCommand) policy() ([]byte, error) {
	release, err := releaseOf(i.Kubernetes)
	if err != nil {
		return nil, err
	}
	d := policy.Defaults{Cluster: policy.Cluster{Kubernetes: release.String()}}
	var own []string // the host that the configuration is for
	if len(i.Config) > 0 {
		c, err := configurationOf(i.Config)
		if err != nil {
			return nil, err
		}
		if i.Kubernetes != "" {
			c.Release = release
		}
		release = c.Release
		d.Cluster = clusterOf(c)
		own = hostOf(c)
	}
	if d.Cluster.Nodes, err = nodesOf(append(own, i.Node...)); err != nil {
		return nil, err
	}
	if i.TrustInbox {
		for _, p := range kube.Profiles(release) {
			if !p.Guarded {
				d.Unsigned = append(d.Unsigned, p.Name)
			}
		}
	}
	return policy.Default(d)
}

// clusterOf is what kubeadm's configuration says of the cluster, without its hosts.
func clusterOf(c kube.Config) policy.Cluster {
	cluster := policy.Cluster{
		Name: c.ClusterName, Kubernetes: c.Release.String(), DNSDomain: c.DNSDomain, Endpoint: c.Endpoint,
	}
	for _, subnet := range c.ServiceSubnets {
		cluster.ServiceSubnets = append(cluster.ServiceSubnets, subnet.Masked().String())
	}
	for _, name := range c.CertSANs.Strings() {
		_, name, _ = strings.Cut(name, ":")
		cluster.CertSANs = append(cluster.CertSANs, name)
	}
	return cluster
}

// hostOf is the host that the configuration is for, as NODE=ADDRESS; none where it names none.
func hostOf(c kube.Config) []string {
	if !c.HasInit && !c.JoinsControlPlane || c.NodeName == "" || !c.AdvertiseAddress.IsValid() {
		return nil
	}
	return []string{c.NodeName + "=" + c.AdvertiseAddress.String()}
}

// nodesOf are hosts, each written as NODE or NODE=ADDRESS.
func nodesOf(texts []string) (map[string][]string, error) {
	nodes := map[string][]string{}
	for _, text := range texts {
		node, address, given := strings.Cut(text, "=")
		if err := kube.CheckNode(node); err != nil {
			return nil, cli.WithStatus(cli.Usage, fmt.Errorf("--node: %w", err))
		}
		if _, known := nodes[node]; !known {
			nodes[node] = nil
		}
		if !given {
			continue
		}
		ip, err := netip.ParseAddr(address)
		if err == nil {
			err = pki.CheckIP(ip)
		}
		if err != nil {
			err := fmt.Errorf("--node %s: %q is not an address of a host", node, address)
			return nil, cli.WithStatus(cli.Usage, err)
		}
		nodes[node] = append(nodes[node], ip.String())
	}
	return nodes, nil
}

// configurationOf reads kubeadm's files.
func configurationOf(names []string) (kube.Config, error) {
	var files [][]byte
	for _, name := range names {
		text, err := readImport(name)
		if err != nil {
			return kube.Config{}, err
		}
		files = append(files, text)
	}
	c, err := kube.ParseConfig(files...)
	if err != nil {
		err = cli.WithStatus(cli.Usage, err)
	}
	return c, err
}
