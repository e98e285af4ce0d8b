package e2e_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ca-exchange/internal/pki"
	"ca-exchange/internal/request"
	"ca-exchange/internal/request/requesttest"
)

// TestScreens looks at every screen that shows what came from the exchange: nothing but printable ASCII (and our own
// ellipsis) reaches a terminal, a table, a log or JSON, whatever the entries hold.
func TestScreens(t *testing.T) {
	long(t)
	t.Parallel()
	x := newExchange(t, build(t))
	check := []string{"check"}
	for _, c := range append(requesttest.Hostile(t), requesttest.Good(t)...) {
		file := filepath.Join(x.dir, c.Name+".csr")
		must(t, os.WriteFile(file, c.Entry, 0o644))
		check = append(check, file)
		x.drop(c.Name+".csr", c.Entry)
	}
	x.drop("\x1b]0;owned\a\u202e.csr", []byte("-----BEGIN \x1b[2J-----\n-----END \x1b[2J-----\n"))
	x.checkPlain("check", x.ca(4, check...))
	x.checkPlain("the log", x.ca(0, "sync", "--settle", "0s"))
	for _, c := range requesttest.Good(t) {
		x.drop("again-"+c.Name+".csr", c.Entry)
	}
	x.checkPlain("the JSON log", x.ca(3, "sync", "--settle", "0s", "--log-format", "json"))
	x.checkPlain("pending", x.ca(0, "pending"))
	x.checkPlain("pending -o json", x.ca(0, "pending", "-o", "json"))
	x.checkPlain("status", x.ca(0, "status"))
	for _, c := range requesttest.Good(t) {
		if x.notice(c.Name, "held") == nil {
			continue
		}
		x.checkPlain("show "+c.Name, x.ca(0, "show", c.Name))
		x.checkPlain("show -o json "+c.Name, x.ca(0, "show", c.Name, "-o", "json"))
		x.approve(c.Name)
	}
	x.checkPlain("list", x.ca(0, "list"))
	x.checkPlain("list -o json", x.ca(0, "list", "-o", "json"))
	answers, err := filepath.Glob(x.path("outbox", "*.crt"))
	must(t, err)
	for _, file := range answers {
		x.checkPlain("show "+file, x.ca(0, "show", file))
	}
}

// TestGuardedFirst: what an identity amounts to stands above everything else that is shown of it, the id below.
func TestGuardedFirst(t *testing.T) {
	t.Parallel()
	x := newExchange(t, build(t))
	key, err := pki.ECDSAP256.Generate()
	must(t, err)
	csr, err := request.Create(key, "kubernetes-super-admin", []string{"system:masters"}, pki.Names{})
	must(t, err)
	x.drop("root.csr", request.Encode(nil, csr))
	x.ca(0, "sync")
	lines := strings.Split(strings.TrimSpace(x.ca(0, "show", "root")), "\n")
	if !strings.HasPrefix(lines[1], "GUARDED: ") {
		t.Errorf("the second line is %q", lines[1])
	}
	out := x.ca(0, "approve", x.id("root"), "--yes")
	if !strings.HasPrefix(out, "GUARDED: ") || strings.Index(out, "request id") < strings.Index(out, "usages") {
		t.Errorf("approve shows\n%s", out)
	}
}
