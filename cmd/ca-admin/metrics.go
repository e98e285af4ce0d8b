package main

import (
	"context"
	"slices"
	"sync"
	"time"

	"ca-exchange/internal/ca"
	"ca-exchange/internal/cli"
	"ca-exchange/internal/ledger"
	"ca-exchange/internal/metrics"
)

// metricsFlag is the file for Prometheus.
type metricsFlag struct {
	MetricsFile string `type:"path" placeholder:"FILE" help:"Write gauges for Prometheus' textfile collector."`
}

// metricsEvery is how often a watch writes the file at most: it reads all certificates in use each time.
const metricsEvery = 15 * time.Second

// metricsWriter writes the file after passes. It is safe for concurrent use: each exchange has passes of its own.
type metricsWriter struct {
	*app
	ca   *ca.CA
	file string

	mu      sync.Mutex
	written time.Time
	failed  bool
	inboxes map[string]backlog // by the exchange's path
}

func (a *app) metricsWriter(c *ca.CA, f metricsFlag) *metricsWriter {
	return &metricsWriter{app: a, ca: c, file: f.MetricsFile, inboxes: map[string]backlog{}}
}

// passed is called after a pass that served an exchange.
func (m *metricsWriter) passed(ctx context.Context) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := cli.Now()
	if m.file == "" || now.Sub(m.written) < metricsEvery {
		return
	}
	m.written = now
	gauges, err := gaugesOf(ctx, m.ca, now)
	if err == nil {
		err = metrics.Write(m.file, append(gauges, m.inboxGauge())...)
	}
	if err != nil && !m.failed { // requests are answered all the same; the file's age shows it, too
		m.Warn("writing the metrics: %v", err)
	}
	m.failed = err != nil
}

// seriesMost bounds the certificates with individual gauges: Prometheus keeps each series for weeks.
const seriesMost = 5_000

// gaugesOf are what a CA says to Prometheus. Certificates in use that have the same issuer, profile and node share a
// series, which says when the first of them ends, and the first is due.
func gaugesOf(ctx context.Context, c *ca.CA, now time.Time) ([]metrics.Gauge, error) {
	ends := metrics.Gauge{Name: "ca_exchange_certificate_not_after_timestamp_seconds",
		Help: "When the first certificate in use of this issuer, profile and node ends."}
	dues := metrics.Gauge{Name: "ca_exchange_certificate_renewal_due_timestamp_seconds",
		Help: "When the first certificate in use of this issuer, profile and node is due for renewal."}
	counts := metrics.Gauge{Name: "ca_exchange_certificates", Help: "Certificates in use, or ended lately, by state."}
	issuers := metrics.Gauge{Name: "ca_exchange_issuer_not_after_timestamp_seconds", Help: "When the issuer ends."}
	locked := metrics.Gauge{Name: "ca_exchange_issuer_key_locked", Help: "1 where the watch does not have the key."}
	for _, i := range c.Trust().Authorities {
		issuers.Add(metrics.Seconds(i.Certificate.NotAfter), "issuer", i.Name)
		locked.Add(lockedValue(c, i.Name), "issuer", i.Name)
	}
	series, states, err := seriesOf(ctx, c, now)
	if err != nil {
		return nil, err
	}
	for _, s := range series {
		labels := []string{"issuer", s.issuer, "profile", s.profile, "node", s.node}
		ends.Add(metrics.Seconds(s.ends), labels...)
		dues.Add(metrics.Seconds(s.due), labels...)
	}
	for _, i := range c.Trust().Authorities {
		for _, state := range []string{ledger.Valid, due, overdue, expired} { // 0, too: an alert compares numbers
			counts.Add(float64(states[stateOf{i.Name, state}]), "issuer", i.Name, "state", state)
		}
	}
	rest, err := ledgerGauges(ctx, c, now)
	if err != nil {
		return nil, err
	}
	hosts, err := hostGauge(ctx, c, now)
	if err != nil {
		return nil, err
	}
	crls, err := crlGauges(ctx, c)
	return slices.Concat([]metrics.Gauge{ends, dues, counts, issuers, locked, hosts}, rest, crls), err
}

