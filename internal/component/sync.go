package component

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"ca-exchange/internal/inbox"
	"ca-exchange/internal/kube"
	"ca-exchange/internal/pki"
	"ca-exchange/internal/refusal"
	"ca-exchange/internal/request"
)

// SyncOptions are a person's word on what may be installed.
type SyncOptions struct{ AcceptNames bool }

// Outcome is how one request stands after a sync. Reason and Message come from the outbox and are unverified hints.
type Outcome struct {
	State
	Dropped  bool            // it was put into the inbox now
	Notice   *refusal.Notice // what the outbox says, if anything
	Problem  error           // why an answer was not installed
	Warnings []string
}

// Sync does all that can be done now: finish what was interrupted, pin the issuers, install what is answered and
// verified, drop what is neither answered nor waiting.
func (c *Component) Sync(ctx context.Context, x *inbox.Exchange, o SyncOptions) ([]Outcome, error) {
	lock, err := c.Lock()
	if err != nil {
		return nil, err
	}
	defer lock.Release()
	trust, err := c.TakeIssuers(x)
	if err != nil && !errors.Is(err, ErrIssuers) {
		return nil, err
	}
	pinned := err == nil
	states, err := c.Requests()
	if err != nil {
		return nil, err
	}
	c.tidy(x, states)
	var outcomes []Outcome
	for _, s := range states {
		if s.Status == StatusSuperseded || s.Status == StatusInstalled {
			continue
		}
		if ctx.Err() != nil {
			return outcomes, ctx.Err()
		}
		out := Outcome{State: s}
		if pinned {
			c.settle(x, trust, o, &out)
		}
		if err := c.remember(&out); err != nil {
			return outcomes, err
		}
		if out.Status == StatusOpen && out.Notice == nil && out.Problem == nil {
			if err := c.drop(x, &out); err != nil {
				out.Problem = err
			}
		}
		outcomes = append(outcomes, out)
	}
	return outcomes, nil
}

// remember keeps what the outbox says of an open request, for status to repeat.
func (c *Component) remember(out *Outcome) error {
	said := ""
	if out.Notice != nil {
		said = out.Notice.Status
	}
	if out.Status != StatusOpen || said == out.Said {
		return nil
	}
	out.Said = said
	return c.setStatus(&out.State, StatusOpen)
}

// settle looks for a request's answer and installs it.
func (c *Component) settle(x *inbox.Exchange, trust pki.Trust, o SyncOptions, out *Outcome) {
	if out.Status == StatusInstalling {
		out.Problem = c.finish(x, &out.State, trust)
		return
	}
	for _, name := range out.answerNames() {
		c.settleUnder(x, trust, name, o, out)
		if out.Status == StatusInstalled {
			out.Notice, out.Problem = nil, nil
			return
		}
	}
}

// answerNames are what a request's answer may be called: another may have had its name before.
func (s State) answerNames() []string { return []string{s.Entry, s.Entry + "." + s.ID[:16]} }

func (c *Component) settleUnder(x *inbox.Exchange, trust pki.Trust, name string, o SyncOptions, out *Outcome) {
	answer, err := x.ReadAnswer("", name+inbox.CertificateSuffix)
	if err != nil {
		out.Problem = err
		return
	}
	if answer.Bytes != nil {
		if out.Problem = c.install(x, out, trust, answer.Bytes, o); out.Problem == nil {
			return
		}
	}
	for _, suffix := range []string{inbox.DeniedSuffix, inbox.HeldSuffix} {
		content, err := x.ReadAnswer("", name+suffix)
		if err != nil || content.Bytes == nil {
			continue
		}
		// Anybody may have written it: one for another request, or none at all, is not even shown.
		if notice, err := refusal.ParseNotice(content.Bytes); err == nil && out.Notice == nil && notice.Request == out.ID {
			out.Notice = &notice
		}
	}
}

// drop puts a request into the inbox, with a new cover where the old one has run out.
func (c *Component) drop(x *inbox.Exchange, out *Outcome) error {
	if c.Now().After(out.Expires) {
		if err := c.cover(out); err != nil {
			return err
		}
	}
	waiting, err := x.Waiting(out.Entry)
	if err != nil || waiting {
		return err
	}
	dir, err := c.request(out.ID)
	if err != nil {
		return err
	}
	defer dir.Close()
	entry, _, err := dir.Read(requestFile, inbox.Limit)
	if err != nil {
		return err
	}
	err = x.Drop(out.Entry, entry)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("somebody else's file lies in the inbox as %s.csr", out.Entry)
	}
	out.Dropped = err == nil
	return err
}

// cover writes a new cover over the same CSR: a new request with the same key.
func (c *Component) cover(out *Outcome) error {
	dir, err := c.request(out.ID)
	if err != nil {
		return err
	}
	defer dir.Close()
	key, req, err := c.read(out.State)
	if err != nil {
		return err
	}
	cover := *req.Cover
	cover.Created = c.Now().UTC().Truncate(time.Second)
	cover.Expires, cover.Nonce = cover.Created.Add(coverLife), nonce()
	entry := request.Encode(&cover, req.CSR.Raw)
	fresh, refusals := request.Parse(entry, nil)
	if fresh == nil {
		return fmt.Errorf("writing a new cover: %s", refusals[0].Code.Meaning())
	}
	old := out.State
	out.State.ID, out.State.Created, out.State.Expires = fresh.ID.String(), cover.Created, cover.Expires
	out.State.Entry = strings.TrimSuffix(out.Entry, old.ID[:16]) + fresh.ID.Short()
	signed, err := c.sign(entry)
	if err != nil {
		return err
	}
	if err := c.keep(out.State, key, signed); err != nil {
		return err
	}
	return c.setStatus(&old, StatusSuperseded)
}

// profile is the profile that a request was made under.
func profileOf(s State) (kube.Profile, error) {
	release, err := kube.ParseRelease(s.Release)
	if err != nil {
		return kube.Profile{}, err
	}
	p, ok := kube.Find(release, s.Profile)
	if !ok {
		return kube.Profile{}, fmt.Errorf("no profile %q in Kubernetes %s", s.Profile, release)
	}
	return p, nil
}
