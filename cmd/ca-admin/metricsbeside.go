package main

import (
	"context"
	"time"

	"ca-exchange/internal/ca"
	"ca-exchange/internal/cli"
	"ca-exchange/internal/inbox"
	"ca-exchange/internal/metrics"
)

// backlog is how many entries an inbox had, and when they were counted.
type backlog struct {
	entries int
	at      time.Time
}

// served is called after a pass that served an exchange, with the exchange still open.
func (m *metricsWriter) served(ctx context.Context, x *inbox.Exchange) {
	m.count(x)
	m.passed(ctx)
}

// count counts what is left in an inbox, at most as often as the file is written: it lists the directory.
func (m *metricsWriter) count(x *inbox.Exchange) {
	now := cli.Now()
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.file == "" || now.Sub(m.inboxes[x.Path()].at) < metricsEvery {
		return
	}
	left := backlog{at: now}
	for _, err := range x.Entries() {
		if err == nil {
			left.entries++
		}
	}
	m.inboxes[x.Path()] = left
}

// inboxGauge is what is left in all inboxes together.
func (m *metricsWriter) inboxGauge() metrics.Gauge {
	entries := metrics.Gauge{Name: "ca_exchange_inbox_entries", Help: "Entries left in the inboxes after a pass."}
	sum := 0
	for _, b := range m.inboxes {
		sum += b.entries
	}
	entries.Add(float64(sum))
	return entries
}

// The states of ca_exchange_hosts.
const reporting, silent = "Reporting", "Silent"

// hostGauge counts the hosts that report what is installed there.
func hostGauge(ctx context.Context, c *ca.CA, now time.Time) (metrics.Gauge, error) {
	hosts := metrics.Gauge{Name: "ca_exchange_hosts",
		Help: "Hosts that lately reported what is installed there, and hosts with certificates in use that did not."}
	said, err := hostsOf(ctx, c, now)
	hosts.Add(float64(said.Reporting), "state", reporting)
	hosts.Add(float64(len(said.Silent)), "state", silent)
	return hosts, err
}
