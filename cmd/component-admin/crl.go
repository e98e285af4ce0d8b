package main

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"ca-exchange/internal/cli"
	"ca-exchange/internal/component"
	"ca-exchange/internal/inbox"
	"ca-exchange/internal/kube"
	"ca-exchange/internal/pki"
)

// takeCRLs looks for the issuers' CRLs in the exchange and says what changed. An exchange that has gone since leaves
// what it brought: its hooks run all the same.
func (a *app) takeCRLs(ctx context.Context, c *component.Component, run *syncRun) cli.Status {
	if ctx.Err() != nil {
		return cli.Done
	}
	path := run.path(c)
	err := patiently(ctx, path, patience, func(func()) error {
		x, err := inbox.Open(path)
		if err != nil {
			return err
		}
		defer x.Close()
		run.crls, err = c.TakeCRLs(x)
		return err
	})
	if err != nil {
		a.Warn("the issuers' CRLs were not looked for: %v", err)
		return cli.Failed
	}
	return a.reportCRLs(run.crls)
}

// reportCRLs says what became of each CRL that was found.
func (a *app) reportCRLs(all []component.CRLProgress) cli.Status {
	status := cli.Done
	for _, p := range all {
		switch {
		case p.Refused != nil:
			status = cli.Worst(status, cli.Unverified)
			a.Warn("%s: the CRL of %s was not installed: %v", p.File, p.Issuer, p.Refused)
		case p.Failed != nil:
			status = cli.Worst(status, cli.Failed)
			a.Warn("%s: the CRL of %s was not installed: %v", p.File, p.Issuer, p.Failed)
		case p.Installed:
			a.Say("installed %s: CRL %s with %s, the next one by %s", p.File, p.List.Number,
				cli.Count(p.List.Entries, "entry", "entries"), p.List.NextUpdate.UTC().Format("2006-01-02"))
			a.Say("  %s", kube.CRLSentence(p.Issuer))
		}
		switch {
		case errors.Is(p.Refused, component.ErrOtherCRL):
			a.Hint("a host that moves to another CA: move that file aside, then component-admin sync")
		case errors.Is(p.Refused, pki.ErrOlderCRL):
			a.Hint("this one was signed before; `ca-admin sync` publishes the newest CRL on an exchange")
		}
	}
	return status
}

// warnCRLs says which of the installed CRLs have ended or are gone, and which installed certificates they name. Nothing
// takes a CRL away: a component whose CRL is missing serves nobody.
func (a *app) warnCRLs(c *component.Component) cli.Status {
	revoked, err := c.Revoked()
	for _, r := range revoked {
		a.Warn("%s: the certificate is revoked: %s", r.State.Files.Place(), r.Reason)
		a.Hint("ask for another one, which the CA admin approves: component-admin renew %s --now", r.State.Profile)
	}
	if err != nil {
		a.Warn("%v", err)
		return cli.Failed
	}
	all, err := c.CRLs()
	if err != nil {
		a.Warn("%v", err)
		return cli.Failed
	}
	now, status := cli.Now(), cli.Done
	for _, one := range all {
		switch one.Status(now) {
		case component.CRLStale:
			a.Warn("%s: the CRL ended on %s (%s): OpenVPN and nginx refuse every client, and what was revoked since "+
				"is not known here", one.File, one.List.NextUpdate.UTC().Format("2006-01-02"),
				cli.Residual(one.List.NextUpdate, now))
		case component.CRLMissing:
			a.Warn("%s: the CRL is not there: %v; a program that reads it refuses every client", one.File, one.Problem)
		default:
			continue
		}
		status = cli.RenewalIsDue
		a.Hint("`ca-admin crl %s` signs the next one; then: component-admin sync", one.Issuer)
	}
	return status
}

// crlItem is a CRL, as commands print it for scripts.
type crlItem struct {
	Issuer     string      `json:"issuer"`
	File       string      `json:"file"`
	Status     string      `json:"status"` // after sync: Installed, Current, Unverified, Failed; in status: component's
	Number     json.Number `json:"number"` // 0 where none is in place
	Entries    int         `json:"entries"`
	ThisUpdate *time.Time  `json:"thisUpdate"`
	NextUpdate *time.Time  `json:"nextUpdate"`
	Problem    string      `json:"problem"`
	Applied    string      `json:"applied,omitempty"`
	HookError  string      `json:"hookError,omitempty"`
}

func newCRLItem(issuer, file, status string, list *pki.CRL, problem error) crlItem {
	item := crlItem{Issuer: issuer, File: file, Status: status}
	if list != nil {
		begin, end := list.ThisUpdate.UTC(), list.NextUpdate.UTC()
		item.Number, item.Entries = json.Number(list.Number.String()), list.Entries
		item.ThisUpdate, item.NextUpdate = &begin, &end
	}
	if problem != nil {
		item.Problem = problem.Error()
	}
	return item
}

// crlProgressItems are the CRLs after a command looked for new ones.
func crlProgressItems(all []component.CRLProgress) []crlItem {
	items := []crlItem{}
	for _, p := range all {
		status := "Current"
		switch {
		case p.Refused != nil:
			status = "Unverified"
		case p.Failed != nil:
			status = "Failed"
		case p.Installed:
			status = "Installed"
		}
		items = append(items, newCRLItem(p.Issuer, p.File, status, p.List, errors.Join(p.Refused, p.Failed)))
	}
	return items
}

// crlItems are the CRLs that are in place.
func crlItems(all []component.CRL, now time.Time) []crlItem {
	items := []crlItem{}
	for _, one := range all {
		item := newCRLItem(one.Issuer, one.File, one.Status(now), one.List, one.Problem)
		item.Applied, item.HookError = one.Apply.State, one.Apply.Error
		items = append(items, item)
	}
	return items
}

// crlColumns are the columns of the second table of `status`.
var crlColumns = []cli.Column{
	{Name: "CRL"}, {Name: "FILE", Rank: 3}, {Name: "STATUS"}, {Name: "NEXT"}, {Name: "RESIDUAL", Rank: 1},
	{Name: "NUMBER", Rank: 2}, {Name: "ENTRIES", Rank: 4}, {Name: "UPDATED", Rank: 5},
}

func (item crlItem) row(now time.Time) []string {
	if item.NextUpdate == nil {
		return []string{item.Issuer, item.File, item.Status, "-", "-", "-", "-", "-"}
	}
	return []string{
		item.Issuer, item.File, item.Status, item.NextUpdate.Format("2006-01-02"), cli.Residual(*item.NextUpdate, now),
		item.Number.String(), cli.Count(item.Entries, "entry", "entries"), item.ThisUpdate.Format("2006-01-02"),
	}
}

// printCRLs prints the table of CRLs, where there are any.
func (a *app) printCRLs(items []crlItem, now time.Time) error {
	if len(items) == 0 {
		return nil
	}
	var rows [][]string
	for _, item := range items {
		rows = append(rows, item.row(now))
	}
	_, err := a.StreamTable(crlColumns, cli.Rows(rows))
	return err
}
