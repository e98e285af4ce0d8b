package pki

import (
	"crypto/x509"
	"net/netip"
	"slices"
	"strings"
)

// NameRule states whether a profile's certificates have subject alternative names.
type NameRule int

const (
	NoNames NameRule = iota
	SomeNames
	RequiredNames
)

// Profile is what one kind of certificate looks like. It decides subject, usages and issuer; a request supplies
// the key and asks for names.
//
// CommonName, Organizations and OwnNames are templates: "{node}" and the other keys of Values stand for what a
// cluster or a request supplies. An empty CommonName means the request's own (the generic profiles).
type Profile struct {
	Name          string
	Issuer        string
	CommonName    string
	Organizations []string
	Usages        []x509.ExtKeyUsage
	Names         NameRule
	OwnNames      []string // names every certificate of the profile may have: "{node}", "kubernetes", "{serviceIP}"
	KeyTypes      []KeyType
	Guarded       bool // always a person
	Days          int  // validity where the policy says nothing of this profile; 0: as every profile
}

// Values fill a profile's templates: "node", its "address", "dnsDomain", "serviceIP", "endpoint". A template whose
// value is missing gives nothing; one with several values gives a name each (dual stack).
type Values map[string][]string

// HasNode reports whether the profile has a node in its subject or names: a cover then names it.
func (p Profile) HasNode() bool {
	return strings.Contains(p.CommonName, "{node}") || slices.Contains(p.OwnNames, "{node}")
}

// Subject is the exact subject of the profile for a node; the common name is empty where the request supplies it.
func (p Profile) Subject(node string) (commonName string, organizations []string) {
	return strings.ReplaceAll(p.CommonName, "{node}", node), p.Organizations
}

// Own expands OwnNames.
func (p Profile) Own(v Values) Names {
	var n Names
	for _, template := range p.OwnNames {
		for _, name := range v.expand(template) {
			if ip, err := netip.ParseAddr(name); err == nil {
				n = n.Merge(Names{IPs: []netip.Addr{ip}})
			} else {
				n = n.Merge(Names{DNS: []string{name}})
			}
		}
	}
	return n
}

// expand fills the one placeholder a template may have.
func (v Values) expand(template string) []string {
	before, rest, found := strings.Cut(template, "{")
	if !found {
		return []string{template}
	}
	key, after, _ := strings.Cut(rest, "}")
	var out []string
	for _, value := range v[key] {
		if value != "" {
			out = append(out, before+value+after)
		}
	}
	return out
}
