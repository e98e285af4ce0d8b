package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"ca-exchange/internal/cli"
	"ca-exchange/internal/component"
	"ca-exchange/internal/durable"
	"ca-exchange/internal/inbox"
)

type installCommand struct {
	File        string `arg:"" help:"The certificate as the CA admin sent it; - for standard input."`
	Request     string `arg:"" help:"The request's id, its entry's name, or the file it is for."`
	Issuers     string `placeholder:"FILE" help:"The CA's issuers.pem, where this host has not seen it yet."`
	AcceptNames bool   `help:"Install a certificate though it has more names than were asked for."`
	NoHooks     bool   `help:"Leave the hooks to component-admin apply."`
}

func (i *installCommand) Run(ctx context.Context, a *app) error {
	answer, err := a.readFile(i.File)
	if err != nil {
		return err
	}
	c, err := a.open()
	if err != nil {
		return err
	}
	defer c.Close()
	if i.Issuers != "" {
		issuers, err := a.readFile(i.Issuers)
		if err != nil {
			return err
		}
		if err := c.BelieveIssuers(issuers); err != nil {
			return a.explain(err)
		}
	}
	s, err := c.Find(i.Request)
	if err != nil {
		return a.explainFind(err)
	}
	if s.Status == component.StatusInstalled {
		return cli.Hint(fmt.Errorf("%s is installed already, and no request is open for it", s.Files.Place()),
			"ask for its successor: component-admin renew "+s.Profile+" --now")
	}
	r := newReport(a)
	out, err := c.Install(s, answer, component.SyncOptions{AcceptNames: i.AcceptNames, Losing: r.losing})
	if errors.Is(err, component.ErrIssuers) {
		return cli.WithStatus(cli.Unanswered, errors.New("this host has not seen the CA's issuers yet"),
			"ask the CA admin for outbox/issuers.pem: component-admin install FILE ID --issuers issuers.pem")
	}
	if err != nil {
		return cli.WithStatus(cli.Unverified, fmt.Errorf("%s: not installed: %w", s.Files.Place(), err))
	}
	r.progress(out)
	status := cli.Done
	if !i.NoHooks {
		status = a.hooks(ctx, c)
	}
	if err := a.encodeProgress([]component.Progress{out}); err != nil {
		return err
	}
	return cli.ExitWith(status)
}

// readFile reads a file that somebody sent as carefully as one from an exchange: no link, no FIFO, at most 64 KiB.
func (a *app) readFile(file string) ([]byte, error) {
	if file == "-" {
		b, err := io.ReadAll(io.LimitReader(a.In, inbox.Limit+1))
		if err == nil && len(b) > inbox.Limit {
			err = fmt.Errorf("standard input: %w", durable.ErrTooLarge)
		}
		return b, err
	}
	dir, err := durable.Open(filepath.Dir(file))
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	b, _, err := dir.Read(filepath.Base(file), inbox.Limit)
	return b, err
}
