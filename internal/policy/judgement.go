package policy

import (
	"crypto/x509"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"ca-exchange/internal/pki"
	"ca-exchange/internal/refusal"
	"ca-exchange/internal/request"
)

// clockTolerance is how far the clocks of two hosts may differ.
const clockTolerance = 10 * time.Minute

// judgement gathers what is found about one request. Every check adds its refusals and goes on: the asking side is
// told everything at once.
type judgement struct {
	policy     *Policy
	request    *request.Request
	override   Override
	now        time.Time
	requester  *Requester
	profile    *pki.Profile
	candidates []string
	node       string
	names      pki.Names
	refusals   []refusal.Refusal
	dropped    []string
}

func (j *judgement) refuse(code refusal.Code, field, asked, allowed string) {
	j.refusals = append(j.refusals, refusal.New(code, field, asked, allowed))
}

func (j *judgement) drop(format string, args ...any) {
	j.dropped = append(j.dropped, fmt.Sprintf(format, args...))
}

// checkSigner finds who vouches for the request. Where unsigned requests have a scope, a key nobody knows counts as no
// signature: whoever holds it could as well leave it out.
func (j *judgement) checkSigner() {
	fingerprint := ""
	if !j.request.Unsigned() {
		fingerprint = j.request.Signature.Fingerprint()
		j.requester, _ = j.policy.requesters.ByKey(fingerprint)
	}
	switch {
	case j.requester != nil || j.policy.config.Unsigned != nil:
	case fingerprint == "":
		j.refuse(refusal.SignatureAbsent, "signature", "", "an enrolled requester's")
	default:
		j.refuse(refusal.SignatureUnknownKey, "signature", fingerprint, "an enrolled key")
	}
}

// checkCover holds the cover against this CA, this cluster and this moment.
func (j *judgement) checkCover(trusts []string) {
	c := j.request.Cover
	if c == nil {
		return
	}
	if !slices.Contains(trusts, c.Trust) {
		j.refuse(refusal.CoverTrust, "cover.Trust", c.Trust, strings.Join(trusts, ", "))
	}
	if cluster := j.policy.config.Cluster.Name; c.Cluster != "" && c.Cluster != cluster {
		j.refuse(refusal.CoverCluster, "cover.Cluster", c.Cluster, cluster)
	}
	if j.requester != nil && c.Requester != j.requester.Name {
		j.refuse(refusal.CoverRequester, "cover.Requester", c.Requester, j.requester.Name)
	}
	if j.now.After(c.Expires.Add(clockTolerance)) {
		j.refuse(refusal.CoverExpired, "cover.Expires", pki.Stamp(c.Expires), "not before "+pki.Stamp(j.now))
	}
	if c.Created.After(j.now.Add(clockTolerance)) {
		j.refuse(refusal.CoverFuture, "cover.Created", pki.Stamp(c.Created), "not after "+pki.Stamp(j.now))
	}
	if c.Replaces != "" {
		j.refuse(refusal.Renewal, "cover.Replaces", c.Replaces, "a first certificate")
	}
}

// checkReserved denies every attribute that claims, or seems to claim, an identity of Kubernetes which the profile does
// not name: a group or user that begins with "system:", kubeadm's admins, a component's own user name.
func (j *judgement) checkReserved() {
	for _, a := range j.request.CSR.Subject {
		if a.Type != "CN" && a.Type != "O" && !strings.HasPrefix(fold(a.Value), "system:") {
			continue
		}
		if j.reserved(a.Value) && !j.granted(a) {
			j.refuse(refusal.SubjectReserved, "subject."+a.Type, a.Value, "only as the whole subject of its profile")
		}
	}
}

// reserved compares as a careless reader would: folded, without blanks around.
func (j *judgement) reserved(value string) bool {
	v := fold(value)
	if strings.HasPrefix(v, "system:") || strings.HasPrefix(v, "kubeadm:") {
		return true
	}
	for _, p := range j.policy.profiles {
		if !generic(p) && !strings.Contains(p.CommonName, "{") && v == fold(p.CommonName) {
			return true
		}
	}
	return false
}

