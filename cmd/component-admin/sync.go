package main

import (
	"context"
	"time"

	"ca-exchange/internal/cli"
	"ca-exchange/internal/component"
	"ca-exchange/internal/refusal"
)

type syncCommand struct {
	exchangeFlag
	Wait        time.Duration `placeholder:"10m" help:"Wait for the answers, so long at most."`
	AcceptNames bool          `help:"Install a certificate though it has more names than were asked for."`
}

func (s *syncCommand) Run(ctx context.Context, a *app) error {
	c, err := a.open()
	if err != nil {
		return err
	}
	defer c.Close()
	return a.sync(ctx, c, s.exchangeFlag, s.Wait, component.SyncOptions{AcceptNames: s.AcceptNames})
}

// waitStep is how often a waiting command looks: often at first, when a running watch answers at once.
const waitStep, waitStepMost = 50 * time.Millisecond, 2 * time.Second

// sync does what can be done now and, for as long as it may wait, what can be done then.
func (a *app) sync(ctx context.Context, c *component.Component, f exchangeFlag, wait time.Duration, o component.SyncOptions) error {
	deadline := time.Now().Add(wait)
	said := map[string]string{}
	for step := waitStep; ; step = min(step*2, waitStepMost) {
		outcomes, err := a.syncOnce(ctx, c, f, o)
		if err != nil {
			return err
		}
		for _, out := range outcomes {
			a.report(out, said)
		}
		status := statusOf(outcomes)
		if status == cli.Done || status == cli.Denied || status == cli.Unverified || time.Now().Add(step).After(deadline) {
			return a.conclude(outcomes, status, wait)
		}
		select {
		case <-ctx.Done():
			return a.conclude(outcomes, status, wait)
		case <-time.After(step):
		}
	}
}

func (a *app) syncOnce(ctx context.Context, c *component.Component, f exchangeFlag, o component.SyncOptions) ([]component.Outcome, error) {
	x, err := f.open(c)
	if err != nil {
		return nil, err
	}
	defer x.Close()
	outcomes, err := c.Sync(ctx, x, o)
	return outcomes, explain(err)
}

// report says what is new about a request; said remembers it while waiting.
func (a *app) report(out component.Outcome, said map[string]string) {
	for _, w := range out.Warnings {
		a.Warn("%s: %s", out.Profile, w)
	}
	state := out.Status
	switch {
	case out.Status == component.StatusInstalled:
		if said[out.ID] != state {
			a.Say("installed %s, valid until %s", out.Files.Place(), out.NotAfter.Format("2006-01-02"))
		}
	case out.Problem != nil:
		if state = out.Problem.Error(); said[out.ID] != state {
			a.Warn("%s: not installed: %v", out.Profile, out.Problem)
		}
	case out.Notice != nil:
		if state = out.Notice.Status + out.Notice.Reason; said[out.ID] != state {
			a.notice(out)
		}
	case out.Dropped:
		a.Say("dropped %s.csr into the inbox", out.Entry)
	}
	said[out.ID] = state
}

// notice passes on what the outbox says. Anybody can write there, so its words are quoted, and the hints are our own.
func (a *app) notice(out component.Outcome) {
	a.Say("%s: the outbox says (unverified): %s, %s", out.Profile, out.Notice.Status, refusal.Quote(out.Notice.Message))
	for _, r := range out.Notice.Refusals {
		if hint := r.Code.Hint(); hint != "" {
			a.Hint("%s: %s", r.Code, hint)
		}
	}
	if out.Notice.Status == "Held" {
		a.Hint("the CA admin decides with: ca-admin approve %s", out.ID[:16])
	}
}

func statusOf(outcomes []component.Outcome) cli.Status {
	var all []cli.Status
	for _, out := range outcomes {
		switch {
		case out.Status == component.StatusInstalled:
			all = append(all, cli.Done)
		case out.Problem != nil:
			all = append(all, cli.Unverified)
		case out.Notice != nil && out.Notice.Status == "Denied":
			all = append(all, cli.Denied)
		default:
			all = append(all, cli.Unanswered)
		}
	}
	return cli.Worst(all...)
}

// conclude ends with what is open, and with the word that people with a stick in the drive wait for.
func (a *app) conclude(outcomes []component.Outcome, status cli.Status, wait time.Duration) error {
	open := 0
	for _, out := range outcomes {
		if out.Status != component.StatusInstalled {
			open++
		}
	}
	switch {
	case open > 0:
		a.Say("%d of %d open; safe to unplug", open, len(outcomes))
	default:
		a.Say("nothing is open; safe to unplug")
	}
	return cli.ExitWith(status)
}
