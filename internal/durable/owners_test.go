package durable

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestCheckProgram: whoever may write a program, a directory above it or what a link leads to chooses what runs.
func TestCheckProgram(t *testing.T) {
	for _, c := range []struct {
		name, want string
		change     func(t *testing.T, dir string)
	}{
		{"ours", "", func(*testing.T, string) {}},
		{"program", "others may write it", func(t *testing.T, dir string) { chmod(t, dir+"/bin/sign", 0o775) }},
		{"directory", "others may write it", func(t *testing.T, dir string) { chmod(t, dir+"/bin", 0o777) }},
		{"directory far above", "others may write it", func(t *testing.T, dir string) { chmod(t, dir, 0o770) }},
		{"sticky", "", func(t *testing.T, dir string) { chmod(t, dir, os.ModeSticky|0o777) }},
		{"link to what others write", "others may write it", func(t *testing.T, dir string) {
			must(t, os.Rename(dir+"/bin/sign", dir+"/real"))
			must(t, os.Symlink("../real", dir+"/bin/sign"))
			chmod(t, dir+"/real", 0o757)
		}},
		{"link", "", func(t *testing.T, dir string) {
			must(t, os.Rename(dir+"/bin", dir+"/lib"))
			must(t, os.Symlink(dir+"/lib", dir+"/bin"))
		}},
		{"circle", "too many links", func(t *testing.T, dir string) {
			must(t, os.Remove(dir+"/bin/sign"))
			must(t, os.Symlink("sign", dir+"/bin/sign"))
		}},
		{"missing", "no such file", func(t *testing.T, dir string) { must(t, os.Remove(dir+"/bin/sign")) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "a")
			must(t, os.MkdirAll(dir+"/bin", 0o755))
			must(t, os.WriteFile(dir+"/bin/sign", []byte("#!/bin/sh\n"), 0o755))
			c.change(t, dir)
			err := CheckProgram(dir + "/bin/sign")
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestCheckProgramOfAnother(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give files away")
	}
	file := filepath.Join(t.TempDir(), "sign")
	must(t, os.WriteFile(file, nil, 0o755))
	must(t, os.Chown(file, 12345, 12345))
	if err := CheckProgram(file); err == nil || !strings.Contains(err.Error(), "belongs to user 12345") {
		t.Errorf("%v", err)
	}
}

func chmod(t *testing.T, path string, mode os.FileMode) {
	t.Helper()
	must(t, os.Chmod(path, mode))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
