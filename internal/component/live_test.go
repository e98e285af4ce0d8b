package component

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"strings"
	"testing"
	"time"

	"ca-exchange/internal/pki"
)

// TestServed: a server shows its certificate to whoever asks, also one that wants a client's certificate and ends the
// connection without; one that says nothing is an error.
func TestServed(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, "ca", time.Now())
	pair := tls.Certificate{Certificate: [][]byte{a.certificate.Raw}, PrivateKey: a.key}
	for name, auth := range map[string]tls.ClientAuthType{"open": tls.NoClientCert,
		"closed": tls.RequireAndVerifyClientCert} {
		for version, most := range map[string]uint16{"1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13} {
			config := &tls.Config{Certificates: []tls.Certificate{pair}, ClientAuth: auth, MaxVersion: most}
			l, err := tls.Listen("tcp", "127.0.0.1:0", config)
			must(t, err)
			defer l.Close()
			go serve(l)
			got, err := Served(t.Context(), l.Addr().String(), 5*time.Second)
			if err != nil || got != pki.Fingerprint(a.certificate) {
				t.Errorf("%s, TLS %s: %s, %v", name, version, got, err)
			}
		}
	}
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer silent.Close()
	if got, err := Served(t.Context(), silent.Addr().String(), 200*time.Millisecond); err == nil {
		t.Errorf("a silent server: %q", got)
	}
}

func serve(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go func() { c.(*tls.Conn).Handshake(); c.Close() }()
	}
}

// TestLiveAddresses: only what serves is asked, and only at addresses of this host.
func TestLiveAddresses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.open(t)
	certificate := &x509.Certificate{IPAddresses: []net.IP{net.ParseIP("192.0.2.77"), net.ParseIP("127.0.0.1")}}
	for profile, want := range map[string]string{
		"kube-apiserver": "127.0.0.1:6443", "etcd-server": "127.0.0.1:2379", "etcd-peer": "127.0.0.1:2380",
		"kubelet-serving": "127.0.0.1:10250", "kube-scheduler": "",
	} {
		got := c.LiveAddresses(Item{State: State{Profile: profile}, Certificate: certificate})
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %v, not %q", profile, got, want)
		}
	}
}
