package kube

import (
	"fmt"
	"net"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"ca-exchange/internal/pki"
)

// maxNode is the longest node name whose kubelet has a subject X.520 allows: 64 characters less "system:node:".
const maxNode = 64 - len("system:node:")

// subdomain is a name of RFC 1123 as Kubernetes reads it (apimachinery IsDNS1123Subdomain): lower case.
var subdomain = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`)

// CheckNode says why a string cannot be a node's name, nil if it can.
func CheckNode(name string) error {
	switch {
	case !subdomain.MatchString(name):
		return fmt.Errorf("%q is not a node name: use lower-case letters, digits, '-' and '.'", name)
	case len(name) > maxNode:
		return fmt.Errorf("node name %q has %d characters, but at most %d fit into the common name system:node:NAME",
			name, len(name), maxNode)
	}
	return nil
}

// parseNode lowers the case first, as kubeadm does (util/config, node name).
func parseNode(s string) (string, error) {
	name := strings.ToLower(strings.TrimSpace(s))
	return name, CheckNode(name)
}

// parseVersion reads kubernetesVersion. kubeadm resolves a label such as "stable-1.34" over the network; here
// its minor is enough, and one without a minor means the latest known.
func parseVersion(s string) (Release, error) {
	label := strings.TrimPrefix(s, "ci/")
	for _, prefix := range []string{"stable", "latest"} {
		if rest, ok := strings.CutPrefix(label, prefix); ok {
			if rest == "" || rest == "-1" {
				return Latest(), nil
			}
			return ParseRelease(strings.TrimPrefix(rest, "-"))
		}
	}
	return ParseRelease(label)
}

// parseSubnets reads one subnet, or one of each family with a comma between.
func parseSubnets(s string) ([]netip.Prefix, error) {
	var subnets []netip.Prefix
	for part := range strings.SplitSeq(s, ",") {
		p, err := netip.ParsePrefix(strings.TrimSpace(part))
		if err != nil {
			return nil, fmt.Errorf("%q is not a subnet (example: 10.96.0.0/12)", part)
		}
		// The API server's own address is the first after the network's.
		if p.Addr().BitLen()-p.Bits() < 1 {
			return nil, fmt.Errorf("subnet %s has no address for a service", p)
		}
		subnets = append(subnets, p.Masked())
	}
	if len(subnets) > 2 || len(subnets) == 2 && subnets[0].Addr().Is4() == subnets[1].Addr().Is4() {
		return nil, fmt.Errorf("%q: give one subnet, or one IPv4 and one IPv6 subnet", s)
	}
	return subnets, nil
}

// parseAdvertise reads advertiseAddress; unspecified means "find out", which is as good as absent.
func parseAdvertise(s string) (netip.Addr, error) {
	ip, err := netip.ParseAddr(s)
	if err == nil && ip.IsUnspecified() {
		return netip.Addr{}, nil
	}
	return ip, checkAddress(s, ip, err)
}

func checkAddress(s string, ip netip.Addr, err error) error {
	if err != nil || ip.Zone() != "" || ip.Is4In6() {
		return fmt.Errorf("%q is not an IP address (examples: 192.0.2.10, 2001:db8::10)", s)
	}
	if ip.IsUnspecified() || ip.IsMulticast() {
		return fmt.Errorf("a certificate cannot name the address %q", s)
	}
	return nil
}

// parseNodeIP reads the kubelet's --node-ip: an address, or one of each family with a comma between. Unspecified
// addresses only choose a family.
func parseNodeIP(s string) (pki.Names, error) {
	var names pki.Names
	for part := range strings.SplitSeq(s, ",") {
		ip, err := parseAdvertise(strings.TrimSpace(part))
		if err != nil {
			return pki.Names{}, err
		}
		if ip.IsValid() {
			names.IPs = append(names.IPs, ip)
		}
	}
	return names, nil
}

// parseHostname reads the kubelet's --hostname-override, which it lowers and trims.
func parseHostname(s string) (pki.Names, error) {
	return parseName(strings.ToLower(strings.TrimSpace(s)))
}

// parseName reads one certSANs entry: an address, or a name whose first label may be "*".
func parseName(s string) (pki.Names, error) {
	if ip, err := netip.ParseAddr(s); err == nil {
		return pki.Names{IPs: []netip.Addr{ip}}, checkAddress(s, ip, nil)
	}
	if !isHost(strings.TrimPrefix(s, "*.")) {
		return pki.Names{}, fmt.Errorf("%q is neither an IP address nor a lower-case DNS name", s)
	}
	return pki.Names{DNS: []string{s}}, nil
}

func parseDomain(s string) (string, error) {
	if !isHost(s) {
		return "", fmt.Errorf("%q is not a lower-case DNS domain", s)
	}
	return s, nil
}

func isHost(s string) bool {
	tooLong := func(label string) bool { return len(label) > 63 }
	return len(s) <= 253 && subdomain.MatchString(s) && !slices.ContainsFunc(strings.Split(s, "."), tooLong)
}

// parseEndpoint checks controlPlaneEndpoint and gives it back as written.
func parseEndpoint(s string) (string, error) {
	host, port := splitEndpoint(s)
	n, err := strconv.ParseUint(port, 10, 16)
	if port != "" && (err != nil || n == 0) {
		return "", fmt.Errorf("%q: %q is not a port", s, port)
	}
	ip, err := netip.ParseAddr(host)
	if err == nil {
		return s, checkAddress(host, ip, nil)
	}
	if !isHost(host) {
		return "", fmt.Errorf("%q is not HOST or HOST:PORT", s)
	}
	return s, nil
}

// splitEndpoint takes host:port, [v6]:port, host, v6 and [v6] apart; the port is "" where there is none.
func splitEndpoint(s string) (host, port string) {
	if host, port, err := net.SplitHostPort(s); err == nil {
		return host, port
	}
	return strings.TrimSuffix(strings.TrimPrefix(s, "["), "]"), ""
}

// parseKeyType takes kubeadm's names alone (v1beta4 EncryptionAlgorithmType).
func parseKeyType(s string) (pki.KeyType, error) {
	if t := pki.KeyType(s); slices.Contains(pki.KubernetesKeyTypes(), t) {
		return t, nil
	}
	return "", fmt.Errorf("%q is not a key type that Kubernetes reads: use one of %v", s, pki.KubernetesKeyTypes())
}

func parsePeriod(s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	if err != nil || d <= 0 {
		return 0, fmt.Errorf("%q is not a duration (example: 8760h)", s)
	}
	return d, nil
}
