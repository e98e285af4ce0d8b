package policy

import (
	"crypto"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"ca-exchange/internal/pki"
	"ca-exchange/internal/refusal"
	"ca-exchange/internal/request"

	"golang.org/x/crypto/ssh"
)

// testCluster has an endpoint that is a host's name, and one known host.
func testCluster() Cluster {
	return Cluster{ServiceSubnets: []string{"10.96.0.0/12"}, Endpoint: "api:6443",
		Nodes: map[string][]string{"cp1": {"192.0.2.10"}}}
}

// What testCluster and profiles() own, written out.
var (
	testAPI   = []string{"DNS:kubernetes", "IP:10.96.0.1", "DNS:api"}
	testNodes = []string{"DNS:cp1", "IP:192.0.2.10"}
	testFixed = []string{"kube-apiserver", "system:kube-scheduler", "kubernetes-super-admin"}
)

// like compares by a regular expression, and not by the code under test.
func like(patterns []string, s string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		p = regexp.QuoteMeta(p)
		p = strings.ReplaceAll(p, `\*\*`, `.{0,}`)
		p = strings.ReplaceAll(p, `\*`, `[^.]{0,}`)
		return regexp.MustCompile("^" + p + "$").MatchString(s)
	})
}

func testReserved(s string) bool {
	s = strings.ToLower(s)
	return strings.Contains(s, "system:") || strings.Contains(s, "kubeadm:") || slices.Contains(testFixed, s)
}

// ownNames are the names that a profile brings for a node, written out.
func ownNames(profile, node string) []string {
	var own []string
	switch profile {
	case "kube-apiserver":
		if own = append(slices.Clone(testAPI), "DNS:"+node); node == "cp1" {
			own = append(own, "IP:192.0.2.10")
		}
	case "etcd-server", "etcd-peer":
		own = []string{"DNS:" + node, "DNS:localhost", "IP:127.0.0.1"}
	}
	return own
}

// inside holds a plan against profile and scope, written without the code that it judges.
func inside(p *Policy, scope Scope, req *request.Request, plan pki.Plan) error {
	profile := p.Profile(plan.Profile)
	node := ""
	if req.Cover != nil {
		node = req.Cover.Node
	}
	if node == "" {
		node = strings.TrimPrefix(req.CSR.Subject.CommonName(), "system:node:")
		if plan.Profile == "kube-apiserver" {
			node = "cp1" // the one known host
		}
	}
	for _, name := range plan.Names.Strings() {
		if !slices.Contains(req.CSR.Names.Strings(), name) || !nameInside(scope, name, ownNames(plan.Profile, node)) {
			return fmt.Errorf("name %s is outside", name)
		}
	}
	switch {
	case profile.Guarded:
		return fmt.Errorf("guarded, and nobody was asked")
	case !slices.Contains(scope.Profiles, plan.Profile):
		return fmt.Errorf("profile %s is outside", plan.Profile)
	case strings.Contains(profile.CommonName, "{node}") && !nodeInside(scope, node),
		len(ownNames(plan.Profile, "")) > 0 && slices.Contains(plan.Names.Strings(), "DNS:"+node) &&
			!nodeInside(scope, node) && !nameInside(scope, "DNS:"+node, nil):
		return fmt.Errorf("node %s is outside", node)
	case !slices.Equal(plan.Usages, profile.Usages) || plan.Issuer != profile.Issuer:
		return fmt.Errorf("usages or issuer are not the profile's")
	case plan.Days < 1 || plan.Days > p.config.Certificates.MaxDays:
		return fmt.Errorf("%d days are outside", plan.Days)
	case profile.Names == pki.NoNames && plan.Names.Len() > 0 || profile.Names == pki.RequiredNames &&
		plan.Names.Len() == 0:
		return fmt.Errorf("names against the profile's rule")
	case !slices.Contains(profile.KeyTypes, pki.KeyTypeOf(plan.Key)):
		return fmt.Errorf("key type outside the profile")
	}
	return subjectInside(scope, profile, node, plan)
}

func nodeInside(scope Scope, node string) bool {
	return node != "kubernetes" && !strings.Contains(node, "*") && (like(scope.Nodes, node) && node != "api" ||
		slices.Contains(scope.Nodes, node))
}

func nameInside(scope Scope, name string, own []string) bool {
	kind, bare, _ := strings.Cut(name, ":")
	owned := slices.Contains(testAPI, name) || slices.Contains(testNodes, name)
	switch {
	case slices.Contains(own, name):
		return true
	case strings.HasPrefix(bare, "*"):
		return slices.Contains(scope.Wildcards, bare)
	case kind == "DNS":
		return slices.Contains(scope.DNS, bare) || !owned && like(scope.DNS, bare)
	}
	return slices.Contains(scope.IPs, bare) || !owned && (slices.Contains(scope.IPs, "0.0.0.0/0") ||
		strings.HasPrefix(bare, "192.0.2.") && slices.Contains(scope.IPs, "192.0.2.0/24"))
}

