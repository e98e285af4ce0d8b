package component

import (
	"context"
	"crypto/tls"
	"net"
	"time"

	"ca-exchange/internal/pki"
)

// livePorts are where kubeadm lets the components that have a serving certificate listen (kubeadm constants.go).
var livePorts = map[string]string{
	"kube-apiserver": "6443", "etcd-server": "2379", "etcd-peer": "2380", "kubelet-serving": "10250",
}

// LiveAddresses are where the component of an item listens on this host: at the addresses of its certificate that are
// this host's own, else on loopback. None for what serves nothing.
func (c *Component) LiveAddresses(i Item) []string {
	port := livePorts[i.State.Profile]
	if i.Certificate == nil || port == "" {
		return nil
	}
	if own := ownAddresses(i); len(own) > 0 {
		return own
	}
	return []string{net.JoinHostPort("127.0.0.1", port)}
}

// ownAddresses are where the component of an item listens at addresses that its certificate and this host have.
func ownAddresses(i Item) []string {
	port := livePorts[i.State.Profile]
	if port == "" {
		return nil
	}
	own, err := net.InterfaceAddrs()
	if err != nil {
		return nil
	}
	var all []string
	for _, ip := range i.Certificate.IPAddresses {
		for _, a := range own {
			if network, ok := a.(*net.IPNet); ok && network.IP.Equal(ip) && !ip.IsLoopback() {
				all = append(all, net.JoinHostPort(ip.String(), port))
			}
		}
	}
	return all
}

// Served is the fingerprint of the certificate that a TLS server shows. It is not verified, only compared with the file
// on disk, and nothing is sent to the server.
func Served(ctx context.Context, address string, limit time.Duration) (fingerprint string, err error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	dialer := tls.Dialer{Config: &tls.Config{
		InsecureSkipVerify: true, // whatever is shown is compared, and nothing is sent
		VerifyConnection: func(s tls.ConnectionState) error {
			if len(s.PeerCertificates) > 0 {
				fingerprint = pki.Fingerprint(s.PeerCertificates[0])
			}
			return nil
		},
	}}
	connection, err := dialer.DialContext(ctx, "tcp", address)
	if err == nil {
		connection.Close()
	}
	if fingerprint != "" { // a server that wants a client's certificate ends the connection, having shown its own
		return fingerprint, nil
	}
	return "", err
}
