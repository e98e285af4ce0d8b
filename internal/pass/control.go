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

// openControl opens the socket by which the keys are locked and unlocked while a watch runs; nil where there is none.
// Whoever asks before it is served waits.
func openControl(c *ca.CA, o WatchOptions) (*ca.Control, error) {
	if !o.Control {
		return nil, nil
	}
	control, err := c.Control()
	switch {
	case err != nil && o.Locked:
		return nil, err // nobody could unlock it
	case err != nil:
		c.Log.Warn("this watch can be neither locked nor unlocked", "error", err)
		return nil, nil
	}
	return control, nil
}

// serveControl answers on the socket until ctx ends. look has all exchanges looked at: what waited for a key is signed
// then.
func serveControl(ctx context.Context, control *ca.Control, running *sync.WaitGroup, look func()) {
	if control == nil {
		return
	}
	running.Go(func() { control.Serve(look) })
	running.Go(func() { <-ctx.Done(); control.Close() })
}
