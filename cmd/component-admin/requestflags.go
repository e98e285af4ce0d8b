package main

import (
	"errors"
	"fmt"
	"strings"

	"ca-exchange/internal/kube"
	"ca-exchange/internal/pki"
)

// Validate holds the flags against each other.
func (r *requestCommand) Validate() error {
	if len(r.Profiles) == 0 && !r.adopts() {
		return errors.New("name what to request: control-plane, worker, etcd, or profiles: " +
			strings.Join(profileNames(kube.Latest()), ", "))
	}
	if err := errors.Join(r.validateAdoption(), r.validateWho()); err != nil {
		return err
	}
	for _, name := range r.asked() {
		if isSet(name) && (len(r.asked()) > 1 || r.adopts()) {
			return fmt.Errorf("%s means all certificates of a host: name nothing else with it", name)
		}
	}
	if r.Server != "" {
		if err := checkServer(r.Server); err != nil {
			return err
		}
	}
	return r.validatePlaces()
}

func (r *requestCommand) names() (pki.Names, error) {
	for _, name := range r.DNS {
		if err := pki.CheckDNSName(name); err != nil {
			return pki.Names{}, fmt.Errorf("--dns %q: %w", name, err)
		}
	}
	for _, ip := range r.IP {
		if err := pki.CheckIP(ip); err != nil {
			return pki.Names{}, fmt.Errorf("--ip %s: %w", ip, err)
		}
	}
	return pki.Names{DNS: r.DNS, IPs: r.IP}, nil
}

const (
	mostDays          = 36500 // that a cover may wish for
	longestCommonName = 64    // RFC 5280 appendix A.1, ub-common-name
)

func (r *requestCommand) checkFlags(p kube.Profile, node string) error {
	switch {
	case r.Days < 0 || r.Days > mostDays:
		return fmt.Errorf("--days %d: between 1 and %d", r.Days, mostDays)
	case p.HasNode() && node == "":
		return fmt.Errorf("profile %s needs a node: --node NAME", p.Name)
	case p.HasNode():
		return kube.CheckNode(node)
	case p.Names == pki.NoNames && len(r.asked()) == 1 && len(r.DNS)+len(r.IP) > 0:
		return fmt.Errorf("profile %s has no names: leave --dns and --ip out", p.Name)
	case p.Kubeconfig != "" && p.Generic() && r.user() == "":
		return fmt.Errorf("profile %s needs a user: component-admin request %[1]s NAME", p.Name)
	case p.Generic() && len(r.commonName(pki.Names{DNS: r.DNS, IPs: r.IP})) > longestCommonName:
		return fmt.Errorf("the common name %q is longer than %d characters: give a shorter one with --common-name",
			r.commonName(pki.Names{DNS: r.DNS, IPs: r.IP}), longestCommonName)
	case p.Generic() && r.commonName(pki.Names{DNS: r.DNS, IPs: r.IP}) == "":
		return fmt.Errorf("profile %s needs a name: --dns NAME or --common-name CN", p.Name)
	}
	return nil
}
