package ca

import (
	"crypto/x509"
	"path/filepath"
	"strings"

	"ca-exchange/internal/kube"
	"ca-exchange/internal/pki"
	"ca-exchange/internal/policy"
)

// importedProfile gives the profile of a certificate that another CA's records have: the built-in one of its issuer
// that has its subject and usages; where two have them, as etcd's server and peer, the one whose file has this place;
// else the one of its kind, as for a request. "" where none fits.
func (c *CA) importedProfile(r *Rules, leaf *x509.Certificate, issuer, file string) string {
	if leaf.IsCA {
		return policy.AuthorityProfile
	}
	only := len(c.Trust().Authorities) == 1
	kind, known := kindOf(leaf, file), ""
	var exact []kube.Profile
	for _, p := range kube.Profiles(r.Release) {
		switch {
		case !only && p.Issuer != issuer:
		case p.Name == kind:
			known = kind
		case p.Generic() || !pki.EqualSets(leaf.ExtKeyUsage, p.Usages):
		case fits(p.CommonName, leaf.Subject.CommonName) && pki.EqualSets(leaf.Subject.Organization, p.Organizations):
			exact = append(exact, p)
		}
	}
	for _, p := range exact {
		if len(exact) == 1 || strings.HasSuffix(filepath.ToSlash(file), p.Certificate) {
			return p.Name
		}
	}
	return known
}

// kindOf is the generic profile that a certificate's usages stand for: without any, one with names is a server.
func kindOf(leaf *x509.Certificate, file string) string {
	usages := map[x509.ExtKeyUsage]bool{}
	for _, u := range leaf.ExtKeyUsage {
		usages[u] = true
	}
	server, client := usages[x509.ExtKeyUsageServerAuth], usages[x509.ExtKeyUsageClientAuth]
	switch {
	case len(leaf.ExtKeyUsage)+len(leaf.UnknownExtKeyUsage) == 0 && pki.NamesOf(leaf).Len() > 0:
		return "server"
	case server && client:
		return "peer"
	case server:
		return "server"
	case client && filepath.Ext(file) == ".conf":
		return "user"
	case client:
		return "client"
	}
	return ""
}
