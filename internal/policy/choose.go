package policy

import (
	"crypto/x509"
	"slices"
	"strings"

	"ca-exchange/internal/pki"
	"ca-exchange/internal/refusal"
	"ca-exchange/internal/request"
)

// The generic profiles, which leave the subject to the request.
const (
	genericServer = "server"
	genericClient = "client"
	genericPeer   = "peer"
	genericUser   = "user"
)

// choice is a profile, or where none could be determined those that the request looks like.
type choice struct {
	profile    *pki.Profile
	candidates []Candidate
}

// chooseProfile determines the profile: a person's word, the cover's, the Kubernetes subject if it matches exactly,
// then usages, then names; never the file's name. A subject that only looks like a built-in profile's comes before
// usages and names: a CSR for "kube-apiserver" without names is not some client's.
func (j *judgement) chooseProfile() choice {
	name := j.Override.Profile
	if name == "" && j.Request.Cover != nil {
		name = j.Request.Cover.Profile
	}
	if name != "" {
		return j.namedProfile(name)
	}
	if exact := j.policy.exact(j.Request.CSR); len(exact) == 1 {
		return choice{profile: j.policy.Profile(exact[0])}
	} else if len(exact) > 1 {
		return j.candidates(refusal.ProfileAmbiguous, exact)
	}
	if looks := j.policy.looks(j.Request.CSR); len(looks) > 0 {
		return j.candidates(refusal.ProfileUnstated, looks)
	}
	return j.byKind()
}

func (j *judgement) namedProfile(name string) choice {
	p := j.policy.Profile(name)
	if p == nil {
		j.refuse(refusal.ProfileUnknown, "profile", name, "a profile of the policy")
		j.checkReserved()
	}
	return choice{profile: p}
}

// checkReserved denies reserved names where no profile is at hand that could explain them.
func (j *judgement) checkReserved() {
	for _, a := range j.Request.CSR.Subject {
		if reservedPrefix(a.Value) || (a.Type == "CN" || a.Type == "O") && j.policy.reserved(a.Value) {
			j.refuseReserved(a.Type, a.Value)
		}
	}
}

// exact lists the built-in profiles whose subject is the request's; usages and names tell alike ones apart.
func (p *Policy) exact(csr *request.CSR) []string {
	var fit []string
	for _, profile := range p.builtIn() {
		if !generic(profile) && subjectFits(profile, csr) && usagesFit(profile, csr) &&
			(csr.Names.Len() > 0) == (profile.Names != pki.NoNames) {
			fit = append(fit, profile.Name)
		}
	}
	return fit
}

// usagesFit: whoever asks for usages asks for the profile's, but for the two sides of a Kubernetes identity (a node's
// kubelet) one of them is enough to tell which.
func usagesFit(p pki.Profile, csr *request.CSR) bool {
	for _, u := range csr.Usages {
		if !slices.Contains(p.Usages, u) {
			return false
		}
	}
	return p.CommonName != "{node}" || len(csr.Usages) == 0 || len(csr.Usages) == len(p.Usages)
}

// subjectFits: a node as the whole common name (etcd's) is a Kubernetes subject only beside the names that kubeadm
// gives it, or every host's name would be one.
func subjectFits(p pki.Profile, csr *request.CSR) bool {
	before, after, hasNode := strings.Cut(p.CommonName, "{node}")
	commonName, organizations := csr.Subject.CommonName(), csr.Subject.Organizations()
	if !pki.EqualSets(organizations, p.Organizations) {
		return false
	}
	if !hasNode {
		return commonName == p.CommonName
	}
	node, ok := strings.CutPrefix(commonName, before)
	node, ends := strings.CutSuffix(node, after)
	if !ok || !ends || pki.CheckDNSName(node) != nil {
		return false
	}
	return before+after != "" || slices.Contains(csr.Names.DNS, node) && slices.Contains(csr.Names.DNS, "localhost")
}

// byKind is for requests without a Kubernetes subject. One that asks for neither usages nor names could be several
// things, and a server's certificate without names serves nobody: a person says which.
func (j *judgement) byKind() choice {
	csr := j.Request.CSR
	serves := slices.Contains(csr.Usages, x509.ExtKeyUsageServerAuth)
	calls := slices.Contains(csr.Usages, x509.ExtKeyUsageClientAuth)
	switch {
	case serves && calls:
		return j.kind(genericPeer)
	case serves:
		return j.kind(genericServer)
	case calls:
		return j.kind(genericClient)
	case csr.Names.Len() > 0 || len(csr.Unread) > 0 || j.Override.Names.Len() > 0:
		return j.kind(genericServer)
	}
	if groups := csr.Subject.Organizations(); slices.ContainsFunc(groups, meansSomebody) {
		return j.candidates(refusal.ProfileAmbiguous, j.policy.known(genericUser, genericClient, genericServer))
	}
	j.refuse(refusal.NameAbsent, "names", "", "--dns NAME, --ip ADDRESS for a server")
	return j.candidates(refusal.ProfileAmbiguous, j.policy.known(genericServer, genericClient))
}

// meansSomebody: an organisation is a user's group, but for those that openssl.cnf fills in where nobody typed one.
func meansSomebody(organization string) bool {
	return organization != "Internet Widgits Pty Ltd" && organization != "Default Company Ltd"
}

// kind is a generic profile, where the policy has it.
func (j *judgement) kind(name string) choice {
	if p := j.policy.Profile(name); p != nil {
		return choice{profile: p}
	}
	return j.candidates(refusal.ProfileAmbiguous, j.policy.known(genericServer, genericClient))
}

func (p *Policy) known(names ...string) []string {
	return slices.DeleteFunc(names, func(name string) bool { return p.Profile(name) == nil })
}
