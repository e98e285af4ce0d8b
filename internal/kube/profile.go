package kube

import (
	"strings"

	"ca-exchange/internal/pki"
)

// ServerKind says which API server a kubeconfig speaks to.
type ServerKind int

const (
	NoServer       ServerKind = iota // no kubeconfig
	EndpointServer                   // the control-plane endpoint all hosts share
	LocalServer                      // the API server on the same host
)

// Profile is a pki.Profile with its place on a host. Paths have forward slashes and are relative: to the
// component directory (/etc/kubernetes on a real host) or, where the field says so, to the kubelet's directory
// (/var/lib/kubelet).
type Profile struct {
	pki.Profile
	About string // one sentence for people
	Like  string // of a profile of the CA's own policy: the generic one that it is like; "" for a built-in one

	Certificate, Key string     // "pki/apiserver.crt"; the generic profiles have "{name}" in them, see At
	InKubelet        bool       // Certificate and Key are below the kubelet's directory
	Kubeconfig       string     // "admin.conf": certificate, key and CA are embedded in it
	Combined         string     // below the kubelet's directory: certificate and key in one PEM file
	Server           ServerKind // of the kubeconfig
	Manifest         string     // RBAC the certificate's user needs in this release, ready to apply; "" for none
}

// Generic says whether the request supplies the subject (server, client, peer, user).
func (p Profile) Generic() bool { return p.CommonName == "" }

// At puts a generic profile's files under a name; other profiles stay as they are.
func (p Profile) At(name string) Profile {
	p.Certificate = strings.ReplaceAll(p.Certificate, "{name}", name)
	p.Key = strings.ReplaceAll(p.Key, "{name}", name)
	p.Kubeconfig = strings.ReplaceAll(p.Kubeconfig, "{name}", name)
	return p
}
