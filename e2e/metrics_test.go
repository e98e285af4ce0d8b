package e2e_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestMetrics: a watch writes its file after a pass; a host writes its own without an exchange, too, and keeps the time
// at which it last saw one.
func TestMetrics(t *testing.T) {
	t.Parallel()
	x := newExchange(t, build(t), "--trust-inbox")
	x.drop("a.csr", serverRequest(t, "a"))
	x.drop("half.csr", []byte("-----BEGIN CERTIFICATE REQUEST-----\n"))
	file := filepath.Join(x.dir, "ca.prom")
	w := x.watch(nil, "--poll", "50ms", "--metrics-file", file)
	w.eventually("the file", func() bool { _, err := os.Stat(file); return err == nil })
	for _, want := range []string{`ca_exchange_certificates{issuer="ca",state="Issued"} 1`,
		`ca_exchange_certificates{issuer="ca",state="Overdue"} 0`, "ca_exchange_requests_held 0",
		"ca_exchange_inbox_entries 1", `ca_exchange_hosts{state="Reporting"} 0`, `ca_exchange_hosts{state="Silent"} 0`,
		`ca_exchange_certificate_not_after_timestamp_seconds{issuer="ca",profile="server",node=""} `} {
		if text := readText(t, file); !strings.Contains(text, "\n"+want) {
			t.Errorf("no %s in:\n%s", want, text)
		}
	}

	x.run(0, "component-admin", "init", "--name", "web", "--trust", x.trust())
	x.run(0, "component-admin", "sync", "--metrics-file", "host.prom")
	seen := regexp.MustCompile(`(?m)^ca_exchange_component_last_sync_timestamp_seconds \d+$`)
	before := seen.FindString(readText(t, filepath.Join(x.dir, "host.prom")))
	x.run(0, "component-admin", "renew", "--exchange", "gone", "--metrics-file", "host.prom")
	after := seen.FindString(readText(t, filepath.Join(x.dir, "host.prom")))
	if before == "" || before != after {
		t.Errorf("last seen %q, without an exchange %q", before, after)
	}
	x.run(0, "component-admin", "renew", "--exchange", "gone", "--metrics-file", "new.prom")
	if text := readText(t, filepath.Join(x.dir, "new.prom")); seen.MatchString(text) {
		t.Errorf("an exchange that was never seen: %s", text)
	}
}
