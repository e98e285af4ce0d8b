package pass

import (
	"context"
	"sync"

	"ca-exchange/internal/ca"
)

// unlock gets the keys that a watch starts with: all, or those that need no passphrase.
func unlock(c *ca.CA, o WatchOptions) error {
	if !o.Locked {
		return c.Unlock()
	}
	err := c.UnlockPlain()
	if absent := c.Absent(); err == nil && len(absent) > 0 {
		c.Log.Warn("keys are locked, and what needs them waits: ca-admin unlock", "issuers", absent)
	}
	return err
}

// serveControl lets the keys be locked and unlocked while a watch runs, until ctx ends. look has all exchanges looked
// at: what waited for a key is signed then.
func serveControl(ctx context.Context, c *ca.CA, o WatchOptions, running *sync.WaitGroup, look func()) error {
	if !o.Control {
		return nil
	}
	control, err := c.Control(look)
	switch {
	case err != nil && o.Locked:
		return err // nobody could unlock it
	case err != nil:
		c.Log.Warn("this watch can be neither locked nor unlocked", "error", err)
		return nil
	}
	running.Go(control.Serve)
	running.Go(func() { <-ctx.Done(); control.Close() })
	return nil
}
