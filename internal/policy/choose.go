package policy

import (
	"crypto/x509"
	"slices"
	"strings"

	"ca-exchange/internal/pki"
	"ca-exchange/internal/refusal"
)

// The profiles that leave the subject to the request.
const (
	genericServer = "server"
	genericClient = "client"
)

func generic(p pki.Profile) bool { return p.CommonName == "" }

// chooseProfile tells the profile: a person's word, the cover's, the Kubernetes subject, the kind of names and usages;
// never the file's name.
func (j *judgement) chooseProfile() {
	name := j.override.Profile
	if name == "" && j.request.Cover != nil {
		name = j.request.Cover.Profile
	}
	if name != "" {
		if j.profile = j.policy.Profile(name); j.profile == nil {
			j.refuse(refusal.ProfileUnknown, "profile", name, "a profile of the policy")
		}
		return
	}
	if j.candidates = j.bySubject(); len(j.candidates) == 0 {
		j.candidates = j.byKind()
	}
	if len(j.candidates) == 1 {
		j.profile = j.policy.Profile(j.candidates[0])
		j.candidates = nil
	}
	if j.profile == nil {
		j.refuse(refusal.ProfileAmbiguous, "profile", strings.Join(j.candidates, ", "), "one: --profile")
	}
}

// bySubject lists the Kubernetes profiles whose subject is exactly the request's; usages and names tell alike ones apart.
func (j *judgement) bySubject() []string {
	csr := j.request.CSR
	var fit []string
	for _, p := range j.policy.profiles {
		if !generic(p) && j.subjectFits(p) && !slices.ContainsFunc(csr.Usages, func(u x509.ExtKeyUsage) bool { return !slices.Contains(p.Usages, u) }) &&
			(csr.Names.Len() > 0) == (p.Names != pki.NoNames) {
			fit = append(fit, p.Name)
		}
	}
	return fit
}

// subjectFits: a node as the whole common name (etcd's) is a Kubernetes subject only beside the names that kubeadm
// gives it, or every host's name would be one.
func (j *judgement) subjectFits(p pki.Profile) bool {
	csr := j.request.CSR
	before, after, hasNode := strings.Cut(p.CommonName, "{node}")
	commonName, organizations := csr.Subject.CommonName(), csr.Subject.Organizations()
	if !hasNode {
		return commonName == p.CommonName && pki.EqualSets(organizations, p.Organizations)
	}
	node, ok := strings.CutPrefix(commonName, before)
	node, ends := strings.CutSuffix(node, after)
	if !ok || !ends || pki.CheckDNSName(node) != nil || !pki.EqualSets(organizations, p.Organizations) {
		return false
	}
	return before+after != "" || slices.Contains(csr.Names.DNS, node) && slices.Contains(csr.Names.DNS, "localhost")
}

// byKind is for requests without a Kubernetes subject: server or client. One that asks for neither names nor usages
// could be either, and a server's certificate without names serves nobody: a person says which.
func (j *judgement) byKind() []string {
	csr := j.request.CSR
	if j.override.Names.Len() > 0 || csr.Names.Len() > 0 || slices.Contains(csr.Usages, x509.ExtKeyUsageServerAuth) {
		return []string{genericServer}
	}
	if slices.Contains(csr.Usages, x509.ExtKeyUsageClientAuth) {
		return []string{genericClient}
	}
	j.refuse(refusal.NameAbsent, "names", "", "--dns NAME, --ip ADDRESS for a server")
	return []string{genericServer, genericClient}
}
