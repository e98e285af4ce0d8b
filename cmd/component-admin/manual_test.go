package main

import (
	"testing"

	"ca-exchange/internal/manual/manualtest"
)

// TestManual: the manual page and the completions below packaging say what the program takes.
func TestManual(t *testing.T) { manualtest.Written(t, "../..", "component-admin", about, &commands{}) }
