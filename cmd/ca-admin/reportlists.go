package main

import (
	"context"
	"slices"
	"time"

	"ca-exchange/internal/ca"
	"ca-exchange/internal/ledger"
	"ca-exchange/internal/pki"
	"ca-exchange/internal/report"
)

// What a page lists at most; it counts the rest.
const (
	reportedHeld    = 200
	reportedRefused = 100
	reportedHosts   = 200
	refusedLately   = 90 * 24 * time.Hour
)

// reportHeld adds the requests that wait for a person.
func reportHeld(ctx context.Context, c *ca.CA, r *report.Report) error {
	for held, err := range c.Ledger().Pending(ctx) {
		if err != nil {
			return err
		}
		if len(r.Held) == reportedHeld {
			break
		}
		r.Held = append(r.Held, reportedRequest(held, held.Received))
	}
	return nil
}

func reportedRequest(k ledger.Request, at time.Time) report.Request {
	return report.Request{ID: k.ID.Short(), Subject: k.Subject, Requester: k.Requester, Profile: k.Profile,
		Reason: k.Reason, Time: at}
}

// reportRefused adds the requests that were denied lately, the newest first.
func reportRefused(ctx context.Context, c *ca.CA, r *report.Report) error {
	var last []ledger.Event
	for e, err := range c.Ledger().Log(ctx, r.Now.Add(-refusedLately)) {
		if err != nil {
			return err
		}
		if e.Kind != ledger.EventDenied {
			continue
		}
		if last = append(last, e); len(last) > reportedRefused {
			last, r.MoreRefused = last[1:], r.MoreRefused+1
		}
	}
	var ids []pki.ID
	for _, e := range last {
		id, err := pki.ParseID(e.Request)
		if err != nil {
			return err
		}
		ids = append(ids, id)
	}
	rows, err := c.Ledger().Lookup(ctx, ids)
	for n, id := range slices.Backward(ids) {
		one := reportedRequest(rows[id], last[n].Time)
		if reason := last[n].Detail["reason"]; reason != "" {
			one.Reason = reason
		}
		if why := last[n].Detail["why"]; why != "" { // a person's
			one.Reason += ": " + why
		}
		r.Refused = append(r.Refused, one)
	}
	return err
}

// reportHosts adds the hosts that have fallen silent.
func reportHosts(ctx context.Context, c *ca.CA, r *report.Report) (err error) {
	silent, err := c.SilentHosts(ctx, r.Now)
	if err != nil {
		return err
	}
	for _, h := range silent {
		if len(r.Silent) == reportedHosts {
			r.MoreSilent++
			continue
		}
		one := report.Host{Node: h.Node, Requester: h.Requester, Since: h.Time, Certificates: len(h.Items)}
		for _, i := range h.Items {
			if one.Ends.IsZero() || i.NotAfter.Before(one.Ends) {
				one.Ends = i.NotAfter
			}
		}
		r.Silent = append(r.Silent, one)
	}
	r.Reporting, err = c.ReportingHosts(ctx, r.Now)
	return err
}

// reportCRLs adds the CRLs that are kept.
func reportCRLs(ctx context.Context, c *ca.CA, r *report.Report) error {
	kept, err := c.CRLs(ctx)
	for _, crl := range kept {
		one := report.CRL{Issuer: crl.Name, Number: crl.Last.Number, Entries: crl.Last.Entries,
			NextUpdate: crl.Last.NextUpdate, Status: ledger.Valid}
		switch {
		case crl.Signed() && r.Now.After(one.NextUpdate):
			one.Status = expired
		case crl.Late:
			one.Status = due
		}
		r.CRLs = append(r.CRLs, one)
	}
	return err
}
