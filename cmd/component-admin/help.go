package main

import (
	"ca-exchange/internal/component"
	"ca-exchange/internal/refusal"
)

// help says what the requester can do about a broken rule. It is composed here, from the code alone: the words of a
// notice are anybody's.
func (r *report) help(code refusal.Code, s component.State) string {
	again := "component-admin request " + s.Profile + " … --again"
	switch code {
	case refusal.CoverRequester:
		return "take the name that this key is enrolled under: component-admin config --name NAME; " +
			"then component-admin sync"
	case refusal.SignatureUnknownKey:
		return "have this host's key enrolled: component-admin config shows it"
	case refusal.CoverTrust:
		return "compare the trust fingerprint with the CA admin, out of band, then: " +
			"component-admin trust --fingerprint sha256:… --replace"
	case refusal.CoverFuture, refusal.CoverExpired:
		return "set this host's clock, then: component-admin sync writes a new cover"
	case refusal.CoverNode, refusal.ScopeNode:
		return "where the node is wrong: " + again + " --node NODE; else the CA admin widens the scope: ca-admin scope"
	case refusal.ScopeName:
		return "where a name is wrong: " + again + " with the right --dns and --ip; " +
			"else the CA admin widens the scope: ca-admin scope"
	case refusal.ScopeProfile:
		return "the CA admin widens the scope: ca-admin scope"
	case refusal.DeniedByPerson:
		return "ask the CA admin why, then: " + again + ", or component-admin forget " + s.ID[:16]
	}
	if hint := code.Hint(); hint != "" && code.Outcome() == refusal.Deny {
		return hint + "; then: " + again
	}
	return code.Hint()
}
