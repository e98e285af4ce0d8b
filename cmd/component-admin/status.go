package main

import (
	"context"
	"crypto/x509"
	"fmt"
	"slices"
	"strings"
	"time"

	"ca-exchange/internal/cli"
	"ca-exchange/internal/component"
	"ca-exchange/internal/kube"
	"ca-exchange/internal/pki"
)

type statusCommand struct {
	Live     bool     `help:"Also ask the components of this host which certificate they serve."`
	CABundle bool     `name:"ca-bundle" help:"Print the pinned issuer ca as a webhook's caBundle, and nothing else."`
	Address  []string `placeholder:"HOST:PORT" help:"With --live: ask there; loopback or this host's own address."`
}

// statusResult is what status -o json prints.
type statusResult struct {
	APIVersion string       `json:"apiVersion"`
	Kind       string       `json:"kind"`
	Name       string       `json:"name"`
	Exchange   string       `json:"exchange"`
	Trust      string       `json:"trust"`
	Items      []statusItem `json:"items"`
	CRLs       []crlItem    `json:"crls"`
}

type statusItem struct {
	ID          string     `json:"id"` // of the request that is open, or was installed
	Name        string     `json:"name"`
	Profile     string     `json:"profile"`
	Node        string     `json:"node"`
	Status      string     `json:"status"`
	File        string     `json:"file"`
	Serial      string     `json:"serial"`
	Issuer      string     `json:"issuer"` // the pinned one that signed it
	Fingerprint string     `json:"fingerprint"`
	NotAfter    *time.Time `json:"notAfter"`
	Due         *time.Time `json:"due"`
	Applied     string     `json:"applied"` // Pending, Done, None or ""
	HookError   string     `json:"hookError,omitempty"`
	Wire        []wire     `json:"wire,omitempty"`
}

func (s *statusCommand) Run(ctx context.Context, a *app) error {
	c, err := a.open()
	if err != nil {
		return err
	}
	defer c.Close()
	if s.CABundle {
		return a.printBundle(c)
	}
	items, err := c.Items()
	if err != nil {
		return a.explain(err)
	}
	result := statusResult{
		APIVersion: "ca-exchange/v1", Kind: "Status", Name: c.Name, Exchange: exchangeFlag{}.path(c), Trust: c.Trust,
		Items: []statusItem{},
	}
	slices.SortStableFunc(items, func(a, b component.Item) int { return rankOf(a) - rankOf(b) })
	trust, _ := c.Issuers() // a host that has none yet has no certificate of theirs either
	crls, err := c.CRLs()
	if err != nil {
		return a.explain(err)
	}
	now, status := cli.Now(), cli.Done
	result.CRLs = crlItems(crls, now)
	for _, one := range crls {
		if one.Status(now) != component.CRLCurrent {
			status = cli.RenewalIsDue
		}
	}
	for _, i := range items {
		item := newStatusItem(i, now)
		item.Issuer = signedBy(trust, i.Certificate)
		if s.Live {
			if item.Wire, err = s.wire(ctx, c, i); err != nil {
				return err
			}
		}
		if i.IsDue(now) {
			status = cli.RenewalIsDue
		}
		result.Items = append(result.Items, item)
	}
	if a.JSON {
		err = a.Encode(result)
	} else {
		err = s.print(a, c, result, items, now)
	}
	if err != nil {
		return err
	}
	return cli.ExitWith(status)
}

// rankOf is where a profile stands in kubeadm's order; one of the CA's own policy comes last.
func rankOf(i component.Item) int {
	all := kube.Profiles(kube.Latest())
	for n, p := range all {
		if p.Name == i.State.Profile {
			return n
		}
	}
	return len(all)
}

// signedBy is the name of the pinned issuer that signed a certificate, "" where none did.
func signedBy(trust pki.Trust, leaf *x509.Certificate) string {
	for _, a := range trust.Authorities {
		if leaf != nil && leaf.CheckSignatureFrom(a.Certificate) == nil {
			return a.Name
		}
	}
	return ""
}

func newStatusItem(i component.Item, now time.Time) statusItem {
	s := i.State
	item := statusItem{
		ID: s.ID, Name: s.Entry, Profile: s.Profile, Node: s.Node, File: s.Files.Place(), Status: i.Status(now),
	}
	if i.Open != nil {
		item.ID, item.Name = i.Open.ID, i.Open.Entry
	}
	if item.Status == component.ItemAsked {
		item.Status = "Open"
		if s.Said != "" {
			item.Status = s.Said
		}
	}
	if i.Certificate != nil {
		item.Fingerprint, item.NotAfter, item.Due = pki.Fingerprint(i.Certificate), &i.Certificate.NotAfter, &i.Due
		item.Serial = pki.SerialHex(i.Certificate.SerialNumber)
	}
	if s.Apply != nil {
		item.Applied, item.HookError = s.Apply.State, s.Apply.Error
	}
	return item
}

