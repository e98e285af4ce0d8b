package main

import (
	"context"
	"time"

	"ca-exchange/internal/ledger"
	"ca-exchange/internal/refusal"
)

type pendingCommand struct{}

// requestList is what `pending -o json` prints.
type requestList struct {
	Kind  string        `json:"kind"`
	Items []requestItem `json:"items"`
}

type requestItem struct {
	ID             string            `json:"id"`
	Name           string            `json:"name"`
	Profile        string            `json:"profile"`
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
	list := requestList{Kind: "RequestList", Items: []requestItem{}}
	for r, err := range c.Ledger().Pending(ctx) {
		if err != nil {
			return err
		}
		list.Items = append(list.Items, itemOf(r))
	}
	if a.JSON {
		return a.Encode(list)
	}
	if len(list.Items) == 0 {
		a.Say("nothing waits for a person")
		return nil
	}
	rows := [][]string{{"REQUEST", "ENTRY", "PROFILE", "NODE", "SUBJECT", "REASON", "RECEIVED"}}
	for r, err := range c.Ledger().Pending(ctx) {
		if err != nil {
			return err
		}
		rows = append(rows, []string{r.ID.Short(), refusal.Quote(r.Name), dash(r.Profile), dash(refusal.Quote(r.Node)), dash(r.Subject), r.Reason, r.Received.Format(time.RFC3339)})
	}
	return a.Table(rows)
}

func itemOf(r ledger.Request) requestItem {
	item := requestItem{
		ID: r.ID.String(), Name: r.Name, Profile: r.Profile, Requester: r.Requester, KeyFingerprint: r.KeyFingerprint, Node: r.Node,
		Names: r.Names, Refusals: r.Refusals, Received: r.Received,
	}
	if item.Names == nil {
		item.Names = []string{}
	}
	if item.Refusals == nil {
		item.Refusals = []refusal.Refusal{}
	}
	return item
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
