package main

import (
	"context"
	"time"

	"ca-exchange/internal/cli"
	"ca-exchange/internal/component"
	"ca-exchange/internal/inbox"
)

type syncCommand struct {
	exchangeFlag
	Wait        time.Duration `placeholder:"10m" help:"Wait for the answers, so long at most."`
	AcceptNames bool          `help:"Install a certificate though it has more names than were asked for."`
	Again       bool          `help:"Drop requests again although the outbox says that they are denied or held."`
	Local       bool          `help:"Only finish what was interrupted, without an exchange: for boot."`
}

func (s *syncCommand) Run(ctx context.Context, a *app) error {
	c, err := a.open()
	if err != nil {
		return err
	}
	defer c.Close()
	if s.Local {
		return a.syncLocal(ctx, c)
	}
	return a.sync(ctx, c, s.exchangeFlag, s.Wait, component.SyncOptions{AcceptNames: s.AcceptNames, Again: s.Again})
}

// syncLocal finishes interrupted installations.
func (a *app) syncLocal(ctx context.Context, c *component.Component) error {
	all, err := c.SyncLocal(ctx)
	if err != nil {
		return a.explain(err)
	}
	r := newReport(a)
	for _, out := range all {
		r.progress(out)
	}
	return cli.ExitWith(statusOf(all))
}

// waitStep is how often a waiting command looks: often at first, when a running watch answers at once.
const waitStep, waitStepMost = 50 * time.Millisecond, 2 * time.Second

// sync does what can be done now and, for as long as it may wait, what can be done then.
func (a *app) sync(
	ctx context.Context, c *component.Component, f exchangeFlag, wait time.Duration, o component.SyncOptions,
) error {
	deadline := time.Now().Add(wait)
	r := newReport(a)
	o.Losing = r.losing
	for step := waitStep; ; step = min(step*2, waitStepMost) {
		all, err := a.syncOnce(ctx, c, f, o)
		if err != nil {
			return err
		}
		o.Again = false // once is enough, however long this waits
		for _, out := range all {
			r.progress(out)
		}
		status := statusOf(all)
		final := status == cli.Done || status == cli.Denied || status == cli.Unverified
		if final || time.Now().Add(step).After(deadline) {
			return a.conclude(all, status)
		}
		select {
		case <-ctx.Done():
			return a.conclude(all, status)
		case <-time.After(step):
		}
	}
}

func (a *app) syncOnce(
	ctx context.Context, c *component.Component, f exchangeFlag, o component.SyncOptions,
) (all []component.Progress, err error) {
	path := f.path(c)
	err = patiently(ctx, path, patience, func(alive func()) error {
		x, err := inbox.Open(path)
		if err != nil {
			return err
		}
		defer x.Close()
		o.Alive = alive
		if all, err = c.Sync(ctx, x, o); err != nil {
			return err
		}
		return c.RememberExchange(path)
	})
	return all, a.explain(err)
}

func statusOf(all []component.Progress) cli.Status {
	var statuses []cli.Status
	for _, out := range all {
		switch {
		case out.Status == component.StatusInstalled:
			statuses = append(statuses, cli.Done)
		case out.Problem != nil:
			statuses = append(statuses, cli.Unverified)
		case out.Undropped != nil:
			statuses = append(statuses, cli.Failed)
		case out.Notice != nil && out.Notice.Status == "Denied":
			statuses = append(statuses, cli.Denied)
		default:
			statuses = append(statuses, cli.Unanswered)
		}
	}
	return cli.Worst(statuses...)
}

// conclude ends with what is open, and with the word that people with a stick in the drive wait for.
func (a *app) conclude(all []component.Progress, status cli.Status) error {
	open := 0
	for _, out := range all {
		if out.Status != component.StatusInstalled {
			open++
		}
	}
	if open > 0 {
		a.Say("%d of %d open; safe to unplug", open, len(all))
	} else {
		a.Say("nothing is open; safe to unplug")
	}
	return cli.ExitWith(status)
}
