package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"ca-exchange/internal/cli"
	"ca-exchange/internal/ledger"
	"ca-exchange/internal/policy"
)

type listCommand struct {
	Expiring   age      `placeholder:"DURATION" help:"Only those in use that end within this time, or ended lately."`
	Due        bool     `help:"Only those in use that are due for renewal, or ended lately."`
	Overdue    bool     `help:"Only those in use that should have been renewed, or ended lately."`
	Superseded bool     `help:"Only those that another one has replaced."`
	Revoked    bool     `help:"Only those that are revoked."`
	All        bool     `help:"Include superseded certificates."`
	Installed  bool     `help:"Show what the hosts say: installed, never installed, not taken up, silent."`
	Node       string   `placeholder:"GLOB" help:"Only those of a node that fits, such as cp1 or 'cp*'."`
	Profile    string   `placeholder:"PROFILE" help:"Only those of this profile."`
	Requester  string   `placeholder:"NAME" help:"Only those that this requester asked for."`
	Issuer     string   `placeholder:"NAME" help:"Only those that this issuer signed."`
	Name       string   `placeholder:"GLOB" help:"Only those with a name that fits, such as '*.example'."`
	Status     []string `enum:"Issued,Due,Overdue,Expired,Superseded,Revoked" help:"Only ${enum}."`
	Sort       string   `enum:"end,issue,node,requester" default:"end" help:"By ${enum} (issue: newest first)."`
	Limit      int      `placeholder:"N" help:"At most this many."`

	Authorities bool `help:"Only authorities below an issuer, which sign --authority made."`
}

// lately is how long a certificate that ended without a successor is shown among those that expire: what nobody has
// replaced by then is not in use any more.
const lately = 30 * 24 * time.Hour

// Validate refuses flags that select nothing.
func (l *listCommand) Validate() error {
	if l.Limit < 0 {
		return fmt.Errorf("--limit %d: a number from 1, or none", l.Limit)
	}
	if l.current() && (l.All || l.Superseded || slices.Contains(l.Status, superseded)) {
		return errors.New("--due, --overdue and --expiring never select superseded certificates")
	}
	switch {
	case l.Revoked && (l.current() || l.Superseded):
		return errors.New("--revoked goes with neither --due, --overdue, --expiring nor --superseded")
	case l.Profile == policy.AuthorityProfile:
		return errors.New("--profile authority: authorities are listed with --authorities")
	case l.Authorities && l.Profile != "":
		return errors.New("--authorities or --profile, not both")
	case l.Authorities && l.Installed:
		return errors.New("--authorities or --installed, not both: no host installs an authority")
	}
	return nil
}

// current reports whether the flags select by when a certificate ends: only of what is in use.
func (l *listCommand) current() bool { return l.Due || l.Overdue || l.Expiring > 0 }

// orders are the values of --sort.
var orders = map[string]ledger.Order{
	"end": ledger.ByEnd, "issue": ledger.ByIssue, "node": ledger.ByNode, "requester": ledger.ByRequester,
}

// filter says which certificates the flags select at a time, as far as a query can; wants says the rest.
func (l *listCommand) filter(now time.Time) ledger.Filter {
	f := ledger.Filter{
		Node: l.Node, Profile: l.Profile, Requester: l.Requester, Issuer: l.Issuer, Name: l.Name,
		Order: orders[l.Sort], Current: !l.All && !l.Superseded && !slices.Contains(l.Status, superseded),
	}
	if l.current() {
		f.EndsFrom, f.Status = now.Add(-lately), ledger.Valid
	}
	if l.Expiring > 0 {
		f.EndsUntil = now.Add(time.Duration(l.Expiring))
	}
	if l.Revoked {
		f.Status = ledger.Revoked
	}
	if len(l.Status) == 0 && !l.Due && !l.Overdue && !l.Superseded {
		f.Limit = l.Limit
	}
	return f
}

func (l *listCommand) wants(k certificate) bool {
	return (len(l.Status) == 0 || slices.Contains(l.Status, k.status)) && (!l.Due || k.isDue()) &&
		(!l.Overdue || k.isDue() && k.status != due) && (!l.Superseded || k.status == superseded)
}

