package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"ca-exchange/internal/ca"
	"ca-exchange/internal/cli"
	"ca-exchange/internal/ledger"
)

type archiveCommand struct {
	Before date   `placeholder:"DATE" help:"Those that ended before this day (UTC), such as 2026-01-31."`
	Out    string `placeholder:"FILE" help:"The file to write. Keep it: the bytes are nowhere else."`
	Attach string `placeholder:"FILE" help:"Take the bytes back from an archive."`
}

// date is a day, as its first second UTC; the zero value is none.
type date time.Time

// UnmarshalText reads 2006-01-02.
func (d *date) UnmarshalText(text []byte) error {
	t, err := time.Parse(time.DateOnly, string(text))
	if err != nil {
		return fmt.Errorf("%q is not a day (example: 2026-01-31)", text)
	}
	*d = date(t)
	return nil
}

// Validate refuses half of a task.
func (c *archiveCommand) Validate() error {
	before := time.Time(c.Before)
	switch {
	case c.Attach != "" && (c.Out != "" || !before.IsZero()):
		return errors.New("--attach takes neither --before nor --out")
	case c.Attach == "" && (c.Out == "" || before.IsZero()):
		return errors.New("--before DATE and --out FILE, or --attach FILE")
	}
	return nil
}

func (c *archiveCommand) Run(ctx context.Context, a *app) error {
	opened, err := a.open()
	if err != nil {
		return err
	}
	defer opened.Close()
	if c.Attach != "" {
		taken, err := opened.Attach(ctx, c.Attach)
		if err != nil {
			return explainArchive(err)
		}
		a.Say("took the bytes of %s back from %q", cli.Count(int(taken.Certificates), "certificate", "certificates"),
			taken.File)
		return nil
	}
	moved, err := opened.Archive(ctx, time.Time(c.Before), c.Out)
	if errors.Is(err, ledger.ErrNothingToArchive) {
		a.Say("no certificate ended before %s whose bytes are in the ledger", time.Time(c.Before).Format(day))
		return nil
	}
	if err != nil {
		return explainArchive(err)
	}
	a.Say("moved the bytes of %s to %q", cli.Count(int(moved.Certificates), "certificate", "certificates"), moved.File)
	a.Say("sha256 %s", moved.SHA256)
	a.Say("keep that file with the backups of the ledger: the bytes are nowhere else")
	return nil
}

func explainArchive(err error) error {
	switch {
	case errors.Is(err, ledger.ErrConflict):
		return cli.Hint(err, "another ca-admin wrote to the ledger: run this again")
	case errors.Is(err, fs.ErrExist):
		return cli.Hint(err, "name a file that does not exist yet")
	case errors.Is(err, ledger.ErrNotArchive):
		return cli.WithStatus(cli.Unverified, err, "`ca-admin verify` lists the archives, with the SHA-256 of each")
	case errors.Is(err, ca.ErrNotPast):
		return cli.WithStatus(cli.Usage, err, "name a day that is over: only certificates that have ended are archived")
	}
	return err
}

// explainArchived says how the bytes come back that a command needs.
func explainArchived(err error) error {
	if archived, ok := errors.AsType[*ledger.Archived](err); ok {
		return cli.Hint(err, fmt.Sprintf("ca-admin archive --attach %q", archived.File))
	}
	return err
}
