package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"ca-exchange/internal/ca"
	"ca-exchange/internal/cli"
	"ca-exchange/internal/ledger"
	"ca-exchange/internal/pass"
)

type statusCommand struct{ exchangeFlags }

// statusResult is what `status -o json` prints.
type statusResult struct {
	APIVersion string                `json:"apiVersion"`
	Kind       string                `json:"kind"`
	Trust      string                `json:"trust"`
	Exchange   string                `json:"exchange"` // the first of them
	Mode       string                `json:"mode"`
	Exchanges  []pass.ExchangeStatus `json:"exchanges"`
	Watch      *pass.WatchReport     `json:"watch"`
	Problems   []string              `json:"problems"`
	Issuers    []issuerStatus        `json:"issuers"`
	Waiting    []string              `json:"waiting"` // names of issuers that wait for their parent
	CRLs       []crlItem             `json:"crls"`
	Below      []authorityStatus     `json:"authorities"` // that issuers signed, in use
	Pending    int64                 `json:"pending"`
	Backlog    int                   `json:"backlog"`
	Expired    int                   `json:"expired"`  // without a successor, in the last 30 days
	Expiring   int                   `json:"expiring"` // without a successor, in the next 30 days
	Hosts      hostsStatus           `json:"hosts"`    // those that report what is installed
	Head       string                `json:"head"`
}

func (s *statusCommand) Run(ctx context.Context, a *app) error {
	c, err := a.open()
	if err != nil {
		return err
	}
	defer c.Close()
	all, err := a.exchanges(c, s.exchangeFlags)
	if err != nil {
		return err
	}
	status, err := pass.StatusOf(ctx, c, all)
	if err != nil {
		return err
	}
	status.Problems = append(status.Problems, c.SignerTroubles()...)
	result := statusResult{
		APIVersion: cli.APIVersion, Kind: "Status", Trust: status.Trust, Exchange: status.Exchanges[0].Exchange,
		Mode: status.Exchanges[0].Mode, Exchanges: status.Exchanges,
		Watch: status.Watch, Problems: append([]string{}, status.Problems...), Waiting: []string{},
		Pending: status.Pending, Head: fmt.Sprintf("%d:%s", status.Head.Seq, status.Head.Hash),
	}
	ending, err := countExpiring(ctx, c, cli.Now())
	if err != nil {
		return err
	}
	result.Expired, result.Expiring = ending.ended, ending.ends
	if result.Hosts, err = hostsOf(ctx, c, cli.Now()); err != nil {
		return err
	}
	if result.Issuers, err = issuersOf(c, status.Watch); err != nil {
		return err
	}
	for _, w := range c.Waiting() {
		result.Waiting = append(result.Waiting, w.Name)
	}
	if result.CRLs, err = a.crlsOf(ctx, c); err != nil {
		return err
	}
	if result.Below, err = authoritiesOf(ctx, c); err != nil {
		return err
	}
	for _, x := range status.Exchanges {
		result.Backlog += x.Backlog
	}
	for _, p := range status.Problems {
		a.Warn("%s", p)
	}
	if a.JSON {
		err = a.Encode(result)
	} else {
		result.print(a, status)
		err = a.printNext(ctx, c)
	}
	if err == nil && slices.ContainsFunc(result.CRLs, crlItem.isDue) {
		err = cli.Exit(cli.RenewalIsDue)
	}
	return err
}

// print prints it for people.
func (r statusResult) print(a *app, status pass.Status) {
	a.Print("trust    %s", cmp.Or(r.Trust, "none until the parent has signed the issuers"))
	for _, name := range r.Waiting {
		a.Print("issuer   %-15s waits for its parent: ca-admin issuer adopt %[1]s FILE", name)
	}
	a.printIssuers(r.Issuers)
	for _, k := range r.CRLs {
		a.Print("crl      %-15s %s", k.Issuer, k)
	}
	for _, b := range r.Below {
		a.Print("below    %-15s %s until %s (%s)", b.Issuer, b.Subject, b.NotAfter.Format(day),
			cli.Residual(b.NotAfter, cli.Now()))
	}
	for _, x := range r.Exchanges {
		a.Print("exchange %s%s", x.Exchange, parenthesised(x.Mode))
	}
	a.Print("watch    %s", watching(status.Watch))
	a.Print("waiting  %d for a person, %d in the inbox", r.Pending, r.Backlog)
	for _, x := range r.Exchanges {
		if x.Ignored > 0 {
			a.Print("ignored  %s in %s: a request is called NAME.csr; for example %s",
				cli.Count(x.Ignored, "file", "files"), x.Exchange, x.FirstIgnored())
		}
	}
	a.Print("issued   %d certificates%s", status.Certificates, expiring{r.Expired, r.Expiring})
	a.printHosts(r.Hosts)
	a.Print("ledger   %s", r.Head)
}

// printNext prints the next date that matters: of the valid certificates that nothing has replaced, when the one that
// ends first is due. When the host asks is the host's to say: this is the rule for an exchange at hand.
func (a *app) printNext(ctx context.Context, c *ca.CA) error {
	now := cli.Now()
	f := ledger.Filter{Status: ledger.Valid, Current: true, EndsFrom: now, Order: ledger.ByEnd, Limit: 1}
	for row, err := range c.Ledger().Certificates(ctx, f) {
		if err != nil {
			return err
		}
		k := standing(row, now)
		a.Print("next     due %s, ends %s: %s", k.due.Format(day), k.NotAfter.Format(day), k.place())
	}
	return nil
}

// watching says what serves the exchange: a watch, by events or by looking now and then, or nobody.
func watching(w *pass.WatchReport) string {
	switch {
	case w == nil:
		return "none runs; start one: ca-admin watch, or answer now: ca-admin sync"
	case w.PID == 0:
		return "starting"
	}
	modes := make([]string, len(w.Exchanges))
	for i, e := range w.Exchanges {
		modes[i] = e.Mode
	}
	return fmt.Sprintf("process %d on %s since %s: %s, a look every %s", w.PID, w.Host, w.Since.Format(time.RFC3339),
		strings.Join(slices.Compact(modes), "; "), w.Poll)
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
		if err := c.AcceptClock(ctx); err != nil || !a.JSON {
			return err
		}
	}
	head, err := c.Ledger().Head(ctx)
	if err != nil {
		return err
	}
	if a.JSON {
		return a.Encode(clock{cli.APIVersion, "Clock", cli.Now().UTC(), head.Time.UTC()})
	}
	a.Print("now          %s", cli.Now().UTC().Format(time.RFC3339))
	a.Print("last record  %s", head.Time.Format(time.RFC3339))
	return nil
}