func (s *statusCommand) print(
	a *app, c *component.Component, result statusResult, items []component.Item, now time.Time,
) error {
	a.Print("name     %s", result.Name)
	a.Print("exchange %s", result.Exchange)
	a.Print("trust    %s", orUnpinned(result.Trust))
	if len(items) == 0 {
		return nil
	}
	var rows [][]string
	for _, item := range result.Items {
		rows = append(rows, item.row(now))
	}
	if _, err := a.StreamTable(statusColumns, cli.Rows(rows)); err != nil {
		return err
	}
	a.Print("%s", counts(items, now))
	if err := a.printCRLs(result.CRLs, now); err != nil {
		return err
	}
	a.warnCRLs(c)
	for n, item := range result.Items {
		for _, w := range item.Wire {
			a.Print("%s: %s", item.File, w.sentence(item.Fingerprint))
		}
		if items[n].Unreadable() {
			a.Warn("%s: %v", item.File, items[n].Problem)
		}
		if item.HookError != "" {
			a.Warn("%s: %s; run it again: component-admin apply", item.File, item.HookError)
		}
	}
	a.warnIssuerHooks(c)
	a.warnShort(c, items)
	a.nextDate(c, items, now)
	return nil
}

// statusColumns are the columns of `status`.
var statusColumns = []cli.Column{
	{Name: "CERTIFICATE"}, {Name: "FILE", Rank: 3}, {Name: "STATUS"}, {Name: "EXPIRES"}, {Name: "RESIDUAL", Rank: 1},
	{Name: "DUE", Rank: 4}, {Name: "APPLIED", Rank: 5}, {Name: "SERIAL", Rank: 7}, {Name: "ISSUER", Rank: 6},
	{Name: "REQUEST", Rank: 2},
}

func (item statusItem) row(now time.Time) []string {
	certificate, expires, left, due := item.Profile, "-", "-", "-"
	if item.Node != "" {
		certificate += "@" + item.Node
	}
	if item.NotAfter != nil {
		expires, left = item.NotAfter.UTC().Format("2006-01-02"), cli.Residual(*item.NotAfter, now)
		due = item.Due.UTC().Format("2006-01-02")
	}
	return []string{certificate, item.File, item.Status, expires, left, due, orDash(item.Applied), orDash(item.Serial),
		orDash(item.Issuer), item.ID[:16]}
}

// counts says how many files have a valid certificate, and what the others are.
func counts(items []component.Item, now time.Time) string {
	valid := 0
	others := map[string][]string{}
	for _, i := range items {
		status := i.Status(now)
		switch status {
		case component.ItemInstalled, component.ItemDue, component.ItemOverdue:
			valid++
		}
		word := strings.ToLower(status)
		if status == component.ItemAsked {
			word = said(i.State)
		}
		if status != component.ItemInstalled {
			others[word] = append(others[word], i.State.Profile)
		}
	}
	line := fmt.Sprintf("%d of %d valid", valid, len(items))
	for _, word := range []string{"expired", "missing", "overdue", "due", "held", "denied", "open"} {
		if profiles := others[word]; len(profiles) > 0 {
			line += fmt.Sprintf(", %d %s: %s", len(profiles), word, strings.Join(profiles, ", "))
		}
	}
	return line
}

// warnIssuerHooks says which hooks of issuers' certificates and CRLs failed.
func (a *app) warnIssuerHooks(c *component.Component) {
	files, err := c.IssuerFiles()
	if err != nil {
		a.Warn("%v", err)
	}
	for _, f := range files {
		if f.Apply.Error != "" {
			a.Warn("%s: %s; run it again: component-admin apply", f.File, f.Apply.Error)
		}
	}
}

// warnShort says which certificates are too short-lived for the visits of the exchange.
func (a *app) warnShort(c *component.Component, items []component.Item) {
	rule, err := c.Rule()
	if err != nil {
		return
	}
	for _, i := range items {
		if needed := i.TooShort(rule); needed > 0 {
			a.Warn("%s: %d days of validity are needed for visits every %d days, this certificate has %d",
				i.State.Files.Place(), days(needed), days(rule.Visit),
				days(i.Certificate.NotAfter.Sub(i.Certificate.NotBefore)))
		}
	}
}

func days(d time.Duration) int { return int(d.Round(time.Hour).Hours() / 24) }

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
