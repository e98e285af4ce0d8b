package main

import (
	"strings"

	"ca-exchange/internal/ca"
	"ca-exchange/internal/kube"
	"ca-exchange/internal/policy"
	"ca-exchange/internal/refusal"
)

// presentIdentity says whom a client's certificate names, before anything else: that is all its verifier asks for.
func (a *app) presentIdentity(p *ca.Proposal) {
	if p.Decision.Profile == nil || !policy.IsUser(*p.Decision.Profile) || p.Plan.CommonName == "" {
		return
	}
	groups := "none"
	if len(p.Plan.Organizations) > 0 {
		groups = quoted(p.Plan.Organizations)
	}
	a.Say("  %-12s %s", "user", refusal.Quote(p.Plan.CommonName))
	a.Say("  %-12s %s", "groups", groups)
	for _, line := range seenAs(p) {
		a.Say("  %-12s %s", "amounts to", line)
	}
}

// seenAs is what those who verify the issuer's certificates make of a user and its groups.
func seenAs(p *ca.Proposal) (lines []string) {
	if p.Issuer.Name == kube.EtcdIssuer {
		return []string{"a client of etcd, which lets each read and write all data unless its authentication is on"}
	}
	lines = append(lines, "RBAC sees user "+refusal.Quote(p.Plan.CommonName)+" in group \"system:authenticated\"")
	for _, group := range p.Plan.Organizations {
		lines = append(lines, "RBAC sees group "+refusal.Quote(group)+": whatever some binding gives it, now or later")
	}
	return lines
}

func quoted(items []string) string {
	all := make([]string, len(items))
	for i, item := range items {
		all[i] = refusal.Quote(item)
	}
	return strings.Join(all, " ")
}
