package policy

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"ca-exchange/internal/pki"
)

// Policy is what requests are judged by: a checked configuration, the profiles of its Kubernetes release, and who is
// enrolled. It does not change; a changed file makes another.
type Policy struct {
	config     Config
	profiles   []pki.Profile
	requesters Requesters

	own        map[string]bool // names of the policy's own profiles
	owned      owned           // names that no pattern reaches
	fixedUsers map[string]bool // folded users that belong to built-in profiles
	users      []string        // every pattern for users of this policy
	groups     []string        // and for groups
}

// New joins the three and checks what only shows when they are together.
func New(c Config, profiles []pki.Profile, requesters Requesters) (*Policy, error) {
	p := &Policy{config: c, profiles: slices.Clone(profiles), requesters: requesters, own: map[string]bool{}}
	p.owned, p.fixedUsers = ownedOf(p), fixedUsersOf(p)
	if err := p.addOwn(); err != nil {
		return nil, err
	}
	if err := p.checkCRLIssuers(); err != nil {
		return nil, err
	}
	for _, scope := range p.scopes() {
		p.users, p.groups = append(p.users, scope.Users...), append(p.groups, scope.Groups...)
	}
	if c.Unsigned == nil {
		return p, nil
	}
	for i, name := range c.Unsigned.Profiles {
		path := fmt.Sprintf("$.unsigned.profiles[%d]", i)
		switch profile := p.Profile(name); {
		case profile == nil:
			return nil, c.source.at(path, "no profile %q: `ca-admin profiles` lists them", name)
		case profile.Guarded:
			return nil, c.source.at(path, "profile %q is guarded: a person decides every time", name)
		}
	}
	return p, nil
}

// scopes are all scopes of the policy and its requesters.
func (p *Policy) scopes() []Scope {
	var all []Scope
	if p.config.Unsigned != nil {
		all = append(all, *p.config.Unsigned)
	}
	for _, r := range p.requesters.Requesters {
		all = append(all, r.Scope)
	}
	return all
}

// meansUser reports whether some scope here speaks of a user of this name.
func (p *Policy) meansUser(name string) bool { return matchesExactly(p.users, name) }

// meansGroup reports whether some scope here speaks of a group of this name.
func (p *Policy) meansGroup(name string) bool { return matchesExactly(p.groups, name) }

// Profile finds a profile; nil where there is none of that name.
func (p *Policy) Profile(name string) *pki.Profile {
	for i := range p.profiles {
		if p.profiles[i].Name == name {
			return &p.profiles[i]
		}
	}
	return nil
}

// Own are the policy's own profiles, by name.
func (p *Policy) Own() []pki.Profile {
	return slices.DeleteFunc(slices.Clone(p.profiles), func(one pki.Profile) bool { return !p.own[one.Name] })
}

// builtIn are the profiles of Kubernetes and the generic ones.
func (p *Policy) builtIn() []pki.Profile {
	return slices.DeleteFunc(slices.Clone(p.profiles), func(one pki.Profile) bool { return p.own[one.Name] })
}

// Config is what the policy was made of.
func (p *Policy) Config() Config { return p.config }

// Requesters are those enrolled.
func (p *Policy) Requesters() Requesters { return p.requesters }

// What kubeadm takes where its configuration says nothing (constants.go, defaults.go).
const (
	defaultName   = "kubernetes"
	defaultDomain = "cluster.local"
	defaultSubnet = "10.96.0.0/12"
)

// Values fill the profiles' templates for a node of the cluster.
func (c Cluster) Values(node string) pki.Values {
	v := pki.Values{
		"node": {node}, "dnsDomain": {c.DNSDomain}, "address": c.Nodes[node],
		"endpoint": append([]string{hostOf(c.Endpoint)}, c.CertSANs...),
	}
	if c.DNSDomain == "" {
		v["dnsDomain"] = []string{defaultDomain}
	}
	subnets := c.ServiceSubnets
	if len(subnets) == 0 {
		subnets = []string{defaultSubnet}
	}
	for _, s := range subnets {
		if prefix, err := netip.ParsePrefix(s); err == nil {
			v["serviceIP"] = append(v["serviceIP"], prefix.Masked().Addr().Next().String())
		}
	}
	return v
}

// hostOf takes the port off an endpoint.
func hostOf(endpoint string) string {
	if a, err := netip.ParseAddrPort(endpoint); err == nil {
		return a.Addr().String()
	}
	if _, err := netip.ParseAddr(endpoint); err == nil {
		return endpoint
	}
	host, _, _ := strings.Cut(endpoint, ":")
	return host
}

// limits are a profile's days: by default, and at most.
func (p *Policy) limits(profile *pki.Profile) (days, most int) {
	if n, ok := p.config.Profiles[profile.Name]; ok && !n.unlimited {
		return n.Days, n.MaxDays
	}
	days, most = p.config.Certificates.Days, p.config.Certificates.MaxDays
	if profile.Days > 0 {
		days, most = min(days, profile.Days), min(most, profile.Days)
	}
	return days, most
}

// TakesReports reports whether hosts are to say what is installed there.
func (p *Policy) TakesReports() bool { return p.config.Reports == nil || *p.config.Reports }

// perDay is how many first certificates one place gets within a day without a person.
func (p *Policy) perDay() int {
	if p.config.Renewals.PerDay == 0 {
		return defaultPerDay
	}
	return p.config.Renewals.PerDay
}
