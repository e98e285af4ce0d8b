package main

import (
	"context"
	"time"

	"ca-exchange/internal/cli"
	"ca-exchange/internal/ledger"
	"ca-exchange/internal/refusal"
)

type pendingCommand struct{}

type requestItem struct {
	ID             string            `json:"id"`
	Name           string            `json:"name"`
	Profile        string            `json:"profile"`
	Subject        string            `json:"subject"`
	Requester      string            `json:"requester"`
	KeyFingerprint string            `json:"keyFingerprint"`
	Node           string            `json:"node"`
	Names          []string          `json:"names"`
	Refusals       []refusal.Refusal `json:"refusals"`
	Received       time.Time         `json:"received"`
}

func (p *pendingCommand) Run(ctx context.Context, a *app) error {
	c, err := a.open()
	if err != nil {
		return err
	}
	defer c.Close()
	pending := c.Ledger().Pending(ctx)
	if a.JSON {
		return cli.EncodeList(a.Terminal, "RequestList", mapped(pending, itemOf))
	}
	now := cli.Now()
	count, err := a.StreamTable(pendingColumns, mapped(pending, func(r ledger.Request) []string {
		return []string{
			r.ID.Short(), dash(r.Subject), refusal.Quote(r.Name), dash(r.Requester), dash(r.Profile),
			dash(refusal.Quote(r.Node)), r.Reason, r.Received.Format(time.RFC3339), cli.Span(now.Sub(r.Received)),
		}
	}))
	if err == nil && count == 0 {
		a.Say("nothing waits for a person")
	} else if err == nil && a.Interactive() {
		a.Hint("ca-admin show ID prints the command that approves one; ca-admin review goes through all")
	}
	return err
}

// pendingColumns are the columns of `pending`.
var pendingColumns = []cli.Column{
	{Name: "REQUEST"}, {Name: "SUBJECT"}, {Name: "ENTRY", Rank: 1}, {Name: "REQUESTER"}, {Name: "PROFILE"},
	{Name: "NODE", Rank: 3}, {Name: "REASON"}, {Name: "RECEIVED", Rank: 4}, {Name: "WAITING", Rank: 2},
}

func itemOf(r ledger.Request) requestItem {
	return requestItem{
		ID: r.ID.String(), Name: r.Name, Profile: r.Profile, Subject: r.Subject, Requester: r.Requester,
		KeyFingerprint: r.KeyFingerprint, Node: r.Node,
		Names: orEmpty(r.Names), Refusals: unquoted(r.Refusals), Received: r.Received,
	}
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
