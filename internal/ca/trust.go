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

// Trust is what component admins pin: the issuers' certificates and their fingerprint.
func (c *CA) Trust() pki.Trust { return c.trust }

// Trusts are the fingerprints that a cover or an exchange may name: the present one and those recorded before.
func (c *CA) Trusts(ctx context.Context) ([]string, error) {
	setting, err := c.ledger.Setting(ctx, trustsSetting)
	if err != nil {
		return nil, err
	}
	former := strings.Fields(setting)
	if slices.Contains(former, c.trust.Fingerprint) {
		return former, nil
	}
	return append([]string{c.trust.Fingerprint}, former...), nil
}

func rememberTrust(l *ledger.Ledger, fingerprint string) error {
	return l.Remember(context.Background(), trustsSetting, fingerprint, nil)
}