// lockedValue is 1 where an issuer's key is not at hand.
func lockedValue(c *ca.CA, issuer string) float64 {
	if c.HasKey(issuer) {
		return 0
	}
	return 1
}

// crlGauges are those of the CRLs that are kept.
func crlGauges(ctx context.Context, c *ca.CA) ([]metrics.Gauge, error) {
	ends := metrics.Gauge{Name: "ca_exchange_crl_next_update_timestamp_seconds", Help: "When the issuer's CRL ends."}
	entries := metrics.Gauge{Name: "ca_exchange_crl_entries", Help: "Entries of the issuer's CRL."}
	kept, err := c.CRLs(ctx)
	for _, crl := range kept {
		if crl.Signed() {
			ends.Add(metrics.Seconds(crl.Last.NextUpdate), "issuer", crl.Name)
			entries.Add(float64(crl.Last.Entries), "issuer", crl.Name)
		}
	}
	return []metrics.Gauge{ends, entries}, err
}

// oneSeries is what certificates of one issuer, profile and node share.
type oneSeries struct {
	issuer, profile, node string
	ends, due             time.Time
}

type stateOf struct{ issuer, state string }

func seriesOf(ctx context.Context, c *ca.CA, now time.Time) ([]*oneSeries, map[stateOf]int, error) {
	var all []*oneSeries
	known, states := map[[3]string]*oneSeries{}, map[stateOf]int{}
	f := ledger.Filter{Current: true, Status: ledger.Valid, EndsFrom: now.Add(-lately)}
	for row, err := range c.Ledger().Certificates(ctx, f) {
		if err != nil {
			return nil, nil, err
		}
		k := standing(row, now)
		states[stateOf{k.Issuer, k.status}]++
		key := [3]string{k.Issuer, k.Profile, k.Node}
		s := known[key]
		if s == nil && len(all) < seriesMost {
			s = &oneSeries{k.Issuer, k.Profile, k.Node, k.NotAfter, k.due}
			known[key], all = s, append(all, s)
		}
		if s != nil && k.NotAfter.Before(s.ends) {
			s.ends = k.NotAfter
		}
		if s != nil && k.due.Before(s.due) {
			s.due = k.due
		}
	}
	return all, states, nil
}

// ledgerGauges are those of requests and of the ledger, and of the pass that has just ended.
func ledgerGauges(ctx context.Context, c *ca.CA, now time.Time) ([]metrics.Gauge, error) {
	held, _, err := c.Ledger().Counts(ctx)
	if err != nil {
		return nil, err
	}
	head, err := c.Ledger().Head(ctx)
	if err != nil {
		return nil, err
	}
	waiting := metrics.Gauge{Name: "ca_exchange_requests_held", Help: "Requests that wait for a person."}
	waiting.Add(float64(held))
	events := metrics.Gauge{Name: "ca_exchange_ledger_events", Help: "Events of the ledger."}
	events.Add(float64(head.Seq))
	last := metrics.Gauge{Name: "ca_exchange_last_pass_timestamp_seconds",
		Help: "When an exchange was last served without an error."}
	last.Add(metrics.Seconds(now))
	oldest := metrics.Gauge{Name: "ca_exchange_oldest_held_timestamp_seconds",
		Help: "When the request that waits longest was received."}
	var first time.Time
	for r, err := range c.Ledger().Pending(ctx) {
		if err != nil {
			return nil, err
		}
		if first.IsZero() || r.Received.Before(first) {
			first = r.Received
		}
	}
	if !first.IsZero() {
		oldest.Add(metrics.Seconds(first))
	}
	return []metrics.Gauge{waiting, oldest, events, last}, nil
}
