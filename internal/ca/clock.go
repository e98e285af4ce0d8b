package ca

import (
	"context"
	"errors"
	"fmt"
	"time"

	"ca-exchange/internal/ledger"
)

// ErrClock says that the clock is behind the ledger: certificates would be backdated and records misordered.
var ErrClock = errors.New("the clock is behind the ledger")

// clockTolerance is how far behind the newest record the clock may be: NTP steps, no more.
const clockTolerance = 5 * time.Minute

// CheckClock stops a CA whose clock went back (promise P8).
func (c *CA) CheckClock(ctx context.Context) error {
	newest, err := c.ledger.Newest(ctx)
	if err != nil {
		return err
	}
	if now := c.Now(); newest.After(now.Add(clockTolerance)) {
		return fmt.Errorf("%w: the time is %s, the newest record is from %s",
			ErrClock, now.UTC().Format(time.RFC3339), newest.Format(time.RFC3339))
	}
	return nil
}

// AcceptClock records that a person says the clock is right.
func (c *CA) AcceptClock(ctx context.Context) error {
	return c.ledger.Append(ctx, ledger.Event{Time: c.Now(), Kind: ledger.EventClockAccepted, Detail: person()})
}
