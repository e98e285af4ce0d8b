package main

import (
	"context"
	"errors"
	"os"
	"strings"
	"time"

	"ca-exchange/internal/ca"
	"ca-exchange/internal/ledger"
	"ca-exchange/internal/pki"
	"ca-exchange/internal/policy"
	"ca-exchange/internal/refusal"
)

type showCommand struct {
	What string `arg:"" help:"A request id, an entry's name, a serial, or a file with a request or a certificate."`
}

// shown is what `show -o json` prints.
type shown struct {
	Kind        string           `json:"kind"`
	Request     *requestItem     `json:"request,omitempty"`
	Certificate *certificateItem `json:"certificate,omitempty"`
	Events      []eventItem      `json:"events,omitempty"`
}

type eventItem struct {
	Seq    int64             `json:"seq"`
	Time   time.Time         `json:"time"`
	Kind   string            `json:"kind"`
	Detail map[string]string `json:"detail"`
}

func (s *showCommand) Run(ctx context.Context, a *app) error {
	c, err := a.open()
	if err != nil {
		return err
	}
	defer c.Close()
	if k, ok, err := c.Ledger().Certificate(ctx, strings.ToLower(strings.ReplaceAll(s.What, ":", ""))); err != nil || ok {
		if err != nil {
			return err
		}
		return a.showRecord(ctx, c, k.Request)
	}
	record, err := c.Find(ctx, s.What)
	if err == nil {
		return a.showRecord(ctx, c, record.ID)
	}
	if _, statErr := os.Stat(s.What); errors.Is(err, ca.ErrUnknown) && statErr == nil {
		return a.showFile(ctx, c, s.What)
	}
	return explainRequest(err)
}

func (a *app) showFile(ctx context.Context, c *ca.CA, file string) error {
	text, err := readRequest(file)
	if err != nil {
		return err
	}
	if certificates, err := pki.ParseCertificates(text); err == nil {
		for _, k := range certificates {
			a.Print("%s", strings.TrimRight(pki.Render(k), "\n"))
		}
		return nil
	}
	p, err := c.ProposeFile(ctx, text, policy.Override{})
	if err != nil {
		return err
	}
	a.Print("%s: the policy would %s it", refusal.Quote(file), p.Decision.Outcome)
	a.present(c, p)
	return nil
}

func (a *app) showRecord(ctx context.Context, c *ca.CA, id pki.ID) error {
	known, err := c.Ledger().Lookup(ctx, []pki.ID{id})
	if err != nil {
		return err
	}
	record := known[id]
	events, err := c.Ledger().Events(ctx, id.String())
	if err != nil {
		return err
	}
	if a.JSON {
		return a.encodeRecord(ctx, c, record, events)
	}
	a.Print("request %s: %s, received %s", record.ID.Phone(), record.Status, record.Received.Format(time.RFC3339))
	if record.Status == ledger.Issued {
		pem, err := c.Ledger().Content(ctx, record)
		if err != nil {
			return err
		}
		certificates, err := pki.ParseCertificates(pem)
		if err != nil {
			return err
		}
		a.Print("%s", strings.TrimRight(pki.Render(certificates[0]), "\n"))
	} else if err := a.showUnissued(ctx, c, record); err != nil {
		return err
	}
	for _, e := range events {
		a.Print("  %s  %s %s", e.Time.Format(time.RFC3339), e.Kind, detailLine(e.Detail))
	}
	return nil
}

// showUnissued shows what a held request would become, or what stands against a denied one.
func (a *app) showUnissued(ctx context.Context, c *ca.CA, record ledger.Request) error {
	if record.Status == ledger.Held {
		p, err := c.Propose(ctx, record.ID, policy.Override{})
		if err != nil {
			return err
		}
		a.present(c, p)
		a.Hint("ca-admin approve %s", record.ID.Short())
		return nil
	}
	for _, r := range record.Refusals {
		a.Print("  %s", refusalLine(r))
	}
	return nil
}

func (a *app) encodeRecord(ctx context.Context, c *ca.CA, record ledger.Request, events []ledger.Event) error {
	item := itemOf(record)
	out := shown{Kind: "Record", Request: &item}
	if record.Serial != "" {
		k, ok, err := c.Ledger().Certificate(ctx, record.Serial)
		if err != nil {
			return err
		}
		if ok {
			certificate := certificateOf(k)
			out.Certificate = &certificate
		}
	}
	for _, e := range events {
		out.Events = append(out.Events, eventItem{e.Seq, e.Time, e.Kind, e.Detail})
	}
	return a.Encode(out)
}

func detailLine(detail map[string]string) string {
	var parts []string
	for _, key := range []string{"profile", "reason", "why", "user", "host", "plan", "shortened"} {
		if detail[key] != "" {
			parts = append(parts, key+"="+detail[key])
		}
	}
	return strings.Join(parts, " ")
}
