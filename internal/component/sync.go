package component

import (
	"context"
	"errors"
	"slices"

	"ca-exchange/internal/inbox"
	"ca-exchange/internal/pki"
	"ca-exchange/internal/refusal"
)

// SyncOptions are what a person permits a Sync to do.
type SyncOptions struct {
	AcceptNames bool // a certificate may have more names than were asked for
	Again       bool // requests are dropped again whatever the outbox says of them
	Renew       bool // a denied request for what is installed gets a new cover once a day: a denial delays, no more

	// Alive is called before each request, so that a person who waits for a slow exchange sees progress. It may be nil.
	Alive func()
	// Losing is called before a certificate is installed that lacks a name, an organization or a usage of the one it
	// replaces. It may be nil.
	Losing func(s State, lost []string)
}

// Progress is how one request stands after a sync.
type Progress struct {
	State
	Dropped   bool            // its entry was put into the inbox now
	Unread    bool            // its entry is still in the inbox: the CA has not been there since
	Notice    *refusal.Notice // what the outbox says: an unverified hint; nil for nothing
	Problem   error           // why an answer was not installed
	Undropped error           // why the entry is not in the inbox
	Warnings  []string
}

// Sync does all that can be done now: it completes interrupted installations, pins the issuers, installs verified
// answers, drops requests that are neither answered nor waiting, and withdraws those that are no longer open.
func (c *Component) Sync(ctx context.Context, x *inbox.Exchange, o SyncOptions) ([]Progress, error) {
	lock, err := c.Lock()
	if err != nil {
		return nil, err
	}
	defer lock.Release()
	o = o.complete()
	trust, err := c.TakeIssuers(x)
	if err != nil && !errors.Is(err, ErrIssuers) {
		return nil, err
	}
	pinned := err == nil
	if err := c.updateLocked(func(to *Config) { to.Features = x.Features }); err != nil {
		return nil, err
	}
	states, err := c.current()
	if err != nil {
		return nil, err
	}
	c.tidy(x, states)
	if pinned {
		c.restoreIssuers(trust, states)
	}
	var all []Progress
	for _, s := range states {
		if s.Status != StatusOpen && s.Status != StatusInstalling {
			continue
		}
		if ctx.Err() != nil {
			return all, ctx.Err()
		}
		o.Alive()
		out := Progress{State: s}
		if pinned {
			c.settle(x, trust, o, &out)
		}
		if err := c.advance(x, o, &out); err != nil {
			return all, err
		}
		all = append(all, out)
	}
	return all, nil
}

// complete fills in what nobody asked for.
func (o SyncOptions) complete() SyncOptions {
	if o.Alive == nil {
		o.Alive = func() {}
	}
	if o.Losing == nil {
		o.Losing = func(State, []string) {}
	}
	return o
}

// SyncLocal completes interrupted installations, of CRLs, too. It needs no exchange, so a host can run it at boot,
// before the components read their files.
func (c *Component) SyncLocal(ctx context.Context) ([]Progress, error) {
	lock, err := c.Lock()
	if err != nil {
		return nil, err
	}
	defer lock.Release()
	all, err := c.finishInterrupted(ctx)
	if err != nil {
		return all, err
	}
	return all, c.finishCRLs()
}

func (c *Component) finishInterrupted(ctx context.Context) (all []Progress, err error) {
	states, err := c.Requests()
	if err != nil {
		return nil, err
	}
	for _, s := range states {
		if s.Status != StatusInstalling {
			continue
		}
		if ctx.Err() != nil {
			return all, ctx.Err()
		}
		trust, err := c.Issuers()
		if err != nil {
			return all, err
		}
		out := Progress{State: s}
		out.Problem = c.finish(&out.State, trust)
		all = append(all, out)
	}
	return all, nil
}

// current lists all requests, after saying of each what a killed process left unsaid: one that a newer cover of the
// same CSR names as former is superseded, and of two certificates installed in one place the older one is replaced.
func (c *Component) current() ([]State, error) {
	states, err := c.Requests()
	if err != nil {
		return nil, err
	}
	if err := c.setStatuses(replaced(states), StatusReplaced); err != nil {
		return nil, err
	}
	former := formerOf(states)
	superseded := slices.DeleteFunc(slices.Clone(states), func(s State) bool {
		return s.Status != StatusOpen || !former[s.ID]
	})
	if err := c.setStatuses(superseded, StatusSuperseded); err != nil {
		return nil, err
	}
	return c.Requests()
}

// advance does what an open request still needs, and clears away what an installed one left.
func (c *Component) advance(x *inbox.Exchange, o SyncOptions, out *Progress) error {
	if out.Status != StatusOpen {
		removeAnswers(x, out.State)
		if err := c.tidyState(x, out.State); err != nil {
			c.Log.Warn("clearing away an installed request", "error", err)
		}
		return x.SyncOutbox()
	}
	if err := c.remember(out); err != nil {
		return err
	}
	out.Undropped = c.drop(x, out, o)
	return nil
}

// remember keeps what the outbox says of an open request, for status to repeat.
func (c *Component) remember(out *Progress) error {
	said := ""
	if out.Notice != nil {
		said = out.Notice.Status
	}
	if said == out.Said {
		return nil
	}
	out.Said = said
	return c.save(out.State)
}

// settle looks for a request's answer and installs it.
func (c *Component) settle(x *inbox.Exchange, trust pki.Trust, o SyncOptions, out *Progress) {
	if out.Status == StatusInstalling {
		out.Problem = c.finish(&out.State, trust)
		return
	}
	answers, err := out.certificates(x)
	out.Problem = err
	for _, answer := range answers {
		if out.Problem = c.install(out, trust, answer, o); out.Problem == nil {
			return
		}
	}
	if entry, err := c.entry(out.State); err == nil {
		out.Notice = out.notice(x, entry)
	}
}
