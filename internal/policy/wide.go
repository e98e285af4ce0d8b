package policy

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Wide names what a scope's patterns permit that few people mean: any run of characters, or every address.
func (s Scope) Wide() []string {
	var all []string
	for _, list := range []struct {
		field    string
		patterns []string
		anything func(string) bool
		permits  string
	}{
		{"dns", s.DNS, anyRun, "every DNS name, also of hosts that are not yours; not wildcard names, nor names of " +
			"the API server and of known hosts"},
		{"ips", s.IPs, everyAddress, "every address, also of hosts that are not yours; not those of the API server " +
			"and of known hosts"},
		{"users", s.Users, onlyStars, "every user that Kubernetes does not reserve, with what RBAC gives each"},
		{"groups", s.Groups, onlyStars, "every group that Kubernetes does not reserve, with what RBAC gives each"},
	} {
		if i := slices.IndexFunc(list.patterns, list.anything); i >= 0 {
			all = append(all, fmt.Sprintf("%s %q permits %s", list.field, list.patterns[i], list.permits))
		}
	}
	return all
}

// anyRun reports whether a pattern bounds nothing but, at most, the number of dots.
func anyRun(pattern string) bool { return strings.Contains(pattern, "**") && onlyStars(pattern) }

// onlyStars is the same for users and groups, most of which have no dot.
func onlyStars(pattern string) bool { return strings.Trim(pattern, "*.") == "" }

func everyAddress(subnet string) bool {
	prefix, err := parsePrefix(subnet)
	return err == nil && prefix.Bits() == 0
}

// Wide names it of all scopes: the policy's, and those of the requesters.
func (p *Policy) Wide() []string {
	var all []string
	add := func(where string, s Scope) {
		for _, permits := range s.Wide() {
			all = append(all, where+": "+permits)
		}
	}
	if p.config.Unsigned != nil {
		add("policy.yaml: unsigned", *p.config.Unsigned)
	}
	for _, name := range slices.Sorted(maps.Keys(p.config.Profiles)) {
		if n := p.config.Profiles[name]; !p.own[name] {
			add("policy.yaml: profiles."+name, Scope{DNS: n.DNS, IPs: n.IPs})
		}
	}
	for _, r := range p.requesters.Requesters {
		add(fmt.Sprintf("requesters.yaml: %q", r.Name), r.Scope)
	}
	return all
}
