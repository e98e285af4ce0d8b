package main

import (
	"context"
	"fmt"
	"iter"
	"time"

	"ca-exchange/internal/ca"
	"ca-exchange/internal/cli"
	"ca-exchange/internal/ledger"
)

type eventsCommand struct {
	Since   moment `placeholder:"WHEN" help:"Only those since then: 7d (days ago), 2026-11-25 or 2026-11-25T12:00:00Z."`
	Request string `placeholder:"ID" help:"Only those of this request: 16 digits of its ID or more."`
}

// moment is a point in time, which may be given as an age.
type moment time.Time

// UnmarshalText reads a day, an RFC 3339 time (both UTC), or how long ago it is.
func (m *moment) UnmarshalText(text []byte) error {
	for _, layout := range []string{day, time.RFC3339} {
		if t, err := time.Parse(layout, string(text)); err == nil {
			*m = moment(t)
			return nil
		}
	}
	var ago age
	if err := ago.UnmarshalText(text); err != nil {
		return fmt.Errorf("%q is not a time (examples: 7d, 2026-11-25, 2026-11-25T12:00:00Z)", text)
	}
	*m = moment(cli.Now().Add(-time.Duration(ago)))
	return nil
}

// eventItem is an event as JSON shows it.
type eventItem struct {
	Seq     int64             `json:"seq"`
	Time    time.Time         `json:"time"`
	Kind    string            `json:"kind"`
	Request string            `json:"request"`
	Serial  string            `json:"serial"`
	Detail  map[string]string `json:"detail"`
	Hash    string            `json:"hash"`
}

func eventOf(e ledger.Event) eventItem {
	return eventItem{e.Seq, e.Time, e.Kind, e.Request, e.Serial, e.Detail, e.Hash}
}

var eventColumns = []cli.Column{
	{Name: "SEQ"}, {Name: "TIME"}, {Name: "EVENT"}, {Name: "REQUEST", Rank: 1}, {Name: "SERIAL", Rank: 2},
	{Name: "DETAIL"},
}

func (v *eventsCommand) Run(ctx context.Context, a *app) error {
	c, err := a.open()
	if err != nil {
		return err
	}
	defer c.Close()
	events, err := v.events(ctx, c)
	if err != nil {
		return err
	}
	if a.JSON {
		return cli.EncodeList(a.Terminal, "EventList", mapped(events, eventOf))
	}
	count, err := a.StreamTable(eventColumns, mapped(events, func(e ledger.Event) []string {
		request := e.Request[:min(len(e.Request), 16)]
		return []string{
			fmt.Sprint(e.Seq), e.Time.Format(time.RFC3339), e.Kind, dash(request), dash(e.Serial), detailLine(e.Detail),
		}
	}))
	if err == nil && count == 0 {
		a.Say("no events")
	}
	return err
}

func (v *eventsCommand) events(ctx context.Context, c *ca.CA) (iter.Seq2[ledger.Event, error], error) {
	since := time.Time(v.Since)
	if v.Request == "" {
		return c.Ledger().Log(ctx, since), nil
	}
	record, err := c.FindID(ctx, v.Request)
	if err != nil {
		return nil, explainRequest(err)
	}
	all, err := c.Ledger().Events(ctx, record.ID.String())
	return func(yield func(ledger.Event, error) bool) {
		for _, e := range all {
			if !e.Time.Before(since) && !yield(e, nil) {
				return
			}
		}
	}, err
}
