package ca

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

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

// Certificates lists certificates that have not ended, or all; expiring limits them to those that end within it.
func (c *CA) Certificates(ctx context.Context, expiring time.Duration, all bool) ([]ledger.Certificate, error) {
	from, until := c.Now(), time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
	if expiring > 0 {
		until = from.Add(expiring)
	}
	if all {
		from = time.Time{}
	}
	var found []ledger.Certificate
	for k, err := range c.ledger.Certificates(ctx, from, until) {
		if err != nil {
			return nil, err
		}
		found = append(found, k)
	}
	return found, nil
}
