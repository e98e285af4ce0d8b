package ca

import (
	"context"
	"slices"
	"strings"

	"ca-exchange/internal/ledger"
	"ca-exchange/internal/pki"
)

// trustsSetting holds every trust fingerprint this CA has had, separated by blanks.
const trustsSetting = "trusts"

// Trust is what component admins pin: the issuers' certificates and their fingerprint. It is the zero Trust while an
// issuer waits for its parent.
func (c *CA) Trust() pki.Trust {
	if trust := c.trust.Load(); trust != nil {
		return *trust
	}
	return pki.Trust{}
}

// Trusts are the fingerprints that a cover or an exchange may name: the present one and those recorded before.
func (c *CA) Trusts(ctx context.Context) ([]string, error) {
	setting, err := c.ledger.Setting(ctx, trustsSetting)
	if err != nil {
		return nil, err
	}
	former := strings.Fields(setting)
	present := c.Trust().Fingerprint
	if present == "" || slices.Contains(former, present) {
		return former, nil
	}
	return append([]string{present}, former...), nil
}

func rememberTrust(l *ledger.Ledger, fingerprint string) error {
	return l.Remember(context.Background(), trustsSetting, fingerprint, nil)
}
