package policy

import (
	"slices"
	"strings"

	"ca-exchange/internal/pki"
	"ca-exchange/internal/request"
)

// etcdNames are the common names that guides give an etcd member's certificates (kubernetes.io, Best practices, PKI
// certificates and requirements, has kube-etcd and kube-etcd-peer).
var etcdNames = []string{"kube-etcd", "kube-etcd-peer", "etcd", "etcd-server", "etcd-peer"}

// looks lists the built-in profiles that a subject means although it is not exactly theirs: a component's common name
// beside an organisation of the guide it was copied from, a node without its group, "system:" twice or not at all.
func (p *Policy) looks(csr *request.CSR) []string {
	commonName := fold(csr.Subject.CommonName())
	if slices.Contains(etcdNames, commonName) {
		return p.known("etcd-server", "etcd-peer")
	}
	if commonName == "kubernetes" && slices.Contains(csr.Names.DNS, "kubernetes.default") {
		return p.known("kube-apiserver")
	}
	bare := commonName
	for strings.HasPrefix(bare, "system:") {
		bare = strings.TrimPrefix(bare, "system:")
	}
	var alike []string
	for _, profile := range p.builtIn() {
		if !generic(profile) && meansProfile(profile, commonName, bare, csr) {
			alike = append(alike, profile.Name)
		}
	}
	return alike
}

// meansProfile compares a folded common name, and the same without "system:", with a profile's. A component's bare name
// does not name a user: beside names it is that of a server.
func meansProfile(p pki.Profile, commonName, bare string, csr *request.CSR) bool {
	if node, ok := strings.CutPrefix(p.CommonName, "system:node:"); ok && node == "{node}" {
		rest, isNode := strings.CutPrefix(bare, "node:")
		return isNode && bare != commonName && pki.CheckDNSName(rest) == nil && !strings.Contains(rest, "*") &&
			wants(p, csr)
	}
	fixed := fold(p.CommonName)
	fixedBare, system := strings.CutPrefix(fixed, "system:")
	switch {
	case strings.Contains(fixed, "{"):
		return false
	case !system:
		return bare == fixed
	case bare == commonName:
		return bare == fixedBare && csr.Names.Len() == 0 && wants(p, csr)
	}
	return bare == fixedBare
}

// wants tells a node's two profiles apart: by the usages asked for, else by names, which a server must have.
func wants(p pki.Profile, csr *request.CSR) bool {
	for _, u := range csr.Usages {
		if slices.Contains(p.Usages, u) {
			return true
		}
	}
	return len(csr.Usages) == 0 && (p.Names != pki.RequiredNames || csr.Names.Len() > 0)
}
