package ca

import (
	"context"
	"fmt"
	"time"

	"ca-exchange/internal/ledger"
	"ca-exchange/internal/request"
)

// silentAfter is how old the last report of a host may be: one comes a day, and some days may fail; where the exchange
// is carried, one comes with each visit, and one may fail.
func silentAfter(rules *Rules) time.Duration { return max(3*24*time.Hour, 2*rules.Policy.Visit()) }

// Host is what a host of an enrolled requester last said of itself.
type Host struct {
	request.HostReport
	Silent bool // it has said nothing for longer than it should
}

// Hosts are the hosts that have reported, by requester and node. Those of requesters that are not enrolled any more are
// left out.
func (c *CA) Hosts(ctx context.Context, now time.Time) ([]Host, error) {
	rules, err := c.Rules()
	if rules == nil {
		return nil, err
	}
	return c.hosts(ctx, rules, now, now.Add(ahead))
}

// ahead is how far a report's time may lie in this host's future, and more.
const ahead = time.Hour

// SilentHosts are the hosts that have said nothing for longer than they should, and have a certificate that is in use:
// a host without one is not missed.
func (c *CA) SilentHosts(ctx context.Context, now time.Time) (silent []Host, err error) {
	rules, err := c.Rules()
	if rules == nil {
		return nil, err
	}
	all, err := c.hosts(ctx, rules, now, now.Add(-silentAfter(rules)))
	if err != nil {
		return nil, err
	}
	for _, h := range all {
		used, err := c.hasUsed(ctx, h, now)
		if err != nil {
			return nil, err
		}
		if used {
			silent = append(silent, h)
		}
	}
	return silent, nil
}

// ReportingHosts counts the hosts that have reported lately.
func (c *CA) ReportingHosts(ctx context.Context, now time.Time) (count int, err error) {
	rules, err := c.Rules()
	if rules == nil {
		return 0, err
	}
	counts, err := c.ledger.CountHostReports(ctx, now.Add(-silentAfter(rules)))
	for _, r := range rules.Policy.Requesters().Requesters {
		count += counts[r.Name]
	}
	return count, err
}

// hosts are those whose last report is not after a time.
func (c *CA) hosts(ctx context.Context, rules *Rules, now, until time.Time) (all []Host, err error) {
	for row, err := range c.ledger.HostReports(ctx, until) {
		if err != nil {
			return nil, err
		}
		if _, enrolled := rules.Policy.Requesters().ByName(row.Requester); !enrolled {
			continue
		}
		r, err := request.RecordedHostReport(row.Body)
		if err != nil {
			return nil, fmt.Errorf("the report of node %q of requester %q: %w", row.Node, row.Requester, err)
		}
		all = append(all, Host{r, now.Sub(r.Time) > silentAfter(rules)})
	}
	return all, nil
}

// hasUsed reports whether a host has a certificate that is valid and that nothing has replaced.
func (c *CA) hasUsed(ctx context.Context, h Host, now time.Time) (bool, error) {
	for _, i := range h.Items {
		if now.After(i.NotAfter) {
			continue
		}
		f := ledger.Filter{Fingerprint: i.Fingerprint, Current: true, Status: ledger.Valid, EndsFrom: now, Limit: 1}
		for _, err := range c.ledger.Certificates(ctx, f) {
			return err == nil, err
		}
	}
	return false, nil
}
