package policy

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"ca-exchange/internal/pki"
	"ca-exchange/internal/refusal"
)

// Scope is what somebody may ask for. What it omits is not granted.
//
// A pattern reaches names that nobody owns. Names of the API server and of known hosts are had only by their own
// profiles, or where a scope writes that very name or address out; wildcard names only where they are written out in
// Wildcards; reserved users and groups never.
type Scope struct {
	Profiles []string `yaml:"profiles"`
	Nodes    []string `yaml:"nodes,omitempty"`
	DNS      []string `yaml:"dns,omitempty"`
	IPs      []string `yaml:"ips,omitempty"`
	// Version 1 did not know these. They are written out where they are empty, too: a scope that has none of them was
	// written for the rules of version 1, and Warnings names what it lost.
	Wildcards []string `yaml:"wildcards,omitzero"`
	Users     []string `yaml:"users,omitzero"`
	Groups    []string `yaml:"groups,omitzero"`
}

// scopeOf is what a request is bounded by; nil where neither a requester nor the policy grants anything.
func (p *Policy) scopeOf(requester *Requester) *Scope {
	if requester != nil {
		return &requester.Scope
	}
	return p.config.Unsigned
}

// checkScope holds what the certificate would say against what the requester, or anybody, may ask for.
func (j *judgement) checkScope(s settled) {
	scope := j.policy.scopeOf(s.requester)
	if scope == nil {
		return
	}
	if !slices.Contains(scope.Profiles, s.profile.Name) {
		j.refuse(refusal.ScopeProfile, "profile", s.profile.Name, listed(scope.Profiles))
	}
	if s.profile.HasNode() && !j.policy.allowsNode(scope.Nodes, s.node) {
		j.refuse(refusal.ScopeNode, "node", s.node, listed(scope.Nodes))
	}
	for _, name := range j.policy.outside(j.policy.widened(*scope, s.profile), s) {
		j.refuse(refusal.ScopeName, "names", name, listed(scope.DNS, scope.Wildcards, scope.IPs))
	}
	if !IsUser(*s.profile) {
		return
	}
	if cn := s.subject.commonName; cn != "" && !matchesExactly(scope.Users, cn) {
		j.refuse(refusal.ScopeUser, "subject.CN", cn, listed(scope.Users))
	}
	for _, o := range s.subject.organizations {
		if !slices.Contains(s.profile.Organizations, o) && !matchesExactly(scope.Groups, o) {
			j.refuse(refusal.ScopeGroup, "subject.O", o, listed(scope.Groups))
		}
	}
}

// widened adds the names that every requester of a profile may have.
func (p *Policy) widened(scope Scope, profile *pki.Profile) Scope {
	if p.own[profile.Name] {
		return scope // its names are its own
	}
	n := p.config.Profiles[profile.Name]
	scope.DNS, scope.IPs = slices.Concat(scope.DNS, n.DNS), slices.Concat(scope.IPs, n.IPs)
	scope.Wildcards = slices.Concat(scope.Wildcards, n.Wildcards)
	return scope
}

// allowsNode: a node that has a name of the API server, such as its endpoint, is written out or not had.
func (p *Policy) allowsNode(patterns []string, node string) bool {
	if p.owned.api["dns:"+node] {
		return slices.Contains(patterns, node)
	}
	return matchesAny(patterns, node)
}

// outside gives the names that neither the profile brings nor the scope allows, in the form of pki.Names.Strings.
func (p *Policy) outside(scope Scope, s settled) []string {
	own := map[string]bool{}
	for _, name := range s.profile.Own(p.config.Cluster.Values(s.node)).Strings() {
		own[strings.ToLower(name)] = true
	}
	var inside pki.Names
	for _, name := range s.names.DNS {
		if own["dns:"+strings.ToLower(name)] || p.allowsDNS(scope, name) {
			inside.DNS = append(inside.DNS, name)
		}
	}
	for _, ip := range s.names.IPs {
		if own["ip:"+ip.String()] || p.allowsIP(scope.IPs, ip) {
			inside.IPs = append(inside.IPs, ip)
		}
	}
	return s.names.Without(inside)
}

func (p *Policy) allowsDNS(scope Scope, name string) bool {
	same := func(written string) bool { return strings.EqualFold(written, name) }
	switch {
	case strings.HasPrefix(name, "*"):
		return slices.ContainsFunc(scope.Wildcards, same)
	case p.owned.has("DNS:" + name):
		return slices.ContainsFunc(scope.DNS, same)
	}
	return matchesAny(scope.DNS, name)
}

func (p *Policy) allowsIP(patterns []string, ip netip.Addr) bool {
	owned := p.owned.has("IP:" + ip.String())
	return slices.ContainsFunc(patterns, func(text string) bool {
		prefix, err := parsePrefix(text)
		return err == nil && prefix.Contains(ip) && (!owned || prefix.IsSingleIP())
	})
}

func checkPrefix(s string) error {
	if _, err := parsePrefix(s); err != nil {
		return errors.New("not an address or a subnet (example: 192.0.2.0/24)")
	}
	return nil
}

// parsePrefix reads a subnet, or an address as the subnet of itself.
func parsePrefix(s string) (netip.Prefix, error) {
	if ip, err := netip.ParseAddr(s); err == nil {
		return netip.PrefixFrom(ip, ip.BitLen()), nil
	}
	return netip.ParsePrefix(s)
}

// listedMost bounds what a refusal repeats of a scope, in items.
const listedMost = 16

// listed is a scope's list for a refusal.
func listed(lists ...[]string) string {
	all := slices.Concat(lists...)
	if len(all) > listedMost {
		return fmt.Sprintf("%s and %d more", strings.Join(all[:listedMost], ", "), len(all)-listedMost)
	}
	return strings.Join(all, ", ")
}
