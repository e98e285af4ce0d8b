package ca

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"ca-exchange/internal/durable"
	"ca-exchange/internal/inbox"
	"ca-exchange/internal/kube"
	"ca-exchange/internal/ledger"
	"ca-exchange/internal/pki"
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
	return rules.release, nil
}

// Status is how a CA stands.
type Status struct {
	Trust        string
	Issuers      []pki.Authority
	Exchange     string
	Mode         string // how answers are made durable there
	Pending      int64
	Certificates int64
	Backlog      int      // entries that wait in the inbox
	Problems     []string // what can't be read or written
	Head         ledger.Event
}

// Status looks at the ledger and, where it is at hand, at the exchange.
func (c *CA) Status(ctx context.Context, at Sides) (Status, error) {
	s := Status{Trust: c.trust.Fingerprint, Issuers: c.trust.Authorities, Exchange: at.Inbox}
	var err error
	if s.Pending, s.Certificates, err = c.ledger.Counts(ctx); err != nil {
		return s, err
	}
	if s.Head, err = c.ledger.Head(ctx); err != nil {
		return s, err
	}
	x, err := c.OpenExchange(ctx, at, true)
	if err != nil {
		s.Problems = append(s.Problems, err.Error())
		return s, nil
	}
	defer x.Close()
	watch := x.Watch(inbox.WatchOptions{})
	s.Mode = watch.Mode() + ", " + x.SyncMode()
	for _, err := range x.Entries() {
		if err != nil {
			s.Problems = append(s.Problems, err.Error())
			continue
		}
		s.Backlog++
	}
	return s, watch.Close()
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
