package policy

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"ca-exchange/internal/pki"
)

// warnedMost bounds how many owned names a warning repeats.
const warnedMost = 8

// Warnings name what the files granted under the rules of version 1 and do not grant any more, each with the line that
// would grant it. A scope that has one of the fields users, groups or wildcards was written for the present rules and
// is not reported.
func (p *Policy) Warnings() []string {
	var all []string
	if s := p.config.Unsigned; s != nil && !s.current() {
		all = append(all, p.warnings("policy.yaml: unsigned", *s)...)
	}
	for _, name := range slices.Sorted(maps.Keys(p.config.Profiles)) {
		if n := p.config.Profiles[name]; n.Wildcards == nil && !p.own[name] {
			all = append(all, p.warnings("policy.yaml: profiles."+name, Scope{DNS: n.DNS, IPs: n.IPs})...)
		}
	}
	for _, r := range p.requesters.Requesters {
		if !r.current() {
			all = append(all, p.warnings(fmt.Sprintf("requesters.yaml: %q", r.Name), r.Scope)...)
		}
	}
	return all
}

// current reports whether a scope was written by somebody who knew its present fields.
func (s Scope) current() bool { return s.Users != nil || s.Groups != nil || s.Wildcards != nil }

func (p *Policy) warnings(where string, s Scope) []string {
	var all []string
	add := func(what, field string, items []string) {
		if len(items) > 0 {
			all = append(all, fmt.Sprintf("%s: %s; add, if it is meant: %s: %s", where, what, field, list(items)))
		}
	}
	add("profile client no longer brings any user by itself", "users", placeholders(s.Profiles))
	add("a pattern no longer grants a wildcard name", "wildcards", wildcardsIn(s.DNS))
	dns, ips := p.reachedBefore(s)
	add("patterns no longer reach names of the API server and of known hosts", "dns", dns)
	add("subnets no longer reach addresses of the API server and of known hosts", "ips", ips)
	return all
}

func placeholders(profiles []string) []string {
	if slices.Contains(profiles, genericClient) {
		return []string{"NAME"}
	}
	return nil
}

func wildcardsIn(patterns []string) []string {
	return slices.DeleteFunc(slices.Clone(patterns), func(p string) bool { return checkWildcard(p) != nil })
}

// reachedBefore lists the owned names that only the rules of version 1 let a scope's patterns reach.
func (p *Policy) reachedBefore(s Scope) (dns, ips []string) {
	both := maps.Clone(p.owned.api)
	maps.Copy(both, p.owned.nodes)
	for _, name := range slices.Sorted(maps.Keys(both)) {
		kind, bare, _ := strings.Cut(name, ":")
		switch ip, err := netip.ParseAddr(bare); {
		case kind == "dns" && matchesAny(s.DNS, bare) && !p.allowsDNS(s, bare):
			dns = append(dns, bare)
		case err == nil && anyContains(s.IPs, ip) && !p.allowsIP(s.IPs, ip):
			ips = append(ips, bare)
		}
	}
	return dns[:min(len(dns), warnedMost)], ips[:min(len(ips), warnedMost)]
}

func anyContains(subnets []string, ip netip.Addr) bool {
	return slices.ContainsFunc(subnets, func(text string) bool {
		prefix, err := parsePrefix(text)
		return err == nil && prefix.Contains(ip)
	})
}

// Unworkable names what a scope cannot do although it seems to: profiles whose requests would all be held, and why.
func (p *Policy) Unworkable(s Scope) []string {
	if len(s.Profiles) == 0 {
		return []string{"without --profile everything it asks for is held"}
	}
	var all []string
	for _, name := range s.Profiles {
		if profile := p.Profile(name); profile != nil {
			all = append(all, p.unworkable(*profile, s)...)
		}
	}
	return slices.Compact(all)
}

func (p *Policy) unworkable(profile pki.Profile, s Scope) []string {
	held := func(why string) []string { return []string{fmt.Sprintf("%s: held, since %s", profile.Name, why)} }
	wide := p.widened(s, &profile)
	switch {
	case IsUser(profile) && len(s.Users) == 0:
		return held("the scope has no user: --user NAME")
	case profile.HasNode() && len(s.Nodes) == 0:
		return held("the scope has no node: --node NODE")
	case profile.Names == pki.RequiredNames && generic(profile) && len(wide.DNS)+len(wide.IPs)+len(wide.Wildcards) == 0:
		return held("the scope has no name: --dns NAME, --ip ADDRESS")
	case profile.HasNode() && profile.Names == pki.RequiredNames && len(wide.IPs) == 0:
		return p.unknownAddresses(profile, s.Nodes)
	}
	return nil
}

// unknownAddresses names the nodes whose own addresses a profile's requests would be held for.
func (p *Policy) unknownAddresses(profile pki.Profile, nodes []string) []string {
	var all []string
	for _, node := range nodes {
		if !strings.Contains(node, "*") && len(p.config.Cluster.Nodes[node]) == 0 {
			all = append(all,
				fmt.Sprintf("%s: a request that names an address of %s is held, since the address is not "+
					"known: --ip ADDRESS, or cluster.nodes in policy.yaml", profile.Name, node))
		}
	}
	return all
}
