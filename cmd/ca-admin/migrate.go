package main

import (
	"context"
	"errors"

	"ca-exchange/internal/ca"
	"ca-exchange/internal/cli"
	"ca-exchange/internal/durable"
	"ca-exchange/internal/ledger"
)

type migrateCommand struct{}

func (m *migrateCommand) Run(_ context.Context, a *app) error {
	copied, err := ca.Migrate(a.dir, a.settings(), a.migrating())
	switch {
	case errors.Is(err, ledger.ErrMigrated):
		a.Say("the ledger is of this version already")
		return nil
	case errors.Is(err, durable.ErrLocked):
		return cli.Hint(err, "end the running ca-admin watch, then run this again")
	case errors.Is(err, ledger.ErrConflict):
		return cli.Hint(err, "another ca-admin wrote to the ledger: run this again")
	case err != nil:
		return a.explainOpen(err)
	}
	a.Say("migrated the ledger to version 2; the ledger as it was: %s", copied)
	a.Say("keep that copy until `ca-admin verify` has passed and a backup of the new ledger exists")
	return nil
}

// migrating shows each step on a line of its own, and how far a long one is.
func (a *app) migrating() ledger.Progress {
	bar, last := a.Progress("certificates"), ""
	return func(step string, done, total int64) {
		if total > 0 && bar != nil {
			bar(int(done), int(total))
		}
		if step != last {
			a.Say("%s…", step)
		}
		last = step
	}
}