// granted says that the chosen profile names this attribute exactly; where several fit, that one of them does.
func (j *judgement) granted(a pki.Attribute) bool {
	profiles := []*pki.Profile{j.profile}
	if j.profile == nil {
		profiles = nil
		for _, name := range j.candidates {
			profiles = append(profiles, j.policy.Profile(name))
		}
	}
	return slices.ContainsFunc(profiles, func(p *pki.Profile) bool {
		commonName, organizations := p.Subject(j.nodeFor(p))
		if a.Type == "CN" {
			return !generic(*p) && a.Value == commonName
		}
		return a.Type == "O" && slices.Contains(organizations, a.Value)
	})
}

func fold(s string) string {
	return strings.ToLower(strings.TrimSpace(norm.NFKC.String(s)))
}

// checkSubject compares with the profile's. What it names otherwise is held, since the certificate would be somebody
// else's; what it adds in other attributes is dropped and said.
func (j *judgement) checkSubject() {
	subject := j.request.CSR.Subject
	commonName, organizations := j.profile.Subject(j.nodeAsked())
	if generic(*j.profile) {
		commonName = subject.CommonName()
	}
	if asked := subject.CommonName(); asked != commonName && asked != "" {
		j.refuse(refusal.ProfileSubject, "subject.CN", asked, fmt.Sprintf("%q", commonName))
	}
	for _, o := range subject.Organizations() {
		if !slices.Contains(organizations, o) {
			j.dropAttribute(pki.Attribute{Type: "O", Value: o}, organizations)
		}
	}
	for _, a := range subject {
		if a.Type != "CN" && a.Type != "O" {
			j.drop("subject %s=%s", a.Type, refusal.Quote(a.Value))
		}
	}
}

// dropAttribute: an organisation is a group to Kubernetes, so under a profile with groups of its own it is a question.
func (j *judgement) dropAttribute(a pki.Attribute, organizations []string) {
	if len(organizations) > 0 {
		j.refuse(refusal.ProfileSubject, "subject."+a.Type, a.Value, fmt.Sprintf("%q", organizations))
		return
	}
	j.drop("subject %s=%s", a.Type, refusal.Quote(a.Value))
}

func (j *judgement) checkUsages() {
	for _, u := range j.request.CSR.Usages {
		if !slices.Contains(j.profile.Usages, u) {
			j.refuse(refusal.ProfileUsage, "usages", pki.UsageNames([]x509.ExtKeyUsage{u}), pki.UsageNames(j.profile.Usages))
		}
	}
}

func (j *judgement) checkKey() {
	if t := j.request.CSR.KeyType; !slices.Contains(j.profile.KeyTypes, t) {
		j.refuse(refusal.ProfileKey, "key", string(t), fmt.Sprintf("%v", j.profile.KeyTypes))
	}
	if j.profile.Guarded {
		j.refuse(refusal.Guarded, "profile", j.profile.Name, "a person's approval")
	}
}

// nodeAsked is the node that the request is for.
func (j *judgement) nodeAsked() string { return j.nodeFor(j.profile) }

// nodeFor is the node under a profile: the person's word, the cover's, the one its subject names, or the one known host
// among the names.
func (j *judgement) nodeFor(p *pki.Profile) string {
	switch {
	case j.override.Node != "":
		return j.override.Node
	case j.request.Cover != nil && j.request.Cover.Node != "":
		return j.request.Cover.Node
	case !strings.Contains(p.CommonName, "{node}"):
		return j.knownNode(p)
	}
	before, after, _ := strings.Cut(p.CommonName, "{node}")
	node, ok := strings.CutPrefix(j.request.CSR.Subject.CommonName(), before)
	if !ok || !strings.HasSuffix(node, after) {
		return ""
	}
	return strings.TrimSuffix(node, after)
}