// age is a duration that may be given in days: "30d".
type age time.Duration

// UnmarshalText reads a Go duration or whole days.
func (d *age) UnmarshalText(text []byte) error {
	parsed, err := cli.ParseDuration(string(text))
	if err == nil && parsed == 0 {
		err = fmt.Errorf("%q is not a duration (examples: 30d, 12h)", text)
	}
	if err != nil {
		return err
	}
	*d = age(parsed)
	return nil
}

func (l *listCommand) Run(ctx context.Context, a *app) error {
	c, err := a.open()
	if err != nil {
		return err
	}
	defer c.Close()
	if err := checkProfiles(c, l.Profile); err != nil { // certificates of one that the policy had may be there still
		a.Warn("%v", err)
	}
	now, status := cli.Now(), cli.Done
	filter := l.filter(now)
	filter.Brief = !a.JSON && !a.CSV && !l.Installed
	see := func(k certificate) {
		if l.current() && k.isDue() {
			status = cli.RenewalIsDue
		}
	}
	list := func(f ledger.Filter) iter.Seq2[certificate, error] {
		return l.selected(c.Ledger().Certificates(ctx, f), now, see)
	}
	if l.Installed {
		hosts, err := c.Installations(ctx, now)
		if err != nil {
			return err
		}
		list = func(f ledger.Filter) iter.Seq2[certificate, error] {
			return mapped(l.selected(l.onHosts(ctx, c, hosts, f), now, see), func(k certificate) certificate {
				in := hosts.Of(k.Listed)
				k.installed = &in
				return k
			})
		}
	}
	if err := l.print(a, list, filter, now); err != nil {
		return err
	}
	return cli.ExitWith(status)
}

// print prints what the flags select: in a table, authorities stand below the certificates.
func (l *listCommand) print(
	a *app, list func(ledger.Filter) iter.Seq2[certificate, error], f ledger.Filter, now time.Time,
) error {
	authorities := f
	f.Except, authorities.Profile = policy.AuthorityProfile, policy.AuthorityProfile
	if l.Authorities && !a.JSON && !a.CSV {
		count, err := a.tableAuthorities(list(authorities), now)
		if err == nil && count == 0 {
			a.Say("no authorities")
		}
		return err
	}
	if l.Authorities {
		return a.listCertificates("AuthorityList", list(authorities), now)
	}
	if l.Installed && !a.JSON {
		return a.listInstalled(list(f))
	}
	if err := a.listCertificates("CertificateList", list(f), now); err != nil || a.JSON || a.CSV || l.Profile != "" {
		return err
	}
	_, err := a.tableAuthorities(list(authorities), now)
	return err
}

// selected are the certificates that the flags select, as they come; see gets each of them first.
func (l *listCommand) selected(
	all iter.Seq2[ledger.Listed, error], now time.Time, see func(certificate),
) iter.Seq2[certificate, error] {
	return func(yield func(certificate, error) bool) {
		count := 0
		for row, err := range all {
			k := standing(row, now)
			if err != nil {
				yield(k, err)
				return
			}
			if !l.wants(k) {
				continue
			}
			see(k)
			if count++; !yield(k, nil) || count == l.Limit {
				return
			}
		}
	}
}

// tableAuthorities prints the authorities below an issuer, where there are some, as a table of their own.
func (a *app) tableAuthorities(authorities iter.Seq2[certificate, error], now time.Time) (count int, err error) {
	heading := slices.Clone(certificateColumns)
	heading[0].Name = "AUTHORITY"
	return a.StreamTable(heading, mapped(authorities, func(k certificate) []string { return k.row(now) }))
}

// listCertificates prints certificates in the format that was asked for, while they come.
func (a *app) listCertificates(kind string, certificates iter.Seq2[certificate, error], now time.Time) error {
	switch {
	case a.JSON:
		return cli.EncodeList(a.Terminal, kind, mapped(certificates, certificate.item))
	case a.CSV:
		return a.StreamCSV(certificateHeader, mapped(certificates, certificate.cells))
	}
	rows := mapped(certificates, func(k certificate) []string { return k.row(now) })
	count, err := a.StreamTable(certificateColumns, rows)
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
