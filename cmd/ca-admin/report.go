package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"time"

	"ca-exchange/internal/ca"
	"ca-exchange/internal/cli"
	"ca-exchange/internal/durable"
	"ca-exchange/internal/ledger"
	"ca-exchange/internal/pass"
	"ca-exchange/internal/pki"
	"ca-exchange/internal/report"
)

type reportCommand struct {
	exchangeFlags
	HTML string `name:"html" type:"path" placeholder:"FILE" help:"Write a page for a browser."`
	ICS  string `name:"ics" type:"path" placeholder:"FILE" help:"Write a calendar of what is due and what ends."`
}

// Validate wants something to be written.
func (r *reportCommand) Validate() error {
	if r.HTML == "" && r.ICS == "" {
		return errors.New("--html FILE, --ics FILE, or both")
	}
	return nil
}

func (r *reportCommand) Run(ctx context.Context, a *app) error {
	c, err := a.open()
	if err != nil {
		return err
	}
	defer c.Close()
	all, err := a.exchanges(c, r.exchangeFlags)
	if err != nil {
		return err
	}
	said, err := reportOf(ctx, c, all)
	if err != nil {
		return err
	}
	for _, one := range []struct {
		file string
		draw func(io.Writer, report.Report) error
	}{{r.HTML, report.HTML}, {r.ICS, report.Calendar}} {
		if one.file == "" {
			continue
		}
		if err := writeReport(one.file, said, one.draw); err != nil {
			return fmt.Errorf("writing %q: %w", one.file, err)
		}
		a.Say("wrote %q", one.file)
	}
	return nil
}

// writeReport replaces a file by a whole one, mode 0600: it names every host.
func writeReport(file string, said report.Report, draw func(io.Writer, report.Report) error) error {
	var text bytes.Buffer
	if err := draw(&text, said); err != nil {
		return err
	}
	dir, err := durable.Open(filepath.Dir(file))
	if err != nil {
		return err
	}
	return errors.Join(dir.Replace(filepath.Base(file), text.Bytes(), 0o600), dir.Close())
}

const (
	reportedCertificates = 5_000                // that a report shows; 10,000 of them would be a page of more than 5 MB
	issuerSoon           = 365 * 24 * time.Hour // before its end an issuer is something to do
)

// reportOf collects what there is to say of a CA.
func reportOf(ctx context.Context, c *ca.CA, exchanges []pass.Sides) (r report.Report, err error) {
	status, err := pass.StatusOf(ctx, c, exchanges)
	if err != nil {
		return r, err
	}
	r = report.Report{Trust: status.Trust, Head: fmt.Sprintf("%d:%s", status.Head.Seq, status.Head.Hash),
		HeadTime: status.Head.Time, Now: cli.Now().UTC(), Problems: status.Problems}
	for _, i := range status.Issuers {
		protection, err := c.Protection(i.Name)
		if err != nil {
			return r, err
		}
		r.Issuers = append(r.Issuers, report.Issuer{Name: i.Name,
			Subject: fmt.Sprintf("CN=%q", i.Certificate.Subject.CommonName), NotAfter: i.Certificate.NotAfter,
			Key: protectionWords[protection]})
	}
	counts, err := reportCertificates(ctx, c, &r)
	if err != nil {
		return r, err
	}
	for _, more := range []func(context.Context, *ca.CA, *report.Report) error{
		reportHeld, reportRefused, reportHosts, reportCRLs,
	} {
		if err := more(ctx, c, &r); err != nil {
			return r, err
		}
	}
	r.MoreHeld = int(status.Pending) - len(r.Held)
	r.Next = reportSteps(r, counts)
	return r, nil
}

// reportCertificates adds the certificates that are in use, or ended lately, and counts all of them by status.
func reportCertificates(ctx context.Context, c *ca.CA, r *report.Report) (counts map[string]int, err error) {
	counts = map[string]int{}
	rules, err := c.Rules()
	if err != nil {
		return nil, err
	}
	visits := pki.RenewalRule{Visit: rules.Policy.Visit()}
	f := ledger.Filter{Current: true, Status: ledger.Valid, EndsFrom: r.Now.Add(-lately), Order: ledger.ByNode}
	for row, err := range c.Ledger().Certificates(ctx, f) {
		if err != nil {
			return nil, err
		}
		k := standing(row, r.Now)
		if counts[k.status]++; len(r.Certificates) == reportedCertificates {
			r.More++
			continue
		}
		one := report.Certificate{Place: k.place(), Node: k.Node, Serial: k.Serial, Issuer: k.Issuer, Status: k.status,
			NotBefore: k.NotBefore, NotAfter: k.NotAfter, Due: k.due}
		if visits.Visit > 0 {
			one.LastVisit = visits.LastSafe(k.NotAfter)
		}
		r.Certificates = append(r.Certificates, one)
	}
	slices.SortStableFunc(r.Certificates, func(x, y report.Certificate) int {
		return cmp.Or(cmp.Compare(x.Node, y.Node), cmp.Compare(x.Place, y.Place))
	})
	return counts, nil
}

// reportSteps are what to do next, the most urgent first.
func reportSteps(r report.Report, counts map[string]int) (steps []report.Step) {
	step := func(n int, one, many, command string) {
		if n > 0 {
			steps = append(steps, report.Step{Text: cli.Count(n, one, many), Command: command})
		}
	}
	step(counts[expired], "certificate has ended without a successor. On its host: component-admin renew. To see it:",
		"certificates have ended without a successor. On their hosts: component-admin renew. To see them:",
		"ca-admin list --status Expired")
	step(counts[overdue], "certificate is overdue. On its host: component-admin renew. To see it:",
		"certificates are overdue. On their hosts: component-admin renew. To see them:",
		"ca-admin list --status Overdue")
	step(len(r.Held)+r.MoreHeld, "request waits for a person:", "requests wait for a person:", "ca-admin review")
	step(len(r.Silent)+r.MoreSilent, "host has fallen silent. On it: component-admin sync. To see what it had:",
		"hosts have fallen silent. On them: component-admin sync. To see what they had:", "ca-admin list --installed")
	step(counts[due], "certificate is due. On its host: component-admin renew. To see it:",
		"certificates are due. On their hosts: component-admin renew. To see them:", "ca-admin list --status Due")
	for _, l := range r.CRLs {
		if l.Status != ledger.Valid {
			steps = append(steps, report.Step{Text: "The CRL of issuer " + l.Issuer + " is to be signed:",
				Command: "ca-admin crl " + l.Issuer})
		}
	}
	for _, i := range r.Issuers {
		if i.NotAfter.Sub(r.Now) < issuerSoon {
			steps = append(steps, report.Step{Text: fmt.Sprintf("Issuer %s ends on %s. Plan its successor.", i.Name,
				i.NotAfter.UTC().Format(day))})
		}
	}
	return steps
}
