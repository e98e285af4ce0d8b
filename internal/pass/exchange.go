package pass

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"ca-exchange/internal/ca"
	"ca-exchange/internal/inbox"
	"ca-exchange/internal/request"
)

// ErrOpenInbox: everybody may write to an inbox whose unsigned requests are issued.
var ErrOpenInbox = errors.New("unsigned requests are issued, and everybody may write to the inbox")

// MakeExchange makes or repairs an exchange for this CA and puts the issuers into its outbox.
func MakeExchange(c *ca.CA, path string, groupID int) (*inbox.Exchange, error) {
	rules, err := c.Rules()
	if err != nil {
		return nil, err
	}
	x, err := inbox.Create(path, inbox.Options{
		Trust: c.Trust().Fingerprint, GroupID: groupID, Private: groupID == 0 && rules.Policy.Config().Unsigned != nil,
	})
	if err != nil {
		return nil, err
	}
	x.HoldsKey = request.HoldsPrivateKey
	err = publishTrust(c, x, rules)
	// The pass that would replace a head looks at the one that is there.
	if err == nil && x.ReadHead().State == inbox.Gone {
		err = publishHead(context.Background(), c, x)
	}
	if err == nil {
		if err = PublishCRLs(context.Background(), c, x); errors.Is(err, ca.ErrBehind) {
			err = nil // the first pass reports it
		}
	}
	if err == nil {
		err = remember(c, x, Sides{Inbox: path, Outbox: path})
	}
	if err != nil {
		return nil, errors.Join(err, x.Close())
	}
	return x, nil
}

// remember makes an exchange one of those that are served without being named.
func remember(c *ca.CA, x *inbox.Exchange, at Sides) error {
	here, err := recognise(c, x, at)
	if err != nil {
		return err
	}
	return c.Remember(here)
}

// ServeExchange is OpenExchange for commands that answer the exchange's requests: the CA also remembers the exchange.
func ServeExchange(ctx context.Context, c *ca.CA, at Sides) (*inbox.Exchange, error) {
	x, err := OpenExchange(ctx, c, at)
	if err != nil {
		return nil, err
	}
	if err := remember(c, x, at); err != nil {
		return nil, errors.Join(err, x.Close())
	}
	return x, nil
}

// OpenExchange opens an exchange and refuses one of another CA, and one in which anybody could ask for anything.
func OpenExchange(ctx context.Context, c *ca.CA, at Sides) (*inbox.Exchange, error) {
	x, err := inbox.OpenSides(at.Inbox, at.Outbox)
	if err != nil {
		return nil, err
	}
	x.HoldsKey = request.HoldsPrivateKey
	err = accept(ctx, c, x, at)
	if err == nil {
		_, err = recognise(c, x, at)
	}
	if err != nil {
		return nil, errors.Join(err, x.Close())
	}
	return x, nil
}

// Sides are the directories that hold the exchange's two sides: mostly one and the same.
type Sides struct {
	Inbox, Outbox string
	OpenInbox     bool // a person accepts an inbox that everybody may write to, although unsigned requests are issued
}

// WithOpenInbox also accepts an inbox that everybody may write to: for commands that sign no request of the inbox.
func (s Sides) WithOpenInbox() Sides {
	s.OpenInbox = true
	return s
}

func accept(ctx context.Context, c *ca.CA, x *inbox.Exchange, at Sides) error {
	trusts, err := c.Trusts(ctx)
	if err != nil {
		return err
	}
	waited, err := c.Serves(x.ID)
	if err != nil {
		return err
	}
	if waited = waited && x.Trust == ""; !waited && !slices.Contains(trusts, x.Trust) {
		return fmt.Errorf("%w: %q names trust %s, this CA has %s", inbox.ErrTrust, x.Path(), x.Trust,
			c.Trust().Fingerprint)
	}
	rules, err := c.Rules()
	if err != nil {
		return err
	}
	if rules.Policy.Config().Unsigned == nil || at.OpenInbox {
		return nil
	}
	if open, err := x.WorldWritable(""); err != nil || !open {
		return err
	}
	return fmt.Errorf("%w: %q", ErrOpenInbox, x.Path())
}
