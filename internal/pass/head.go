package pass

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"ca-exchange/internal/ca"
	"ca-exchange/internal/inbox"
)

// headTime is how long an exchange may take to show its head to a command that a person waits for.
const headTime = 5 * time.Second

// CheckHeadAt opens an exchange and looks at its head, as CheckHead does, before a person's decision is signed. An
// exchange that cannot be opened proves nothing. ErrSilent: it does not answer.
func CheckHeadAt(ctx context.Context, c *ca.CA, at Sides) error {
	checked, err := patiently(ctx, at, headTime, func() error {
		x, err := OpenExchange(ctx, c, at.WithOpenInbox())
		if err != nil {
			return nil
		}
		return errors.Join(CheckHead(ctx, c, x), x.Close())
	})
	return cmp.Or(checked, err)
}

// CheckHead returns ca.ErrBehind if the ledger lacks an event that the exchange's head proves (promise P13).
func CheckHead(ctx context.Context, c *ca.CA, x *inbox.Exchange) error {
	_, _, err := readHead(ctx, c, x)
	if errors.Is(err, ca.ErrForeignHead) {
		return nil // the next pass says it
	}
	return err
}

// readHead reads the head that an outbox holds, and then the ledger. there is false where the outbox holds none.
func readHead(ctx context.Context, c *ca.CA, x *inbox.Exchange) (h ca.Head, there bool, err error) {
	content := x.ReadHead()
	switch content.State {
	case inbox.Gone:
		return h, false, nil
	case inbox.Complete:
		h, err = c.CheckHead(ctx, content.Bytes)
		return h, true, err
	}
	return h, true, fmt.Errorf("%w: it cannot be read: %w", ca.ErrForeignHead, content.Unread())
}

// checkHead is CheckHead for a pass. Nobody without the CA directory's secret can make a head that stops it: a missing
// or a foreign one is reported, once, and replaced.
func (p *pass) checkHead(ctx context.Context) error {
	h, there, err := readHead(ctx, p.CA, p.x)
	switch {
	case errors.Is(err, ca.ErrForeignHead):
		p.warnOnce("outbox/head.json was not written by this CA; it will be replaced", err)
	case err != nil:
		return err
	case !there:
		p.warnOnce("outbox/head.json is missing; it will be published with the next answer", fs.ErrNotExist)
	default:
		p.published = h.Sequence
	}
	return nil
}

// headFile is the head that ends a batch: what is published with it is in the ledger up to there. ok is false where the
// outbox has it already.
func (p *pass) headFile(ctx context.Context) (f inbox.File, sequence int64, ok bool, err error) {
	text, sequence, err := p.PresentHead(ctx)
	return inbox.File{Name: inbox.HeadFile, Bytes: text}, sequence, err == nil && sequence != p.published, err
}

// publishHead publishes the head alone: beside no answers, where an exchange is made or its loss was accepted.
func publishHead(ctx context.Context, c *ca.CA, x *inbox.Exchange) error {
	text, _, err := c.PresentHead(ctx)
	if err != nil {
		return err
	}
	outcomes, err := x.Publish([]inbox.File{{Name: inbox.HeadFile, Bytes: text}}, nil)
	if err == nil {
		err = outcomes[0].Err
	}
	return err
}
