package main

import (
	"context"
	"fmt"
	"time"

	"ca-exchange/internal/cli"
	"ca-exchange/internal/component"
	"ca-exchange/internal/inbox"
)

type syncCommand struct {
	exchangeFlag
	metricsFlag
	reportFlag
	Wait        time.Duration `placeholder:"DURATION" help:"Wait at most this long for the answers."`
	AcceptNames bool          `help:"Install a certificate though it has more names than were asked for."`
	Again       bool          `help:"Drop requests again although the outbox says that they are denied or held."`
	Local       bool          `help:"Only finish what was interrupted, without an exchange: for boot."`
	NoHooks     bool          `help:"Leave the hooks to component-admin apply."`
}

func (s *syncCommand) Run(ctx context.Context, a *app) error {
	c, err := a.open()
	if err != nil {
		return err
	}
	defer c.Close()
	defer a.writeMetrics(c, s.metricsFlag)
	if s.Local {
		return a.syncLocal(ctx, c, s)
	}
	options := component.SyncOptions{AcceptNames: s.AcceptNames, Again: s.Again}
	return a.sync(ctx, c, syncRun{
		exchangeFlag: s.exchangeFlag, wait: s.Wait, options: options, noHooks: s.NoHooks, noReport: s.NoReport,
		report: a.encodeProgress,
	})
}

// syncLocal finishes interrupted installations and runs what they owe.
func (a *app) syncLocal(ctx context.Context, c *component.Component, s *syncCommand) error {
	all, err := c.SyncLocal(ctx)
	if err != nil {
		return a.explain(err)
	}
	r := newReport(a)
	for _, out := range all {
		r.progress(out)
	}
	status := statusOf(all)
	if !s.NoHooks {
		status = cli.Worst(status, a.hooks(ctx, c))
	}
	if err := a.encodeProgress(all, nil); err != nil {
		return err
	}
	return cli.ExitWith(status)
}

// syncRun is one command's use of the exchange.
type syncRun struct {
	exchangeFlag
	wait    time.Duration
	options component.SyncOptions
	noHooks bool

	noReport bool
	report   func([]component.Progress, []component.CRLProgress) error // gets how all stand at the end; nil for nobody

	network bool                    // a server has the exchange: set by the look at it
	crls    []component.CRLProgress // set at the end
}

// waitStep is how often a waiting command looks: often at first, when a running watch answers at once.
const waitStep, waitStepMost = 50 * time.Millisecond, 2 * time.Second

// sync does what can be done now and, for as long as it may wait, what can be done then.
func (a *app) sync(ctx context.Context, c *component.Component, run syncRun) error {
	deadline := cli.Now().Add(run.wait)
	r := newReport(a)
	run.options.Losing = r.losing
	for step := waitStep; ; step = min(step*2, waitStepMost) {
		all, err := a.syncOnce(ctx, c, &run)
		if err != nil {
			return err
		}
		run.options.Again = false // once is enough, however long this waits
		for _, out := range all {
			r.progress(out)
		}
		status := statusOf(all)
		final := status == cli.Done || status == cli.Denied || status == cli.Unverified
		if !final && run.wait > 0 {
			r.waiting(all, run.wait)
		}
		if final || cli.Now().Add(step).After(deadline) {
			return a.conclude(ctx, c, run, all)
		}
		select {
		case <-ctx.Done():
			return a.conclude(ctx, c, run, all)
		case <-time.After(step):
		}
	}
}

func (a *app) syncOnce(
	ctx context.Context, c *component.Component, run *syncRun,
) (all []component.Progress, err error) {
	path := run.path(c)
	err = patiently(ctx, path, patience, func(alive func()) error {
		x, err := inbox.Open(path)
		if err != nil {
			return err
		}
		defer x.Close()
		run.options.Alive, run.network = alive, x.Network()
		if all, err = c.Sync(ctx, x, run.options); err != nil {
			return err
		}
		a.synced = true
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

// openOf counts what is open, and of it what the CA has not even read.
func openOf(all []component.Progress) string {
	open, unread := 0, 0
	for _, out := range all {
		if out.Status != component.StatusInstalled {
			open++
		}
		if out.Unread {
			unread++
		}
	}
	switch {
	case open == 0:
		return "nothing is open"
	case unread == 0:
		return fmt.Sprintf("%d of %d open", open, len(all))
	}
	return fmt.Sprintf("%d of %d open, %d still in the inbox: the CA admin has not run ca-admin sync since", open,
		len(all), unread)
}

// conclude takes the issuers' CRLs, for which there is a place now, runs the hooks of what was installed, tells the CA
// what is installed now, and ends with what is open, and with the word that people with a stick in the drive wait for.
func (a *app) conclude(ctx context.Context, c *component.Component, run syncRun, all []component.Progress) error {
	status := cli.Worst(statusOf(all), a.takeCRLs(ctx, c, &run))
	if !run.noHooks {
		status = cli.Worst(status, a.hooks(ctx, c))
	}
	if !run.noReport {
		a.tell(ctx, c, run.path(c))
	}
	line := openOf(all)
	if !run.network {
		line += "; safe to unplug"
	}
	a.Say("%s", line)
	a.warnDue(c)
	status = cli.Worst(status, a.warnCRLs(c))
	if run.report != nil {
		if err := run.report(all, run.crls); err != nil {
			return err
		}
	}
	return cli.ExitWith(status)
}
