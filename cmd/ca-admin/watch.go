package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"
	"time"

	"ca-exchange/internal/ca"
	"ca-exchange/internal/cli"
	"ca-exchange/internal/pass"
)

type watchCommand struct {
	exchangeFlags
	trustFlags
	metricsFlag
	Locked   bool          `help:"Start without a passphrase; sign nothing that needs one until ca-admin unlock."`
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
	a.Timed = true
	err = pass.Watch(ctx, c, pass.WatchOptions{
		Exchanges: w.accepting(all), Poll: max(w.Poll, 10*time.Millisecond), NoEvents: w.NoEvents, Settle: w.Settle,
		Control: true, Locked: w.Locked,
		Progress: a.Progress("answered"), Service: service(), Passed: a.metricsWriter(c, w.metricsFlag).served,
	})
	if errors.Is(err, ca.ErrLocked) {
		return cli.Hint(err, "another `ca-admin watch` serves this CA directory; one-off commands run beside it")
	}
	return explain(explainRequest(err), all[0])
}

// service is the service manager that started this watch. Only for one is SIGHUP a wish to look now: a watch on a
// terminal ends with it.
func service() (s pass.Service) {
	manager := cli.ServiceManager()
	if manager.Notify == nil {
		return s
	}
	reload := make(chan os.Signal, 1)
	signal.Notify(reload, syscall.SIGHUP)
	return pass.Service{Notify: manager.Notify, Beat: manager.Beat, Reload: reload}
}
