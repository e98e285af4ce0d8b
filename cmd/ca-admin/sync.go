package main

import (
	"context"
	"time"

	"ca-exchange/internal/ca"
	"ca-exchange/internal/cli"
)

type syncCommand struct {
	exchangeFlags
	trustFlags
	Settle time.Duration `default:"-1s" placeholder:"AGE" help:"Deny entries without an END line that have not changed for so long; without it they are left."`
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
	x, err := c.OpenExchange(ctx, s.sides(), s.Yes)
	if err != nil {
		return explain(err, s.sides())
	}
	defer x.Close()
	sum, err := c.Sync(ctx, x, s.Settle, a.Progress("answered"))
	if err != nil {
		return explain(err, s.sides())
	}
	a.summarize(sum)
	if sum.Incomplete+sum.Left > 0 {
		return cli.Exit(cli.Unanswered)
	}
	return nil
}

func (a *app) summarize(s ca.Summary) {
	a.Say("issued %d, held %d, denied %d, answered as before %d, in %s", s.Issued, s.Held, s.Denied, s.Repeated, s.Took.Round(time.Millisecond))
	if s.Held > 0 {
		a.Say("look at what is held: ca-admin pending")
	}
	if s.Incomplete > 0 {
		a.Warn("%d entries have no END line yet; to deny them: ca-admin sync --settle 0s", s.Incomplete)
	}
	if s.Left > 0 {
		a.Warn("%d entries were left unanswered", s.Left)
	}
}
