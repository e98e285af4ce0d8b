package cmd_test

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
	x := newExchange(t, build(t))
	check := []string{"check"}
	for _, c := range append(requesttest.Hostile(t), requesttest.Good(t)...) {
		file := filepath.Join(x.dir, c.Name+".csr")
		must(t, os.WriteFile(file, c.Entry, 0o644))
		check = append(check, file)
		x.drop(c.Name+".csr", c.Entry)
	}
	x.drop("\x1b]0;owned\a\u202e.csr", []byte("-----BEGIN \x1b[2J-----\n-----END \x1b[2J-----\n"))
	x.plain("check", x.ca(4, check...))
	x.plain("the log", x.ca(0, "sync", "--settle", "0s"))
	for _, c := range requesttest.Good(t) {
		x.drop("again-"+c.Name+".csr", c.Entry)
	}
	x.plain("the JSON log", x.ca(0, "sync", "--settle", "0s", "--log-format", "json"))
	x.plain("pending", x.ca(0, "pending"))
	x.plain("pending -o json", x.ca(0, "pending", "-o", "json"))
	x.plain("status", x.ca(0, "status"))
	for _, c := range requesttest.Good(t) {
		if x.notice(c.Name, "held") == nil {
			continue
		}
		x.plain("show "+c.Name, x.ca(0, "show", c.Name))
		x.plain("show -o json "+c.Name, x.ca(0, "show", c.Name, "-o", "json"))
		x.approve(c.Name)
	}
	x.plain("list", x.ca(0, "list"))
	x.plain("list -o json", x.ca(0, "list", "-o", "json"))
	answers, err := filepath.Glob(x.path("outbox", "*.crt"))
	must(t, err)
	for _, file := range answers {
		x.plain("show "+file, x.ca(0, "show", file))
	}
}

func (x *exchange) plain(what, text string) {
	x.Helper()
	if i := strings.IndexFunc(text, func(r rune) bool { return r != '\n' && r != '…' && r != '²' && (r < 0x20 || r > 0x7e) }); i >= 0 {
		x.Errorf("%s: raw output %q", what, text[max(0, i-40):min(len(text), i+40)])
	}
}

// TestGuardedFirst: what an identity amounts to stands above everything else that is shown of it, the id below.
func TestGuardedFirst(t *testing.T) {
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
	out := x.ca(0, "approve", "root", "--yes")
	if !strings.HasPrefix(out, "GUARDED: ") || strings.Index(out, "request id") < strings.Index(out, "usages") {
		t.Errorf("approve shows\n%s", out)
	}
}
