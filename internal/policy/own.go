package policy

import (
	"fmt"
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"ca-exchange/internal/pki"
)

// ownName is the form of an own profile's name: it is part of commands, covers and file names.
var ownName = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?$`)

// issuersFile is what all issuers are called together, on the exchange and on a command line.
const issuersFile = "issuers"

// profilePath is the YAML path of a profile, whatever it is called.
func profilePath(name string) string {
	if name == "" || strings.Contains(name, "'") {
		return "$.profiles"
	}
	return "$.profiles.'" + name + "'"
}

// likes are the profiles that an own one may be like.
var likes = []string{genericServer, genericClient, genericPeer, genericUser}

// addOwn adds the policy's own profiles, and what it narrows built-in ones to. An own profile cannot make an
// authority: it has no such field, and its usages are those of the profile it is like.
func (p *Policy) addOwn() error {
	builtIn := slices.Clone(p.profiles)
	for _, name := range slices.Sorted(maps.Keys(p.config.Profiles)) {
		n, path := p.config.Profiles[name], profilePath(name)
		i := slices.IndexFunc(builtIn, func(b pki.Profile) bool { return b.Name == name })
		if i >= 0 {
			if err := p.narrow(path, n, &p.profiles[i]); err != nil {
				return err
			}
			continue
		}
		own, err := p.ownProfile(path, name, n)
		if err != nil {
			return err
		}
		p.profiles = append(p.profiles, own)
		p.own[name] = true
	}
	return nil
}

// narrow changes a built-in profile, which is only ever made stricter.
func (p *Policy) narrow(path string, n Narrow, profile *pki.Profile) error {
	for field, set := range map[string]bool{
		"like": n.Like != "", "issuer": n.Issuer != "", "commonName": n.CommonName != "",
		"organizations": n.Organizations != nil, "keyTypes": n.KeyTypes != nil,
	} {
		if set {
			return p.config.source.at(path+"."+field,
				"a built-in profile is only narrowed: days, maxDays, dns, wildcards, ips, guarded: true")
		}
	}
	if n.Guarded != nil && !*n.Guarded {
		return p.config.source.at(path+".guarded", "a built-in profile can be made guarded, and never the other way")
	}
	profile.Guarded = profile.Guarded || n.Guarded != nil
	return nil
}

// ownProfile makes a profile of the policy's own from the one that it is like.
func (p *Policy) ownProfile(path, name string, n Narrow) (pki.Profile, error) {
	at := func(field, format string, args ...any) (pki.Profile, error) {
		return pki.Profile{}, p.config.source.at(path+field, format, args...)
	}
	base := p.Profile(n.Like)
	switch {
	case n.Like == "":
		return at("", "no profile %q: `ca-admin profiles` lists them; "+
			"an own profile has like: server, client, peer or user", name)
	case !slices.Contains(likes, n.Like) || base == nil:
		return at(".like", "%q: an own profile is like server, client, peer or user", n.Like)
	case name == AuthorityProfile:
		return at("", "%q is what authorities are listed as, which no profile makes", name)
	case p.hasIssuer(name) || name == issuersFile:
		return at("", "%q is a name of issuers, which no profile has", name)
	case !ownName.MatchString(name):
		return at("", "%q: the name of a profile has lower-case letters, digits and hyphens, at most 40", name)
	}
	own := *base
	own.Name, own.CommonName, own.Organizations = name, n.CommonName, n.Organizations
	own.Guarded = n.Guarded != nil && *n.Guarded
	if n.Issuer != "" {
		if own.Issuer = n.Issuer; !p.hasIssuer(n.Issuer) {
			return at(".issuer", "no issuer %q: one of %s", n.Issuer, strings.Join(p.issuers(), ", "))
		}
	}
	if err := p.checkOwnSubject(own, n.Like); err != nil {
		return at(err.field, "%s", err.text)
	}
	if err := ownNamesOf(&own, n); err != nil {
		return at(err.field, "%s", err.text)
	}
	if n.KeyTypes != nil {
		if own.KeyTypes = nil; len(n.KeyTypes) == 0 {
			return at(".keyTypes", "an empty list permits no key: leave the line out for those of %s", n.Like)
		}
	}
	for i, text := range n.KeyTypes {
		if !slices.Contains(base.KeyTypes, pki.KeyType(text)) {
			return at(fmt.Sprintf(".keyTypes[%d]", i), "no key type %q: one of %v", text, base.KeyTypes)
		}
		own.KeyTypes = append(own.KeyTypes, pki.KeyType(text))
	}
	return own, nil
}

func (p *Policy) issuers() []string {
	var all []string
	for _, profile := range p.profiles {
		if !slices.Contains(all, profile.Issuer) {
			all = append(all, profile.Issuer)
		}
	}
	return all
}

func (p *Policy) hasIssuer(name string) bool { return slices.Contains(p.issuers(), name) }

// ownNamesOf takes over the names that every certificate of an own profile may have.
func ownNamesOf(own *pki.Profile, n Narrow) *mistake {
	if own.Names == pki.NoNames && len(n.DNS)+len(n.IPs)+len(n.Wildcards) > 0 {
		return &mistake{".dns", "a user's certificate has no names"}
	}
	for i, name := range slices.Concat(n.DNS, n.Wildcards) {
		filled := strings.Replace(name, "{node}", "n", 1)
		if err := pki.CheckDNSName(filled); err != nil || strings.HasPrefix(filled, "*") != (i >= len(n.DNS)) {
			field := fmt.Sprintf(".dns[%d]", i)
			if i >= len(n.DNS) {
				field = fmt.Sprintf(".wildcards[%d]", i-len(n.DNS))
			}
			return &mistake{field, fmt.Sprintf("%q: an own name is a DNS name, which may have one {node}; "+
				"wildcard names belong into wildcards", name)}
		}
	}
	for i, text := range n.IPs {
		if ip, err := netip.ParseAddr(text); err != nil || pki.CheckIP(ip) != nil {
			why := fmt.Sprintf("%q: an own address is the address of a host", text)
			return &mistake{fmt.Sprintf(".ips[%d]", i), why}
		}
	}
	own.OwnNames = slices.Concat(n.DNS, n.Wildcards, n.IPs)
	return nil
}
