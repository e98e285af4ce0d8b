package ca

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"ca-exchange/internal/durable"
	"ca-exchange/internal/inbox"
	"ca-exchange/internal/pki"
)

// ErrOpenInbox says that everybody may write to an inbox whose unsigned requests are issued.
var ErrOpenInbox = errors.New("unsigned requests are issued, and everybody may write to the inbox")

// MakeExchange makes or repairs an exchange for this CA and puts the issuers into its outbox.
func (c *CA) MakeExchange(path string, groupID int) (*inbox.Exchange, error) {
	rules, err := c.Rules()
	if err != nil {
		return nil, err
	}
	x, err := inbox.Create(path, inbox.Options{
		Trust: c.trust.Fingerprint, GroupID: groupID, Private: groupID == 0 && rules.policy.Config().Unsigned != nil,
	})
	if err != nil {
		return nil, err
	}
	if err := c.publishTrust(x, c.Log.Warn); err != nil {
		return nil, errors.Join(err, x.Close())
	}
	return x, nil
}

// OpenExchange opens an exchange and refuses one of another CA, and one in which anybody could ask for anything.
func (c *CA) OpenExchange(ctx context.Context, at Sides, trustEverybody bool) (*inbox.Exchange, error) {
	x, err := inbox.OpenSides(at.Inbox, at.Outbox)
	if err != nil {
		return nil, err
	}
	if err := c.accept(ctx, x, trustEverybody); err != nil {
		return nil, errors.Join(err, x.Close())
	}
	return x, nil
}

// Sides are the directories that hold the exchange's two sides: mostly one and the same.
type Sides struct{ Inbox, Outbox string }

func (c *CA) accept(ctx context.Context, x *inbox.Exchange, trustEverybody bool) error {
	former, err := c.ledger.Setting(ctx, trustsSetting)
	if err != nil {
		return err
	}
	if !slices.Contains(c.trusts(splitTrusts(former)), x.Trust) {
		return fmt.Errorf("%w: %q names trust %s, this CA is %s", inbox.ErrTrust, x.Path(), x.Trust, c.trust.Fingerprint)
	}
	rules, err := c.Rules()
	if err != nil {
		return err
	}
	if rules.policy.Config().Unsigned == nil || trustEverybody {
		return nil
	}
	if open, err := x.WorldWritable(); err != nil || !open {
		return err
	}
	return fmt.Errorf("%w: %q", ErrOpenInbox, x.Path())
}

// Sync answers everything an exchange holds now. settle is how long an entry without END line may stay unchanged, by
// its modification time; negative: it is left for ever.
func (c *CA) Sync(ctx context.Context, x *inbox.Exchange, settle time.Duration, progress Progress) (Summary, error) {
	p := c.newPass(x, progress)
	p.settle = func(_ inbox.Entry, content inbox.Content) bool {
		return settle >= 0 && c.Now().Sub(content.Stat.Modified) >= settle
	}
	return p.run(ctx)
}

func (c *CA) newPass(x *inbox.Exchange, progress Progress) *pass {
	return &pass{CA: c, x: x, memory: newMemory(), flying: map[pki.ID]bool{}, progress: progress}
}

// run is a whole pass: the rules as they are now, what is owed, what has come.
func (p *pass) run(ctx context.Context) (Summary, error) {
	if err := p.checkClock(ctx); err != nil {
		return Summary{}, err
	}
	rules, err := p.Rules()
	if err != nil {
		if rules == nil {
			return Summary{}, err
		}
		// The rules before stay in force: a typo must not stop a running CA, nor open it.
		p.warnOnce("rules", "the policy can't be read; going on with the one before", err)
	}
	p.rules = rules
	if err := p.recover(ctx); err != nil {
		return Summary{}, err
	}
	return p.serve(ctx)
}

// Lock makes this process the one that watches; ErrLocked names the other.
func (c *CA) Lock() (*durable.Lock, error) { return c.dir.Lock(lockFile) }
