package e2e_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ca-exchange/internal/request/requesttest"
)

// TestHostileEntries drops every hostile entry there is into one inbox that would issue anything harmless, and after
// them a good one: each is refused for its reason, none gets a certificate, and the good one is served.
func TestHostileEntries(t *testing.T) {
	t.Parallel()
	x := newExchange(t, build(t), "--trust-inbox")
	cases := requesttest.Hostile(t)
	if len(cases) < 180 {
		t.Fatalf("only %d hostile entries", len(cases))
	}
	var took time.Duration
	refuse := func(blocked bool) {
		for _, c := range cases {
			if (c.Blocked != "") == blocked {
				x.drop(c.Name+".csr", c.Entry)
			}
		}
		start := time.Now()
		x.ca(0, "sync", "--settle", "0s", "-q")
		took += time.Since(start)
		for _, c := range cases {
			if (c.Blocked != "") == blocked {
				checkRefused(x, c)
			}
		}
	}
	refuse(false)
	var list strings.Builder
	for _, c := range cases {
		if c.Blocked != "" {
			fmt.Fprintln(&list, c.Blocked)
		}
	}
	must(t, os.WriteFile(filepath.Join(x.dir, "ca", "blocked-keys"), []byte(list.String()), 0o600))
	refuse(true)
	if left, err := os.ReadDir(x.path("inbox")); err != nil || len(left) > 0 {
		t.Errorf("%d entries are left, %v", len(left), err)
	}
	good := requesttest.Good(t)[0]
	x.drop("good.csr", good.Entry)
	x.ca(0, "sync")
	if _, err := os.Stat(x.path("outbox", "good.crt")); err != nil && x.notice("good", "held") == nil {
		t.Errorf("after all that the good request has no answer: %v", err)
	}
	if text := x.ca(0, "list", "-o", "json"); strings.Count(text, `"serial"`) > 1 {
		t.Errorf("a hostile entry got a certificate:\n%s", text)
	}
	t.Logf("%d hostile entries refused in %s", len(cases), took.Round(time.Millisecond))
}

// TestGoodEntries: what real tools write, or could, is held unsigned, approved by a person, and openssl verifies the
// certificate.
func TestGoodEntries(t *testing.T) {
	long(t)
	t.Parallel()
	x := newExchange(t, build(t))
	cases := requesttest.Good(t)
	for _, c := range cases {
		x.drop(c.Name+".csr", c.Entry)
	}
	x.ca(0, "sync", "-q")
	served := 0
	for _, c := range cases {
		if denied := x.notice(c.Name, "denied"); denied != nil {
			// Well-formed, but a cover of another CA's, or half an identity of Kubernetes.
			if denied.Reason != "CoverTrust" && denied.Reason != "SubjectReserved" {
				t.Errorf("%s is denied: %v", c.Name, denied)
			}
			continue
		}
		served++
		x.approve(c.Name)
		out := x.run(0, "openssl", "verify", "-CAfile", "exchange/outbox/ca.crt", "exchange/outbox/"+c.Name+".crt")
		if !strings.Contains(out, "OK") {
			t.Errorf("%s: %s", c.Name, out)
		}
	}
	if served < 25 {
		t.Errorf("only %d of %d were served", served, len(cases))
	}
}
