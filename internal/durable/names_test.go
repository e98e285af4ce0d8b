package durable_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestNamesOfManyAndOdd(t *testing.T) {
	root := t.TempDir()
	d := open(t, root)
	odd := []string{"plain", "with space", "-dash", "\x1b[31m", "bad\xffutf8", strings.Repeat("n", 255), "new\nline"}
	for i := range 2000 {
		odd = append(odd, fmt.Sprintf("entry-%05d.csr", i))
	}
	for _, name := range odd {
		if err := os.WriteFile(filepath.Join(root, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	seen := map[string]bool{}
	for n, err := range d.Names() {
		if err != nil {
			t.Fatal(err)
		}
		if n.Type != 0 || seen[n.Name] {
			t.Errorf("%q: type %v, seen %v", n.Name, n.Type, seen[n.Name])
		}
		seen[n.Name] = true
	}
	if len(seen) != len(odd) {
		t.Errorf("%d names, want %d", len(seen), len(odd))
	}
	for range d.Names() { // a walk may be left early, and another begins at the start
		break
	}
}

func TestSweep(t *testing.T) {
	root := t.TempDir()
	d := open(t, root)
	for _, name := range []string{".ca-exchange-abc.tmp", ".ca-exchange-abc.csr", "x.tmp"} {
		if err := os.WriteFile(filepath.Join(root, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(root, ".ca-exchange-dir.tmp"), 0o700); err != nil {
		t.Fatal(err)
	}
	count := func() (n int) {
		for range d.Names() {
			n++
		}
		return n
	}
	if err := d.Sweep(time.Now(), time.Hour); err != nil || count() != 4 {
		t.Errorf("young temporaries: %d left, %v", count(), err)
	}
	if err := d.Sweep(time.Now().Add(2*time.Hour), time.Hour); err != nil || count() != 2 {
		t.Errorf("old temporaries: %d left, %v", count(), err)
	}
}
