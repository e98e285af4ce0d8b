package main

import (
	"context"
	"errors"
	"time"

	"ca-exchange/internal/ca"
	"ca-exchange/internal/cli"
	"ca-exchange/internal/pass"
)

type watchCommand struct {
	exchangeFlags
	trustFlags
	Poll     time.Duration `default:"5s" help:"How often to look in any case."`
	NoEvents bool          `help:"Only poll."`
	Settle   time.Duration `default:"10m" help:"Deny an entry without an END line after so long without change."`
}

func (w *watchCommand) Run(ctx context.Context, a *app) error {
	c, err := a.open()
	if err != nil {
		return err
	}
	defer c.Close()
	all, err := a.exchanges(c, w.exchangeFlags)
	if err != nil {
		return err
	}
	err = pass.Watch(ctx, c, pass.WatchOptions{
		Exchanges: w.accepting(all), Poll: max(w.Poll, 10*time.Millisecond), NoEvents: w.NoEvents, Settle: w.Settle,
		Progress: a.Progress("answered"),
	})
	if errors.Is(err, ca.ErrLocked) {
		return cli.Hint(err, "another `ca-admin watch` serves this CA directory; one-off commands run beside it")
	}
	return explain(explainRequest(err), all[0])
}