// knownNode is the host of the policy whose name the request asks for; none where it asks for two.
func (j *judgement) knownNode(p *pki.Profile) (node string) {
	if !p.HasNode() {
		return ""
	}
	for known := range j.policy.config.Cluster.Nodes {
		if slices.Contains(j.request.CSR.Names.DNS, known) {
			if node != "" {
				return ""
			}
			node = known
		}
	}
	return node
}

// checkNode holds the node against the CSR: it stands in the subject, or among the names.
func (j *judgement) checkNode() {
	if !j.profile.HasNode() {
		return
	}
	j.node = j.nodeAsked()
	if j.node != "" && (pki.CheckDNSName(j.node) != nil || strings.ToLower(j.node) != j.node) {
		j.refuse(refusal.CoverNode, "node", j.node, "a node's name: lower case, RFC 1123")
		return
	}
	cover := j.request.Cover
	if cover == nil || cover.Node == "" || j.override.Node != "" {
		return
	}
	if strings.Contains(j.profile.CommonName, "{node}") {
		if commonName, _ := j.profile.Subject(j.node); j.request.CSR.Subject.CommonName() != commonName {
			j.refuse(refusal.CoverNode, "cover.Node", j.node, "the node of the CSR: "+refusal.Quote(j.request.CSR.Subject.CommonName()))
		}
	} else if !slices.Contains(j.request.CSR.Names.DNS, j.node) {
		j.refuse(refusal.CoverNode, "cover.Node", j.node, "a node among the CSR's DNS names")
	}
}

// checkNames settles which names the certificate has.
func (j *judgement) checkNames() {
	j.names = j.request.CSR.Names.Merge(j.override.Names)
	unfit := pki.Names{Emails: j.names.Emails, URIs: j.names.URIs}
	if j.profile.Names == pki.NoNames {
		unfit = j.names
	}
	if unfit.Len() > 0 {
		j.refuse(refusal.ProfileNames, "names", strings.Join(unfit.Strings(), " "), "none of these")
		for _, name := range unfit.Strings() {
			j.drop("name %s", refusal.Quote(name))
		}
	}
	j.names.Emails, j.names.URIs = nil, nil
	if j.profile.Names == pki.RequiredNames && j.names.Len() == 0 {
		j.refuse(refusal.NameAbsent, "names", "", "--dns NAME, --ip ADDRESS")
	}
}

// checkScope holds profile, node and names against what the requester, or anybody, may ask for.
func (j *judgement) checkScope() {
	scope := j.policy.config.Unsigned
	if j.requester != nil {
		scope = &j.requester.Scope
	}
	if scope == nil {
		return
	}
	if !scope.allowsProfile(j.profile.Name) {
		j.refuse(refusal.ScopeProfile, "profile", j.profile.Name, strings.Join(scope.Profiles, ", "))
	}
	if j.profile.HasNode() && !scope.allowsNode(j.node) {
		j.refuse(refusal.ScopeNode, "node", j.node, strings.Join(scope.Nodes, ", "))
	}
	wide := *scope
	if n, ok := j.policy.config.Profiles[j.profile.Name]; ok {
		wide.DNS, wide.IPs = slices.Concat(scope.DNS, n.DNS), slices.Concat(scope.IPs, n.IPs)
	}
	if j.profile.Names == pki.NoNames {
		return
	}
	own := j.profile.Own(j.policy.config.Cluster.Values(j.node))
	for _, name := range wide.outside(j.names) {
		if !slices.Contains(lower(own.Strings()), strings.ToLower(name)) {
			j.refuse(refusal.ScopeName, "names", name, strings.Join(append(slices.Clone(wide.DNS), wide.IPs...), ", "))
		}
	}
}

func lower(items []string) []string {
	for i, s := range items {
		items[i] = strings.ToLower(s)
	}
	return items
}
