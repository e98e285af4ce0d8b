package ca

import (
	"context"
	"errors"
	"fmt"
	"time"

	"ca-exchange/internal/ledger"
)

// ErrNotPast means that certificates would be archived that have not ended.
var ErrNotPast = errors.New("that day is not over")

// Archive moves the bytes of the certificates that ended before a time to a new file (ledger.Archive).
func (c *CA) Archive(ctx context.Context, before time.Time, path string) (ledger.Archive, error) {
	if err := c.CheckClock(ctx); err != nil {
		return ledger.Archive{}, err
	}
	if now := c.Now(); before.After(now) {
		return ledger.Archive{}, fmt.Errorf("archiving what ended before %s: %w: it is %s",
			before.Format(time.DateOnly), ErrNotPast, now.UTC().Format(time.DateOnly))
	}
	return c.ledger.Archive(ctx, path, before, c.Now())
}

// Attach takes the bytes of an archive back (ledger.Attach).
func (c *CA) Attach(ctx context.Context, path string) (ledger.Archive, error) {
	if err := c.CheckClock(ctx); err != nil {
		return ledger.Archive{}, err
	}
	return c.ledger.Attach(ctx, path, c.Now())
}
