package main

import (
	"context"
	"fmt"
	"time"

	"ca-exchange/internal/pass"
)

type statusCommand struct{ exchangeFlags }

// statusResult is what `status -o json` prints.
type statusResult struct {
	Kind     string            `json:"kind"`
	Trust    string            `json:"trust"`
	Exchange string            `json:"exchange"`
	Mode     string            `json:"mode"`
	Watch    *pass.WatchReport `json:"watch"`
	Problems []string          `json:"problems"`
	Issuers  []issuerStatus    `json:"issuers"`
	Pending  int64             `json:"pending"`
	Backlog  int               `json:"backlog"`
	Head     string            `json:"head"`
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
	status, err := pass.StatusOf(ctx, c, s.sides())
	if err != nil {
		return err
	}
	result := statusResult{
		Kind: "Status", Trust: status.Trust, Exchange: status.Exchange, Mode: status.Mode, Watch: status.Watch, Problems: append([]string{}, status.Problems...), Issuers: []issuerStatus{},
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
	a.Print("watch     %s", watching(status.Watch))
	a.Print("waiting   %d for a person, %d in the inbox", result.Pending, result.Backlog)
	a.Print("issued    %d certificates", status.Certificates)
	a.Print("ledger    %s", result.Head)
	return nil
}

// watching says what serves the exchange: a watch, by events or by looking now and then, or nobody.
func watching(w *pass.WatchReport) string {
	switch {
	case w == nil:
		return "none runs; start one: ca-admin watch, or answer now: ca-admin sync"
	case w.PID == 0:
		return "begins"
	}
	return fmt.Sprintf("process %d on %s since %s: %s, a look every %s", w.PID, w.Host, w.Since.Format(time.RFC3339), w.Mode, w.Poll)
}

func parenthesised(s string) string {
	if s == "" {
		return ""
	}
	return " (" + s + ")"
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
