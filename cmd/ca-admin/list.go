package main

import (
	"context"
	"fmt"
	"iter"
	"strconv"
	"strings"
	"time"

	"ca-exchange/internal/cli"
	"ca-exchange/internal/ledger"
)

type listCommand struct {
	Expiring  age    `placeholder:"30d" help:"Only those that end within this time."`
	All       bool   `help:"Those that have ended, too."`
	Node      string `placeholder:"NODE" help:"Only those of this node."`
	Profile   string `placeholder:"PROFILE" help:"Only those of this profile."`
	Requester string `placeholder:"NAME" help:"Only those that this requester asked for."`
	Issuer    string `placeholder:"NAME" help:"Only those that this issuer signed."`
	Name      string `placeholder:"GLOB" help:"Only those with a name that fits the pattern, such as '*.example'."`
	Status    string `enum:",Issued,Revoked" default:"" placeholder:"STATUS" help:"Only Issued, or only Revoked ones."`
	Sort      string `enum:"end,issue,node,requester" default:"end" help:"By end, issue (newest first), node, requester."`
	Limit     int    `placeholder:"N" help:"At most so many."`
}

// Validate refuses a limit that selects nothing.
func (l *listCommand) Validate() error {
	if l.Limit < 0 {
		return fmt.Errorf("--limit %d: a number from 1, or none", l.Limit)
	}
	return nil
}

// orders are the values of --sort.
var orders = map[string]ledger.Order{
	"end": ledger.ByEnd, "issue": ledger.ByIssue, "node": ledger.ByNode, "requester": ledger.ByRequester,
}

// filter says which certificates the flags select at a time.
func (l *listCommand) filter(now time.Time) ledger.Filter {
	f := ledger.Filter{
		Node: l.Node, Profile: l.Profile, Requester: l.Requester, Issuer: l.Issuer, Name: l.Name, Status: l.Status,
		Order: orders[l.Sort], Limit: l.Limit,
	}
	if !l.All {
		f.EndsFrom = now
	}
	if l.Expiring > 0 {
		f.EndsUntil = now.Add(time.Duration(l.Expiring))
	}
	return f
}

// age is a duration that may be given in days: "30d".
type age time.Duration

// UnmarshalText reads a Go duration or whole days.
func (d *age) UnmarshalText(text []byte) error {
	if days, ok := strings.CutSuffix(string(text), "d"); ok {
		n, err := strconv.ParseUint(days, 10, 16)
		*d = age(time.Duration(n) * 24 * time.Hour)
		return err
	}
	parsed, err := time.ParseDuration(string(text))
	*d = age(parsed)
	return err
}

// certificateItem is an item of `list -o json`.
type certificateItem struct {
	Serial      string    `json:"serial"`
	Request     string    `json:"request"`
	Profile     string    `json:"profile"`
	Subject     string    `json:"subject"`
	Names       []string  `json:"names"`
	Issuer      string    `json:"issuer"`
	NotBefore   time.Time `json:"notBefore"`
	NotAfter    time.Time `json:"notAfter"`
	Status      string    `json:"status"`
	Requester   string    `json:"requester"`
	Fingerprint string    `json:"fingerprint"`
}

func (l *listCommand) Run(ctx context.Context, a *app) error {
	c, err := a.open()
	if err != nil {
		return err
	}
	defer c.Close()
	certificates := c.Ledger().Certificates(ctx, l.filter(time.Now()))
	if a.JSON {
		return cli.EncodeList(a.Terminal, "CertificateList", mapped(certificates, certificateOf))
	}
	heading := []string{"SERIAL", "PROFILE", "SUBJECT", "NAMES", "ISSUER", "ENDS", "STATUS"}
	count, err := a.StreamTable(heading, mapped(certificates, certificateRow))
	if err == nil && count == 0 {
		a.Say("no certificates")
	}
	return err
}

// mapped turns the items of a sequence into others as they come.
func mapped[T, U any](items iter.Seq2[T, error], into func(T) U) iter.Seq2[U, error] {
	return func(yield func(U, error) bool) {
		for item, err := range items {
			if !yield(into(item), err) {
				return
			}
		}
	}
}

func certificateRow(k ledger.Certificate) []string {
	return []string{
		k.Serial, k.Profile, dash(k.Subject), namesColumn(k.Names), k.Issuer, k.NotAfter.Format("2006-01-02"), k.Status,
	}
}

func certificateOf(k ledger.Certificate) certificateItem {
	item := certificateItem{
		Serial: k.Serial, Request: k.Request.String(), Profile: k.Profile, Subject: k.Subject, Names: k.Names,
		Issuer: k.Issuer, NotBefore: k.NotBefore, NotAfter: k.NotAfter, Status: k.Status, Requester: k.Requester,
		Fingerprint: k.Fingerprint,
	}
	if item.Names == nil {
		item.Names = []string{}
	}
	return item
}

// namesColumn keeps a table's line short.
func namesColumn(names []string) string {
	const shown = 2
	if len(names) <= shown {
		return dash(strings.Join(names, " "))
	}
	return strings.Join(names[:shown], " ") + fmt.Sprintf(" +%d", len(names)-shown)
}