func subjectInside(scope Scope, profile *pki.Profile, node string, plan pki.Plan) error {
	switch plan.Profile {
	case "client", "user":
		for _, group := range plan.Organizations {
			if testReserved(group) || !like(scope.Groups, group) {
				return fmt.Errorf("group %q is outside", group)
			}
		}
		if cn := plan.CommonName; testReserved(cn) || cn != "" && !like(scope.Users, cn) {
			return fmt.Errorf("user %q is outside", cn)
		}
	case "server", "peer":
		if cn := plan.CommonName; cn != "" && !slices.Contains(plan.Names.Strings(), "DNS:"+cn) &&
			!slices.Contains(plan.Names.Strings(), "IP:"+cn) {
			return fmt.Errorf("common name %q is none of the names", cn)
		}
		if plan.Profile == "peer" && plan.CommonName == "alice" && like(scope.Users, "alice") {
			return fmt.Errorf("a peer is called as a user is")
		}
		if len(plan.Organizations) > 0 || testReserved(plan.CommonName) {
			return fmt.Errorf("subject %s", plan.Subject())
		}
	default:
		if plan.CommonName != strings.ReplaceAll(profile.CommonName, "{node}", node) ||
			!slices.Equal(plan.Organizations, profile.Organizations) {
			return fmt.Errorf("subject %s is not the profile's", plan.Subject())
		}
	}
	return nil
}

// TestApprovedKeepsReserved: whatever a person says, a certificate has either the whole subject of its built-in profile
// or no reserved name; and what the request asked for and the certificate lacks is among the losses.
func TestApprovedKeepsReserved(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	mine, authorized := identity(t, 1)
	key, err := pki.ECDSAP256.Generate()
	if err != nil {
		t.Fatal(err)
	}
	approved := map[string]int{}
	var req *request.Request
	for i := range 9000 {
		if i%9 == 0 {
			req = randomRequest(t, r, []crypto.Signer{key}, []ssh.Signer{mine, mine})
		}
		p, _ := randomPolicy(t, r, authorized)
		override := Override{
			Profile: append([]string{""}, p.names()...)[r.IntN(11)], Node: []string{"", "", "cp1", "w1"}[r.IntN(4)],
			WithoutGroups: some(r, "system:masters", "ops", "dev-team"),
			WithoutUsages: some(r, "serverAuth", "clientAuth"),
		}
		d := p.Decide(Input{Request: req, Trusts: []string{trust}, Override: override, Now: noon})
		plan, ok := d.Plan()
		if !ok || d.Approvable() != nil {
			continue
		}
		approved[plan.Profile]++
		if err := approvedWell(p, req, d, plan); err != nil {
			t.Fatalf("%v\nplan %+v\noverride %+v\nrequest %v, decision %+v", err, plan, override, req.CSR.Subject, d)
		}
	}
	for _, p := range profiles() {
		if approved[p.Name] == 0 {
			t.Errorf("no request for %s was approved", p.Name)
		}
	}
}

func (p *Policy) names() (all []string) {
	for _, profile := range p.profiles {
		all = append(all, profile.Name)
	}
	return all
}

func approvedWell(p *Policy, req *request.Request, d Decision, plan pki.Plan) error {
	profile := p.Profile(plan.Profile)
	if profile.CommonName != "" {
		before, _, _ := strings.Cut(profile.CommonName, "{node}")
		if rest, ok := strings.CutPrefix(plan.CommonName, before); !ok ||
			strings.Contains(profile.CommonName, "{node}") && rest == "" ||
			!slices.Equal(plan.Organizations, profile.Organizations) {
			return fmt.Errorf("subject %s is not the profile's", plan.Subject())
		}
	} else if slices.ContainsFunc(append(slices.Clone(plan.Organizations), plan.CommonName), testReserved) {
		return fmt.Errorf("a reserved name in %s", plan.Subject())
	}
	lost := func(value string) bool {
		return slices.ContainsFunc(d.Dropped,
			func(l Loss) bool { return strings.Contains(l.Value, refusal.Quote(value)) })
	}
	for _, o := range req.CSR.Subject.Organizations() {
		if !slices.Contains(plan.Organizations, o) && !lost(o) {
			return fmt.Errorf("organisation %q is lost in silence", o)
		}
	}
	if cn := req.CSR.Subject.CommonName(); !strings.EqualFold(cn, plan.CommonName) && !lost(cn) {
		return fmt.Errorf("common name %q is lost in silence", cn)
	}
	for _, name := range req.CSR.Names.Without(plan.Names) {
		if !lost(name) {
			return fmt.Errorf("name %s is lost in silence", name)
		}
	}
	return nil
}
