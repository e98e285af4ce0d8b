package kube

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// ownName is the form of an own profile's name, as the CA's policy has it.
var ownName = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?$`)

// Own is a profile of the CA's own policy, as the asking side knows it: a name, the generic profile whose usages and
// files it has, and the issuer, "" for that profile's. Its subject and names are those of the request.
func Own(name, like, issuer string) (Profile, error) {
	p, known := Find(Latest(), like)
	_, taken := Find(Latest(), name)
	isIssuer := func(i Issuer) bool { return i.Name == issuer }
	switch {
	case !known || !p.Generic():
		return Profile{}, fmt.Errorf("profile %q is like %q: an own profile is like server, client, peer or user",
			name, like)
	case taken:
		return Profile{}, fmt.Errorf("profile %q is a built-in one, and like no other", name)
	case !ownName.MatchString(name):
		return Profile{}, fmt.Errorf("profile %q: a name has lower-case letters, digits, hyphens, at most 40", name)
	case issuer != "" && !slices.ContainsFunc(Issuers(), isIssuer):
		return Profile{}, fmt.Errorf("no issuer %q: one of %s, %s, %s",
			issuer, ClusterIssuer, EtcdIssuer, FrontProxyIssuer)
	case issuer != "":
		p.Issuer = issuer
	}
	p.Name, p.Like = name, like
	return p, nil
}

// CheckWho says why no CA signs a user or a group of this name for a person, nil where one may.
func CheckWho(name string) error {
	folded := strings.ToLower(strings.TrimSpace(name))
	if strings.HasPrefix(folded, "system:") || strings.HasPrefix(folded, "kubeadm:") {
		return fmt.Errorf("%q is reserved for Kubernetes: only its own profile carries it", name)
	}
	return nil
}
