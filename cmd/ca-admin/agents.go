package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"ca-exchange/internal/kube"
	"ca-exchange/internal/policy"
)

// agentFlags say which keys of new issuers an ssh-agent has.
type agentFlags struct {
	Agent  []string `placeholder:"[ISSUER=]FINGERPRINT" help:"An issuer's key that an ssh-agent has."`
	Socket string   `type:"path" placeholder:"FILE" help:"The agent's socket (the one of SSH_AUTH_SOCK)."`
}

// signers are the agents' keys by issuer. issuers are those that are made.
func (f agentFlags) signers(issuers []string) (map[string]policy.Signer, error) {
	if len(f.Agent) == 0 && f.Socket != "" {
		return nil, errors.New("--socket: --agent says whose key that agent has")
	}
	all := map[string]policy.Signer{}
	for _, text := range f.Agent {
		issuer, fingerprint, named := strings.Cut(text, "=")
		if !named || strings.HasPrefix(issuer, "SHA256:") { // base64 may end with =, though OpenSSH leaves it out
			issuer, fingerprint = kube.ClusterIssuer, text
			if len(issuers) > 1 {
				return nil, fmt.Errorf("--agent %s: say of which issuer: ca=%[1]s, or make --issuer ca alone", text)
			}
		}
		one := policy.Signer{Agent: fingerprint, Socket: f.Socket}
		_, twice := all[issuer]
		switch err := one.Check(); {
		case err != nil:
			return nil, fmt.Errorf("--agent: %w", err)
		case !slices.Contains(issuers, issuer):
			return nil, fmt.Errorf("--agent %s: %q is not one of %s", text, issuer, strings.Join(issuers, ", "))
		case twice:
			return nil, fmt.Errorf("--agent %s: issuer %s has a key already", text, issuer)
		}
		all[issuer] = one
	}
	return all, nil
}
