package policy

import (
	"errors"
	"net/netip"
	"slices"
	"strings"

	"ca-exchange/internal/pki"
)

// allowsProfile says whether the scope names a profile.
func (s Scope) allowsProfile(name string) bool { return slices.Contains(s.Profiles, name) }

// allowsNode says whether a node matches one of the scope's patterns.
func (s Scope) allowsNode(node string) bool { return matchesAny(s.Nodes, node) }

// outside gives the names that the scope does not allow, in the form of pki.Names.Strings.
func (s Scope) outside(names pki.Names) []string {
	var inside pki.Names
	for _, d := range names.DNS {
		if allowsDNS(s.DNS, d) {
			inside.DNS = append(inside.DNS, d)
		}
	}
	for _, ip := range names.IPs {
		if slices.ContainsFunc(s.IPs, func(p string) bool { prefix, err := parsePrefix(p); return err == nil && prefix.Contains(ip) }) {
			inside.IPs = append(inside.IPs, ip)
		}
	}
	return names.Without(inside)
}

// allowsDNS: a wildcard name is a promise for names that do not exist yet, so a pattern never grants one; only the
// same name, written out, does.
func allowsDNS(patterns []string, name string) bool {
	if strings.HasPrefix(name, "*") {
		return slices.ContainsFunc(patterns, func(p string) bool { return strings.EqualFold(p, name) })
	}
	return matchesAny(patterns, name)
}

func matchesAny(patterns []string, s string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return matchGlob(strings.ToLower(p), strings.ToLower(s)) })
}

// checkGlob: a pattern holds letters, digits, hyphens and dots; "*" stands for any run without a dot, "**" for any run.
func checkGlob(p string) error {
	if p == "" {
		return errors.New("an empty pattern")
	}
	for _, c := range []byte(p) {
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '.' || c == '*') {
			return errors.New(`a pattern has letters, digits, "-", ".", "*" (no dot) and "**" (anything)`)
		}
	}
	if strings.Contains(p, "***") {
		return errors.New(`"*" (no dot) or "**" (anything)`)
	}
	return nil
}

// matchGlob walks the name once and keeps the set of places in the pattern that it may have reached, so that no
// pattern costs more than its length times the name's.
func matchGlob(pattern, s string) bool {
	at := make([]bool, len(pattern)+1)
	reach(pattern, at, 0)
	for i := range len(s) {
		next := make([]bool, len(pattern)+1)
		for p := range len(pattern) {
			switch {
			case !at[p]:
			case pattern[p] != '*':
				if pattern[p] == s[i] {
					reach(pattern, next, p+1)
				}
			case s[i] != '.' || strings.HasPrefix(pattern[p:], "**"):
				reach(pattern, next, p)
			}
		}
		at = next
	}
	return at[len(pattern)]
}

// reach marks a place in the pattern, and the one behind a star, which may stand for nothing.
func reach(pattern string, at []bool, p int) {
	at[p] = true
	if p < len(pattern) && pattern[p] == '*' {
		width := 1
		if strings.HasPrefix(pattern[p:], "**") {
			width = 2
		}
		reach(pattern, at, p+width)
	}
}

func parsePrefix(s string) (netip.Prefix, error) {
	if ip, err := netip.ParseAddr(s); err == nil {
		return netip.PrefixFrom(ip, ip.BitLen()), nil
	}
	return netip.ParsePrefix(s)
}
