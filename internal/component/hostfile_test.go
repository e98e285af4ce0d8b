package component

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"ca-exchange/internal/pki"
)

// TestDoctorOfOddFiles: no file of the host makes the doctor wait, or read without an end.
func TestDoctorOfOddFiles(t *testing.T) {
	for name, make := range map[string]func(file string) error{
		"a FIFO":      func(file string) error { return unix.Mkfifo(file, 0o600) },
		"a directory": func(file string) error { return os.Mkdir(file, 0o700) },
		"/dev/zero":   func(file string) error { return os.Symlink("/dev/zero", file) },
		"too large": func(file string) error {
			return os.WriteFile(file, nil, 0o600)
		},
	} {
		h := hostOf(t, clusterFile)
		h.setUp()
		for _, file := range []string{"pki/apiserver.crt", "pki/etcd/server.crt", "scheduler.conf"} {
			path := filepath.Join(h.Path, file)
			must(t, os.Remove(path))
			must(t, make(path))
			if name == "too large" {
				must(t, os.Truncate(path, 2*pki.MaxCRLSize+1))
			}
		}
		want := "is not a regular file"
		if name == "too large" {
			want = "is larger than allowed"
		}
		if got := h.examine(); strings.Count(got, want) != 3 {
			t.Errorf("%s: %s", name, got)
		}
	}
}
