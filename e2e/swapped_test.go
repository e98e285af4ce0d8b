package e2e_test

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"ca-exchange/internal/durable"
)

// swapping is a System on which somebody does something just before an answered entry is taken aside.
type swapping struct {
	durable.System
	first  sync.Once
	before func()
}

func (s *swapping) RenameNew(oldDir int, old string, newDir int, name string) error {
	if strings.HasSuffix(old, ".csr") && strings.HasPrefix(name, ".ca-exchange-aside-") {
		s.first.Do(s.before)
	}
	return s.System.RenameNew(oldDir, old, newDir, name)
}

// TestSwappedEntryIsServed: an entry that is replaced between its answer and its removal is put back, and answered in
// the next pass.
func TestSwappedEntryIsServed(t *testing.T) {
	w := newFlow(t)
	entry := w.path("exchange/inbox/www.csr")
	first, second := serverRequest(t, "first"), serverRequest(t, "second")
	must(t, os.WriteFile(entry, first, 0o644))
	swapped := false
	system := &swapping{System: durable.Kernel{}, before: func() {
		swapped = true
		must(t, os.WriteFile(entry, second, 0o644))
	}}
	restore := durable.Swap(system)
	err := w.answer(t.Context())
	restore()
	must(t, err)
	if !swapped {
		t.Fatal("no entry was taken aside")
	}
	if now, err := os.ReadFile(entry); err != nil || string(now) != string(second) {
		t.Fatalf("the second request is not put back: %q, %v", now, err)
	}
	must(t, w.answer(t.Context()))
	answers, err := filepath.Glob(w.path("exchange/outbox/www*.crt"))
	must(t, err)
	if len(answers) != 2 {
		t.Errorf("two requests were answered by %q", answers)
	}
	if _, err := os.Stat(entry); err == nil {
		t.Error("the second request is answered and not removed")
	}
}
