package component

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"time"

	"ca-exchange/internal/inbox"
	"ca-exchange/internal/request"
)

// again is how long a word of the outbox holds up a request: anybody can write there, so a forged denial costs a day.
const again = 24 * time.Hour

// clockTolerance is how far a cover may lie in this host's future: its clock was set back since.
const clockTolerance = 10 * time.Minute

// mayDrop reports whether a request that is still open belongs into the inbox now: at once where the outbox says
// nothing of it, else once a day, or when a person asks for it.
func (c *Component) mayDrop(out *Progress, o SyncOptions) bool {
	if out.Status != StatusOpen {
		return false
	}
	silent := out.Notice == nil && out.Problem == nil
	return silent || o.Again || c.Now().Sub(out.Asked) >= again
}

// mayAskAfresh reports whether a renewal that was denied gets a new cover, and so another decision: once a day.
func (c *Component) mayAskAfresh(out *Progress) bool {
	denied := out.Notice != nil && out.Notice.Status == "Denied"
	_, err := c.leaf(out.Files)
	return denied && err == nil && c.Now().Sub(out.Asked) >= again
}

// drop puts a request into the inbox, with a new cover where the old one would be denied now.
func (c *Component) drop(x *inbox.Exchange, out *Progress, o SyncOptions) error {
	stale, err := c.stale(out.State)
	if err != nil {
		return err
	}
	if stale || o.Renew && c.mayAskAfresh(out) {
		if err := c.recover(x, out); err != nil {
			return err
		}
	} else if !c.mayDrop(out, o) {
		return nil
	}
	entry, err := c.entry(out.State)
	if err != nil {
		return err
	}
	out.Unread, err = x.Waiting(out.Entry, entry)
	if err != nil || out.Unread {
		return err
	}
	if err := x.Drop(out.Entry, entry); err != nil {
		return err
	}
	out.Dropped = true
	out.Asked = c.Now().UTC().Truncate(time.Second)
	return c.save(out.State)
}

// entry reads a request's bytes as they go into the inbox.
func (c *Component) entry(s State) ([]byte, error) {
	dir, err := c.request(s.ID)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	entry, _, err := dir.Read(requestFile, inbox.Limit)
	return entry, err
}

// stale reports whether a request's cover would be denied for what has changed on this host since: its time has run
// out, the clock was set back, the requester has another name or another key, another CA is trusted.
func (c *Component) stale(s State) (bool, error) {
	entry, err := c.entry(s)
	if err != nil {
		return false, err
	}
	req, refusals := request.Parse(entry, nil)
	if req == nil || req.Cover == nil {
		return false, fmt.Errorf("reading request %s: %w", s.ID[:16], refusedBy(refusals))
	}
	// Without an identity no new cover could be signed, and the old one is as good as it was.
	id, err := c.Identity()
	if err == nil && (req.Signature == nil || !bytes.Equal(req.Signature.Key.Marshal(), id.Public.Marshal())) {
		return true, nil
	}
	now := c.Now()
	return now.After(req.Cover.Expires) || req.Cover.Created.After(now.Add(clockTolerance)) ||
		req.Cover.Requester != c.Name || req.Cover.Trust != c.Trust, nil
}

// maxFormer is how many earlier covers of a request are remembered.
const maxFormer = 8

// recover writes a new cover over the same CSR: a new request with the same key. The answer of the old one is still
// taken; its entry is withdrawn.
func (c *Component) recover(x *inbox.Exchange, out *Progress) error {
	key, req, err := c.read(out.State)
	if err != nil {
		return err
	}
	cover := *req.Cover
	cover.Requester, cover.Trust = c.Name, c.Trust
	cover.Created = c.Now().UTC().Truncate(time.Second)
	cover.Expires, cover.Nonce = cover.Created.Add(coverLife), nonce()
	entry := request.Encode(&cover, req.CSR.Raw)
	fresh, refusals := request.Parse(entry, nil)
	if fresh == nil {
		return fmt.Errorf("writing a new cover: %w", refusedBy(refusals))
	}
	signed, err := c.sign(entry)
	if err != nil {
		return err
	}
	old, next := out.State, out.State
	next.ID, next.Created, next.Expires, next.Said = fresh.ID.String(), cover.Created, cover.Expires, ""
	next.Entry = strings.TrimSuffix(old.Entry, old.ID[:16]) + fresh.ID.Short()
	next.Former = append(next.Former[max(0, len(next.Former)-maxFormer+1):len(next.Former):len(next.Former)],
		Former{old.ID, old.Entry})
	if err := c.keep(next, key, signed); err != nil {
		return err
	}
	out.State, out.Notice, out.Problem = next, nil, nil
	old.Status = StatusSuperseded
	return errors.Join(c.save(old), c.withdraw(x, old))
}

// withdraw takes a request that nobody waits for out of the inbox.
func (c *Component) withdraw(x *inbox.Exchange, s State) error {
	entry, err := c.entry(s)
	if err != nil {
		return existing(err)
	}
	return x.Withdraw(s.Entry, entry)
}
