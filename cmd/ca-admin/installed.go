package main

import (
	"context"
	"iter"
	"slices"
	"time"

	"ca-exchange/internal/ca"
	"ca-exchange/internal/cli"
	"ca-exchange/internal/ledger"
	"ca-exchange/internal/refusal"
)

// installedItem is what a host says of a certificate: list --installed.
type installedItem struct {
	State    string     `json:"state"`
	Node     string     `json:"node"`
	Reported *time.Time `json:"reported"`
	File     string     `json:"file"`
}

func newInstalledItem(in *ca.Installation) *installedItem {
	if in == nil {
		return nil
	}
	item := &installedItem{State: in.State, Node: in.Node, File: in.File}
	if !in.Reported.IsZero() {
		reported := in.Reported.UTC()
		item.Reported = &reported
	}
	return item
}

// installedColumns are the columns of `list --installed`.
var installedColumns = []cli.Column{
	{Name: "CERTIFICATE"}, {Name: "SERIAL", Rank: 1}, {Name: "EXPIRES"}, {Name: "STATUS", Rank: 2}, {Name: "INSTALLED"},
	{Name: "HOST", Rank: 4}, {Name: "REPORTED"}, {Name: "FILE", Rank: 3},
}

func (k certificate) installedRow() []string {
	reported := "-"
	if !k.installed.Reported.IsZero() {
		reported = k.installed.Reported.Format(day)
	}
	return []string{
		k.place(), k.Serial, k.NotAfter.Format(day), k.status, k.installed.State, dash(k.installed.Node), reported,
		dash(k.installedFile()),
	}
}

// installedFile is the file as a host's report has it, quoted: it came from the exchange.
func (k certificate) installedFile() string {
	if k.installed.File == "" {
		return ""
	}
	return refusal.Quote(k.installed.File)
}

// listInstalled prints what hosts say of certificates, as a table or as CSV.
func (a *app) listInstalled(certificates iter.Seq2[certificate, error]) error {
	if a.CSV {
		header := append(slices.Clone(certificateHeader), installedHeader...)
		return a.StreamCSV(header, mapped(certificates, certificate.installedCells))
	}
	count, err := a.StreamTable(installedColumns, mapped(certificates, certificate.installedRow))
	if err == nil && count == 0 {
		a.Say("no certificates")
	}
	return err
}

// installedHeader names the cells that `list --installed -o csv` has more.
var installedHeader = []string{"installed", "host", "reported", "file"}

func (k certificate) installedCells() []string {
	reported := ""
	if !k.installed.Reported.IsZero() {
		reported = k.installed.Reported.UTC().Format(time.RFC3339)
	}
	file := k.installedFile()
	if file == `"`+k.installed.File+`"` { // nothing in it needs the quotes
		file = k.installed.File
	}
	return append(k.cells(), k.installed.State, k.installed.Node, reported, file)
}

// onHosts are the certificates that a filter selects, each with what its host says. Behind those in use come the
// superseded ones that a host still has: their successors are not where they belong.
func (l *listCommand) onHosts(
	ctx context.Context, c *ca.CA, hosts *ca.Installations, f ledger.Filter,
) iter.Seq2[ledger.Listed, error] {
	return func(yield func(ledger.Listed, error) bool) {
		listed := map[string]bool{}
		for row, err := range c.Ledger().Certificates(ctx, f) {
			listed[row.Fingerprint] = true
			if !yield(row, err) {
				return
			}
		}
		if !f.Current || l.current() {
			return
		}
		f.Current, f.Limit = false, 1
		for _, fingerprint := range hosts.Fingerprints() {
			if f.Fingerprint = fingerprint; listed[fingerprint] {
				continue
			}
			for row, err := range c.Ledger().Certificates(ctx, f) {
				if (err != nil || row.Superseded) && !yield(row, err) {
					return
				}
			}
		}
	}
}

// printHosts says how many hosts report, and which have fallen silent.
func (a *app) printHosts(h hostsStatus) {
	if h.Reporting+len(h.Silent) == 0 {
		return
	}
	a.Print("hosts    %s what is installed, %d silent", cli.Count(h.Reporting, "reports", "report"), len(h.Silent))
	for n, s := range h.Silent {
		if n == silentShown {
			a.Print("         and %d more: ca-admin status -o json", len(h.Silent)-n)
			return
		}
		a.Print("         %s of requester %s since %s", s.Node, s.Requester, s.Since.Format(day))
	}
}

// silentShown is how many silent hosts are named.
const silentShown = 5

// hostsStatus is what hosts say, for `status -o json`.
type hostsStatus struct {
	Reporting int          `json:"reporting"` // lately
	Silent    []silentHost `json:"silent"`
}

type silentHost struct {
	Requester string    `json:"requester"`
	Node      string    `json:"node"`
	Since     time.Time `json:"since"` // its last report
}

func hostsOf(ctx context.Context, c *ca.CA, now time.Time) (h hostsStatus, err error) {
	h.Silent = []silentHost{}
	silent, err := c.SilentHosts(ctx, now)
	if err != nil {
		return h, err
	}
	for _, s := range silent {
		h.Silent = append(h.Silent, silentHost{s.Requester, s.Node, s.Time})
	}
	h.Reporting, err = c.ReportingHosts(ctx, now)
	return h, err
}
