package main

import (
	"context"
	"time"

	"ca-exchange/internal/ca"
	"ca-exchange/internal/cli"
	"ca-exchange/internal/inbox"
	"ca-exchange/internal/pass"
)

type syncCommand struct {
	exchangeFlags
	trustFlags
	metricsFlag
	Settle *time.Duration `placeholder:"AGE" help:"Deny entries without an END line that are older than this."`
}

func (s *syncCommand) Run(ctx context.Context, a *app) error {
	c, err := a.open()
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.Unlock(); err != nil {
		return explainRequest(err)
	}
	all, err := a.exchanges(c, s.exchangeFlags)
	if err != nil {
		return err
	}
	statuses := make([]cli.Status, len(all))
	done, served := []passItem{}, false
	numbers := a.metricsWriter(c, s.metricsFlag)
	report := func(x *inbox.Exchange, at pass.Sides, sum pass.Summary) {
		numbers.count(x)
		done = append(done, newPassItem(at.Inbox, sum))
		served = true
	}
	for i, at := range s.accepting(all) {
		if len(all) > 1 {
			a.Say("%s:", at.Inbox)
		}
		if err := s.sync(ctx, a, c, at, report); err != nil {
			statuses[i] = a.Fail(err)
		}
	}
	if served {
		numbers.passed(ctx)
	}
	if a.JSON {
		if err := a.Encode(newList("PassList", done)); err != nil {
			return err
		}
	}
	return cli.ExitWith(cli.Worst(statuses...))
}

func (s *syncCommand) sync(
	ctx context.Context, a *app, c *ca.CA, at pass.Sides, report func(*inbox.Exchange, pass.Sides, pass.Summary),
) error {
	x, err := pass.ServeExchange(ctx, c, at)
	if err != nil {
		return explain(err, at)
	}
	defer x.Close()
	o := pass.Options{Progress: a.Progress("answered"), OpenInbox: at.OpenInbox}
	if s.Settle != nil {
		o.Settle = pass.SettledFor(*s.Settle, cli.Now)
	}
	sum, err := pass.Sync(ctx, c, x, o)
	if err != nil {
		return explain(err, at)
	}
	a.summarize(sum)
	if x.Apart(c.Dir()) {
		a.Say("everything is written; unmount %s before you unplug it", cli.Word(at.Inbox))
	}
	report(x, at, sum)
	if sum.Incomplete+sum.Left+sum.CRLsOwed > 0 {
		return cli.Exit(cli.Unanswered)
	}
	return nil
}

func (a *app) summarize(s pass.Summary) {
	a.Say("issued %d, held %d, denied %d, answered again %d, in %s", s.Issued, s.Held, s.Denied, s.Repeated,
		s.Took.Round(time.Millisecond))
	if s.Held > 0 {
		a.Say("look at what is held: ca-admin pending")
	}
	if s.Incomplete > 0 {
		a.Warn("%s no END line yet; to deny: ca-admin sync --settle 0s",
			cli.Count(s.Incomplete, "entry has", "entries have"))
	}
	if s.Left > 0 {
		a.Warn("%s left unanswered", cli.Count(s.Left, "entry was", "entries were"))
	}
}
