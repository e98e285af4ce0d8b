package kube

import (
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"

	"ca-exchange/internal/pki"
)

// SuccessorsOf are the requests that take the place of a certificate which others made: by hand, with openssl or with
// cfssl. Its subject decides the profile, its usages where the subject fits several; one without usages is for both.
// A kubelet's that serves and is a client gives two. The issuer is that of the certificate, and the name of its file
// only tells the two servers of etcd apart. The error says why nothing can take its place.
func SuccessorsOf(r Release, c *x509.Certificate, issuer, file string) ([]Ask, error) {
	h := holder{Certificate: c, release: r}
	h.serves, h.calls = len(c.ExtKeyUsage) == 0, len(c.ExtKeyUsage) == 0
	for _, usage := range c.ExtKeyUsage {
		h.serves = h.serves || usage == x509.ExtKeyUsageServerAuth || usage == x509.ExtKeyUsageAny
		h.calls = h.calls || usage == x509.ExtKeyUsageClientAuth || usage == x509.ExtKeyUsageAny
	}
	switch issuer {
	case EtcdIssuer:
		return h.ofEtcd(file)
	case FrontProxyIssuer:
		return h.as("front-proxy-client", "")
	}
	return h.ofCluster()
}

// holder is a certificate and what its usages permit.
type holder struct {
	*x509.Certificate
	release       Release
	serves, calls bool
}

func (h holder) ofCluster() ([]Ask, error) {
	groups, commonName := h.Subject.Organization, h.Subject.CommonName
	node, isNode := strings.CutPrefix(commonName, "system:node:")
	fixed := h.fixed()
	switch {
	case slices.Contains(groups, masters) && (fixed == "" || fixed == "admin"):
		return h.as(h.administrator(), "")
	case fixed == "kube-apiserver" && (h.calls || h.host() == ""): // as a client it goes to etcd and to kubelets
		return h.generic()
	case fixed != "":
		return h.as(fixed, h.host())
	case slices.Contains(groups, clusterAdmins):
		return h.as("admin", "")
	case isNode || slices.Contains(groups, nodes):
		return h.kubelet(node)
	}
	return h.generic()
}

// fixed is the profile whose common name the certificate has, "" for none.
func (h holder) fixed() string {
	for _, p := range Profiles(h.release) {
		if !p.Generic() && p.CommonName == h.Subject.CommonName && (h.calls || p.Names != pki.NoNames) {
			return p.Name
		}
	}
	return ""
}

// administrator is the profile that carries system:masters in a release.
func (h holder) administrator() string {
	if h.release.since(29) {
		return "super-admin"
	}
	return "admin"
}

// kubelet: one that serves and is a client has two successors, of which the server has the names.
func (h holder) kubelet(node string) (asks []Ask, err error) {
	if err := CheckNode(node); err != nil {
		return nil, err
	}
	for _, part := range []struct {
		profile string
		is      bool
	}{{"kubelet-serving", h.serves && pki.NamesOf(h.Certificate).Len() > 0}, {"kubelet", h.calls}} {
		if part.is {
			one, err := h.as(part.profile, node)
			if err != nil {
				return nil, err
			}
			asks = append(asks, one...)
		}
	}
	if len(asks) == 0 {
		return nil, errors.New("a kubelet's server certificate needs a name, and this one has none")
	}
	return asks, nil
}

func (h holder) ofEtcd(file string) ([]Ask, error) {
	switch {
	case h.serves && strings.Contains(file, "peer"):
		return h.as("etcd-peer", h.Subject.CommonName)
	case h.serves:
		return h.as("etcd-server", h.Subject.CommonName)
	case strings.Contains(h.Subject.CommonName+file, "health"):
		return h.as("etcd-healthcheck-client", "")
	}
	return h.as("apiserver-etcd-client", "")
}

// host is the name of the host of an API server, by the certificate's names; "" where none of them can be one.
func (h holder) host() string {
	for _, name := range h.DNSNames {
		if name != "localhost" && CheckNode(name) == nil && !strings.HasPrefix(name, "kubernetes") {
			return name
		}
	}
	return ""
}

// as is the request under a built-in profile, which decides the subject.
func (h holder) as(profile, node string) ([]Ask, error) {
	p, ok := Find(h.release, profile)
	if !ok {
		return nil, fmt.Errorf("no profile %q in Kubernetes %s", profile, h.release)
	}
	a := Ask{Profile: p}
	a.CommonName, a.Organizations = p.Subject(node)
	if p.Names != pki.NoNames {
		a.Names = pki.NamesOf(h.Certificate)
	}
	if p.HasNode() {
		if err := CheckNode(node); err != nil {
			return nil, fmt.Errorf("cannot determine its node: %w", err)
		}
		a.Node = node
		if p.Names != pki.NoNames {
			a.Names = a.Names.Merge(pki.Names{DNS: []string{node}})
		}
	}
	return []Ask{a}, nil
}

// generic is the request under a profile that takes its subject from the request.
func (h holder) generic() ([]Ask, error) {
	names := pki.NamesOf(h.Certificate)
	server := Ask{CommonName: h.serverName(names), Names: pki.Names{DNS: names.DNS, IPs: names.IPs}}
	switch named := server.CommonName != ""; {
	case named && h.serves && h.calls:
		server.Profile, _ = Find(h.release, "peer")
		return []Ask{server}, nil
	case named && h.serves:
		server.Profile, _ = Find(h.release, "server")
		return []Ask{server}, nil
	case !h.calls:
		return nil, errors.New("a server's certificate needs a name, and this one has none")
	case h.Subject.CommonName == "":
		return nil, errors.New("a client's certificate needs a common name, and this one has none")
	}
	for _, who := range append([]string{h.Subject.CommonName}, h.Subject.Organization...) {
		if err := CheckWho(who); err != nil {
			return nil, err
		}
	}
	client := Ask{CommonName: h.Subject.CommonName, Organizations: h.Subject.Organization, Names: names}
	client.Profile, _ = Find(h.release, "client")
	return []Ask{client}, nil
}

// serverName is the common name of a server: the one it has if that is one of its names, else the first of these.
func (h holder) serverName(names pki.Names) string {
	all := slices.Clone(names.DNS)
	for _, ip := range names.IPs {
		all = append(all, ip.String())
	}
	switch {
	case len(all) == 0:
		return ""
	case slices.Contains(all, h.Subject.CommonName):
		return h.Subject.CommonName
	}
	return all[0]
}
