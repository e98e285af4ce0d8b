package e2e_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestMigrate: every command names the one that brings a ledger of version 1 to this version; it keeps a copy, and
// nothing that was recorded is lost.
func TestMigrate(t *testing.T) {
	t.Parallel()
	x := newExchange(t, build(t))
	old, err := os.ReadFile("../internal/ledger/testdata/v1.db")
	must(t, err)
	path := filepath.Join(x.dir, "ca", "ledger.db")
	must(t, os.WriteFile(path, old, 0o600))
	for _, args := range [][]string{
		{"status"}, {"list"}, {"sync"}, {"pending"}, {"verify"}, {"clock"}, {"requesters"},
		{"approve", "--yes", "e3327f7022265858"},
	} {
		out := x.ca(1, args...)
		hint := "hint: end a running ca-admin watch, then: ca-admin migrate"
		if !strings.Contains(out, "ledger version 1\n") || !strings.Contains(out, hint) {
			t.Errorf("%q: %s", args, out)
		}
	}
	if out := x.ca(0, "migrate"); !strings.Contains(out, "the ledger as it was: "+path+".v1\n") {
		t.Errorf("migrate: %s", out)
	}
	x.ca(0, "verify")
	out := x.ca(0, "list", "--all", "--name", "*.example")
	if !strings.Contains(out, "01a4c9ced3e96ab13062210918430c7ae9") || strings.Contains(out, "web.test") {
		t.Errorf("list: %s", out)
	}
	if out := x.ca(0, "show", "01a4c9ced3e96ab13062210918430c7ae9"); !strings.Contains(out, `CN="www.example"`) {
		t.Errorf("show: %s", out)
	}
	if out := x.ca(0, "migrate"); !strings.Contains(out, "the ledger is of this version already") {
		t.Errorf("migrating twice: %s", out)
	}
}
