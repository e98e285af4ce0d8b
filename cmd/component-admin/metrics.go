package main

import (
	"bytes"
	"os"
	"strconv"

	"ca-exchange/internal/cli"
	"ca-exchange/internal/component"
	"ca-exchange/internal/metrics"
)

// metricsFlag is the file for Prometheus.
type metricsFlag struct {
	MetricsFile string `type:"path" placeholder:"FILE" help:"Write gauges for Prometheus' textfile collector."`
}

// writeMetrics writes the file at the end of a command, whatever became of it: what is due does not wait for an
// exchange. Where it cannot be written the command's own result stands; the file's age shows it, too.
func (a *app) writeMetrics(c *component.Component, f metricsFlag) {
	if f.MetricsFile == "" {
		return
	}
	gauges, err := a.gauges(c, f.MetricsFile)
	if err == nil {
		err = metrics.Write(f.MetricsFile, gauges...)
	}
	if err != nil {
		a.Warn("writing the metrics: %v", err)
	}
}

const lastSync = "ca_exchange_component_last_sync_timestamp_seconds"

// gauges are what a host says to Prometheus.
func (a *app) gauges(c *component.Component, file string) ([]metrics.Gauge, error) {
	items, err := c.Items()
	if err != nil {
		return nil, err
	}
	ends := metrics.Gauge{Name: "ca_exchange_component_not_after_timestamp_seconds",
		Help: "When the installed certificate ends."}
	dues := metrics.Gauge{Name: "ca_exchange_component_renewal_due_timestamp_seconds",
		Help: "When the installed certificate is due for renewal."}
	hooks := metrics.Gauge{Name: "ca_exchange_component_hook_failed",
		Help: "1 where the hooks of an installed certificate failed and will be run again."}
	unreadable := metrics.Gauge{Name: "ca_exchange_component_unreadable_files",
		Help: "Installed files that cannot be read."}
	synced := metrics.Gauge{Name: lastSync, Help: "When the exchange was last there for sync or renew."}
	crls, err := crlGauge(c)
	if err != nil {
		return nil, err
	}
	count := 0
	for _, i := range items {
		if i.Unreadable() {
			count++
		}
		labels := []string{"profile", i.State.Profile, "file", i.State.Files.Place()}
		if i.Certificate != nil {
			ends.Add(metrics.Seconds(i.Certificate.NotAfter), labels...)
			dues.Add(metrics.Seconds(i.Due), labels...)
		}
		if apply := i.State.Apply; apply != nil {
			failed := 0.0
			if apply.State == component.ApplyPending && apply.Error != "" {
				failed = 1
			}
			hooks.Add(failed, labels...)
		}
	}
	unreadable.Add(float64(count))
	if a.synced {
		synced.Add(metrics.Seconds(cli.Now()))
	} else if before, ok := lastSyncOf(file); ok {
		synced.Add(before)
	}
	return []metrics.Gauge{ends, dues, hooks, unreadable, crls, synced}, nil
}

// crlGauge is when each installed CRL ends.
func crlGauge(c *component.Component) (metrics.Gauge, error) {
	g := metrics.Gauge{Name: "ca_exchange_component_crl_next_update_timestamp_seconds",
		Help: "When the installed CRL ends."}
	all, err := c.CRLs()
	for _, one := range all {
		if one.List != nil {
			g.Add(metrics.Seconds(one.List.NextUpdate), "issuer", one.Issuer, "file", one.File)
		}
	}
	return g, err
}

// lastSyncOf is what the file says already: without an exchange the time of the last one stays.
func lastSyncOf(file string) (seconds float64, ok bool) {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0, false
	}
	for line := range bytes.Lines(text) {
		if value, found := bytes.CutPrefix(line, []byte(lastSync+" ")); found {
			seconds, err := strconv.ParseFloat(string(bytes.TrimSpace(value)), 64)
			return seconds, err == nil
		}
	}
	return 0, false
}
