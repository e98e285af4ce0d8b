package main

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestPatiently: what answers is waited for, however long it takes; what hangs is given up, and so is what a person
// does not want to wait for.
func TestPatiently(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const limit = 200 * time.Millisecond
		hang := make(chan struct{})
		defer close(hang)
		want := errors.New("its own error")
		busy := func(alive func()) error {
			for range 6 {
				time.Sleep(limit / 2)
				alive()
			}
			return want
		}
		if err := patiently(t.Context(), "x", limit, busy); !errors.Is(err, want) {
			t.Errorf("what answers: %v", err)
		}
		stuck := func(alive func()) error { alive(); <-hang; return nil }
		err := patiently(t.Context(), "/mnt/my stick", limit, stuck)
		if err == nil || err.Error() != `the exchange "/mnt/my stick" does not answer` {
			t.Errorf("what hangs: %v", err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		begin := time.Now()
		err = patiently(ctx, "x", time.Hour, stuck)
		if err == nil || !strings.Contains(err.Error(), "does not answer") {
			t.Errorf("interrupted: %v", err)
		}
		if waited := time.Since(begin); waited > time.Minute {
			t.Errorf("it went on for %s after the interruption", waited)
		}
	})
}
