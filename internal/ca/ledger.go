package ca

import (
	"fmt"
	"path/filepath"

	"ca-exchange/internal/durable"
	"ca-exchange/internal/kube"
	"ca-exchange/internal/ledger"
)

// openLedger opens the ledger of a CA directory. SQLite opens by path: the directory is the owner's alone.
func openLedger(dir *durable.Dir, path string) (*ledger.Ledger, error) {
	if _, err := dir.Stat(ledgerFile); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoDirectory, err)
	}
	return ledger.Open(filepath.Join(path, ledgerFile))
}

// Ledger is what was asked, decided and issued: for reading.
func (c *CA) Ledger() *ledger.Ledger { return c.ledger }

// Release is the Kubernetes release that requests are judged by.
func (c *CA) Release() (kube.Release, error) {
	rules, err := c.Rules()
	if err != nil {
		return kube.Release{}, err
	}
	return rules.Release, nil
}
