package main

import (
	"fmt"
	"strings"
	"time"

	"ca-exchange/internal/component"
)

type statusCommand struct{}

// statusResult is what `status -o json` prints.
type statusResult struct {
	Kind     string       `json:"kind"`
	Name     string       `json:"name"`
	Exchange string       `json:"exchange"`
	Trust    string       `json:"trust"`
	Items    []statusItem `json:"items"`
}

type statusItem struct {
	ID          string     `json:"id"`
	Name        string     `json:"name"`
	Profile     string     `json:"profile"`
	Node        string     `json:"node"`
	Status      string     `json:"status"`
	File        string     `json:"file"`
	Fingerprint string     `json:"fingerprint"`
	NotAfter    *time.Time `json:"notAfter"`
}

func (s *statusCommand) Run(a *app) error {
	c, err := a.open()
	if err != nil {
		return err
	}
	defer c.Close()
	requests, err := c.Requests()
	if err != nil {
		return err
	}
	result := statusResult{Kind: "Status", Name: c.Name, Exchange: exchangeFlag{}.path(c), Trust: c.Trust, Items: []statusItem{}}
	installed := 0
	open := map[string][]string{}
	for _, r := range requests {
		if r.Status == component.StatusSuperseded {
			continue
		}
		item := statusItem{ID: r.ID, Name: r.Entry, Profile: r.Profile, Node: r.Node, Status: r.Status, File: r.Files.Place(), Fingerprint: r.Fingerprint}
		if r.Status == component.StatusInstalled {
			installed++
			item.NotAfter = &r.NotAfter
		} else {
			open[said(r)] = append(open[said(r)], r.Profile)
		}
		result.Items = append(result.Items, item)
	}
	if a.JSON {
		return a.Encode(result)
	}
	a.Print("name      %s", result.Name)
	a.Print("exchange  %s", result.Exchange)
	a.Print("trust     %s", orUnpinned(result.Trust))
	rows := [][]string{{"PROFILE", "NODE", "FILE", "STATUS", "ENDS", "REQUEST"}}
	for _, item := range result.Items {
		ends := "-"
		if item.NotAfter != nil {
			ends = item.NotAfter.Format("2006-01-02")
		}
		rows = append(rows, []string{item.Profile, orDash(item.Node), item.File, item.Status, ends, item.ID[:16]})
	}
	if len(result.Items) == 0 {
		return nil
	}
	if err := a.Table(rows); err != nil {
		return err
	}
	line := fmt.Sprintf("%d of %d installed", installed, len(result.Items))
	for _, state := range []string{"held", "denied", "open"} {
		if profiles := open[state]; len(profiles) > 0 {
			line += fmt.Sprintf(", %d %s: %s", len(profiles), state, strings.Join(profiles, ", "))
		}
	}
	a.Print("%s", line)
	return nil
}

// said is how an open request stands, by the last word of the outbox, which nobody verified.
func said(r component.State) string {
	if r.Said == "" {
		return "open"
	}
	return strings.ToLower(r.Said)
}

func orUnpinned(s string) string {
	if s == "" {
		return "not pinned: component-admin trust"
	}
	return s
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
