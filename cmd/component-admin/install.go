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
	"ca-exchange/internal/pki"
)

type installCommand struct {
	File        string `arg:"" help:"The certificate or CRL as the CA admin sent it; - for standard input."`
	Request     string `arg:"" optional:"" help:"A certificate's request: its id, its entry's name, or its file."`
	Issuers     string `placeholder:"FILE" help:"The CA's issuers.pem, where this host has not seen it yet."`
	AcceptNames bool   `help:"Install a certificate though it has more names than were asked for."`
	NoHooks     bool   `help:"Leave the hooks to component-admin apply."`
}

func (i *installCommand) Run(ctx context.Context, a *app) error {
	answer, err := a.readFile(i.File, mailLimit)
	if err != nil {
		return err
	}
	c, err := a.open()
	if err != nil {
		return err
	}
	defer c.Close()
	if i.Issuers != "" {
		issuers, err := a.readFile(i.Issuers, inbox.Limit)
		if err != nil {
			return err
		}
		if err := c.BelieveIssuers(issuers); err != nil {
			return a.explain(err)
		}
	}
	if list, ok := crlIn(answer); ok {
		return i.installCRL(ctx, a, c, list)
	}
	if len(answer) > inbox.Limit {
		return fmt.Errorf("%q: %w", i.File, durable.ErrTooLarge)
	}
	if i.Request == "" {
		return cli.WithStatus(cli.Usage, fmt.Errorf("%q is not a CRL, so its request has to be named", i.File),
			"component-admin install "+cli.Word(i.File)+" ID; `component-admin status` shows the ids")
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
	if err := a.encodeProgress([]component.Progress{out}, nil); err != nil {
		return err
	}
	return cli.ExitWith(status)
}

// installCRL installs a CRL. Which issuer it is of, its signature says.
func (i *installCommand) installCRL(ctx context.Context, a *app, c *component.Component, list []byte) error {
	all, err := c.InstallCRL(list)
	switch {
	case errors.Is(err, component.ErrUnpinned), errors.Is(err, component.ErrIssuers):
		return a.explain(err)
	case errors.Is(err, component.ErrNoCRLPlace):
		return err
	case err != nil:
		return cli.WithStatus(cli.Unverified, fmt.Errorf("the CRL was not installed: %w", err))
	}
	status := cli.Worst(a.reportCRLs(all), a.warnCRLs(c))
	if !i.NoHooks {
		status = cli.Worst(status, a.hooks(ctx, c))
	}
	if err := a.encodeProgress(nil, all); err != nil {
		return err
	}
	return cli.ExitWith(status)
}

// crlIn is the DER of a CRL in PEM or DER; false for anything else.
func crlIn(text []byte) ([]byte, bool) {
	if raw, err := pki.DecodeCRL(text); err == nil {
		return raw, true
	}
	_, err := pki.ParseCRL(text)
	return text, err == nil
}

// mailLimit bounds what is read of a file that somebody sent, in bytes: a CRL in PEM may be the largest.
const mailLimit = 2 * pki.MaxCRLSize

// readFile reads a file that somebody sent as carefully as one from an exchange: no link, no FIFO, at most limit bytes.
func (a *app) readFile(file string, limit int) ([]byte, error) {
	if file == "-" {
		b, err := io.ReadAll(io.LimitReader(a.In, int64(limit)+1))
		if err == nil && len(b) > limit {
			err = fmt.Errorf("standard input: %w", durable.ErrTooLarge)
		}
		return b, err
	}
	dir, err := durable.Open(filepath.Dir(file))
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	b, _, err := dir.Read(filepath.Base(file), limit)
	return b, err
}
