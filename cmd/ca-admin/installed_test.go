package main

import (
	"testing"

	"ca-exchange/internal/ca"
)

// TestInstalledCells: a file as a host's report names it reaches no terminal raw, in CSV neither.
func TestInstalledCells(t *testing.T) {
	for file, want := range map[string]string{
		"pki/apiserver.crt": "pki/apiserver.crt", "": "", "pki/\x1b[2J\u202e.crt": `"pki/\x1b[2J\u202e.crt"`,
	} {
		cells := certificate{installed: &ca.Installation{File: file}}.installedCells()
		if got := cells[len(cells)-1]; got != want {
			t.Errorf("file %q is the cell %q", file, got)
		}
	}
}
