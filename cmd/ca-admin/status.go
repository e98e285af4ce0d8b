package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"ca-exchange/internal/cli"
)

type statusCommand struct{ exchangeFlags }

// statusResult is what `status -o json` prints.
type statusResult struct {
	Kind     string         `json:"kind"`
	Trust    string         `json:"trust"`
	Exchange string         `json:"exchange"`
	Mode     string         `json:"mode"`
	Issuers  []issuerStatus `json:"issuers"`
	Pending  int64          `json:"pending"`
	Backlog  int            `json:"backlog"`
	Head     string         `json:"head"`
}

type issuerStatus struct {
	Name     string    `json:"name"`
	Subject  string    `json:"subject"`
	NotAfter time.Time `json:"notAfter"`
}

func (s *statusCommand) Run(ctx context.Context, a *app) error {
	c, err := a.open()
	if err != nil {
		return err
	}
	defer c.Close()
	status, err := c.Status(ctx, s.sides())
	if err != nil {
		return err
	}
	result := statusResult{
		Kind: "Status", Trust: status.Trust, Exchange: status.Exchange, Mode: status.Mode, Issuers: []issuerStatus{},
		Pending: status.Pending, Backlog: status.Backlog, Head: fmt.Sprintf("%d:%s", status.Head.Seq, status.Head.Hash),
	}
	for _, i := range status.Issuers {
		result.Issuers = append(result.Issuers, issuerStatus{i.Name, fmt.Sprintf("CN=%q", i.Certificate.Subject.CommonName), i.Certificate.NotAfter.UTC()})
	}
	for _, p := range status.Problems {
		a.Warn("%s", p)
	}
	if a.JSON {
		return a.Encode(result)
	}
	a.Print("trust     %s", result.Trust)
	for _, i := range result.Issuers {
		a.Print("issuer    %-15s %s until %s", i.Name, i.Subject, i.NotAfter.Format("2006-01-02"))
	}
	a.Print("exchange  %s%s", result.Exchange, parenthesised(result.Mode))
	a.Print("waiting   %d for a person, %d in the inbox", result.Pending, result.Backlog)
	a.Print("issued    %d certificates", status.Certificates)
	a.Print("ledger    %s", result.Head)
	return nil
}

func parenthesised(s string) string {
	if s == "" {
		return ""
	}
	return " (" + s + ")"
}

type verifyCommand struct {
	Head string `placeholder:"SEQ:HASH" help:"A head that status printed earlier: it must be part of the chain."`
}

func (v *verifyCommand) Run(ctx context.Context, a *app) error {
	c, err := a.open()
	if err != nil {
		return err
	}
	defer c.Close()
	var seq int64
	number, hash, given := strings.Cut(v.Head, ":")
	if given {
		if _, err := fmt.Sscan(number, &seq); err != nil {
			return cli.WithStatus(cli.Usage, fmt.Errorf("--head %q: SEQ:HASH, as `ca-admin status` prints it", v.Head))
		}
	}
	if err := c.Ledger().Verify(ctx, seq, hash); err != nil {
		return cli.WithStatus(cli.Unverified, err, "restore ledger.db from a backup; docs/ledger.md says how to look into it")
	}
	a.Say("the ledger's chain is whole")
	return nil
}

type clockCommand struct {
	Accept bool `help:"Record that the clock is right, though it is behind the last record."`
}

func (k *clockCommand) Run(ctx context.Context, a *app) error {
	c, err := a.open()
	if err != nil {
		return err
	}
	defer c.Close()
	if k.Accept {
		return c.AcceptClock(ctx)
	}
	head, err := c.Ledger().Head(ctx)
	if err != nil {
		return err
	}
	a.Print("now          %s", time.Now().UTC().Format(time.RFC3339))
	a.Print("last record  %s", head.Time.Format(time.RFC3339))
	return nil
}
