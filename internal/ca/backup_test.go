package ca

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestBackup: a backup has mode 0600 and every file but those of running processes; restored it is the same CA.
func TestBackup(t *testing.T) {
	c := headFixture(t)
	logged(t, c)
	if err := os.WriteFile(filepath.Join(c.dir.Path(), lockFile), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "ca.tar")
	m, err := c.Backup(t.Context(), file, AllKeys)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := namesOf(m), "ca.crt ca.key head-secret ledger.db policy.yaml"; got != want {
		t.Errorf("the backup holds %s, not %s", got, want)
	}
	if info, err := os.Stat(file); err != nil || info.Mode() != 0o600 {
		t.Errorf("the backup: %v, %v", info.Mode(), err)
	}
	if _, err := c.Backup(t.Context(), file, AllKeys); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a backup over another: %v", err)
	}
	inside := filepath.Join(c.dir.Path(), "ca.tar")
	if _, err := c.Backup(t.Context(), inside, AllKeys); !errors.Is(err, ErrInside) {
		t.Errorf("a backup in the CA directory: %v", err)
	}
	noTemporaries(t, c.dir.Path())
	logged(t, c) // after the backup
	to := filepath.Join(t.TempDir(), "below", "ca")
	back, err := Restore(t.Context(), file, to, Wanted{}, c.Settings)
	if err != nil || len(back.MissingKeys) > 0 {
		t.Fatal(err, back.MissingKeys)
	}
	other, err := Open(to, c.Settings)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if err := other.Unlock(); err != nil {
		t.Error(err)
	}
	if _, err := other.CheckHead(t.Context(), []byte(presented(t, c))); !errors.Is(err, ErrBehind) {
		t.Errorf("the newer head of the other directory: %v", err)
	}
	if _, err := Restore(t.Context(), file, to, Wanted{}, c.Settings); !errors.Is(err, ErrExists) {
		t.Errorf("restored over a CA directory: %v", err)
	}
}

func namesOf(m Manifest) string {
	var names []string
	for _, f := range m.Files {
		names = append(names, f.Name)
	}
	return strings.Join(names, " ")
}

func noTemporaries(t *testing.T, directory string) {
	t.Helper()
	if left, _ := filepath.Glob(filepath.Join(directory, ".ca-exchange-*")); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

// TestBackupWithoutKeys: restore names the places of the keys that are missing.
func TestBackupWithoutKeys(t *testing.T) {
	c := headFixture(t)
	file, to := filepath.Join(t.TempDir(), "ca.tar"), filepath.Join(t.TempDir(), "ca")
	m, err := c.Backup(t.Context(), file, NoKeys)
	if err != nil || strings.Contains(namesOf(m), ".key") {
		t.Fatal(err, namesOf(m))
	}
	back, err := Restore(t.Context(), file, to, Wanted{}, c.Settings)
	if want := []string{filepath.Join(to, "ca.key")}; err != nil || !slices.Equal(back.MissingKeys, want) {
		t.Errorf("%v, missing %q", err, back.MissingKeys)
	}
}

// TestRestoreAltered: whatever was done to a backup, nothing of it gets the name of a CA directory.
func TestRestoreAltered(t *testing.T) {
	c, other := headFixture(t), headFixture(t)
	file := filepath.Join(t.TempDir(), "ca.tar")
	if _, err := c.Backup(t.Context(), file, AllKeys); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := os.ReadFile(filepath.Join(other.dir.Path(), "ca.key"))
	if err != nil {
		t.Fatal(err)
	}
	anchor := Anchor{Sequence: 1, Hash: strings.Repeat("0", 64)}
	for _, test := range []struct {
		name   string
		bytes  []byte
		anchor Anchor
		want   string
	}{
		{"empty", nil, Anchor{}, "it is not a backup of ca-admin"},
		{"text", bytes.Repeat([]byte("text "), 500), Anchor{}, "it is not a backup of ca-admin: archive/tar: invalid"},
		{"cut", whole[:len(whole)-8<<10], Anchor{}, "the backup is damaged"},
		{"a byte", altered(whole, []byte("kind: Policy"), []byte("kind: policy")), Anchor{},
			"the backup is damaged: policy.yaml has "},
		{"a file more", repacked(t, whole, func(n string, b []byte) (string, []byte) { return n, b }, "more"), Anchor{},
			"the backup is damaged: more has 1 bytes"},
		{"a file less", repacked(t, whole, func(n string, b []byte) (string, []byte) {
			if n == secretFile {
				return "", nil
			}
			return n, b
		}), Anchor{}, "the backup is damaged: ledger.db has "},
		{"outside", repacked(t, whole, func(n string, b []byte) (string, []byte) { return "../" + n, b }), Anchor{},
			`it is not a backup of ca-admin: "../ca.crt" is not an ordinary file below the CA directory`},
		{"another's key", consistent(t, whole, "ca.key", foreign), Anchor{}, "does not"},
		{"another's head", whole, anchor, "event 1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			at := filepath.Join(t.TempDir(), "b.tar")
			if err := os.WriteFile(at, test.bytes, 0o600); err != nil {
				t.Fatal(err)
			}
			to := filepath.Join(t.TempDir(), "ca")
			_, err := Restore(t.Context(), at, to, Wanted{Anchor: test.anchor}, c.Settings)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v, not %q", err, test.want)
			}
			if _, err := os.Stat(to); !errors.Is(err, fs.ErrNotExist) {
				t.Error("there is a CA directory")
			}
			noTemporaries(t, filepath.Dir(to))
		})
	}
}

func altered(whole, old, fresh []byte) []byte { return bytes.Replace(whole, old, fresh, 1) }

// repacked changes the names and bytes of the files in a tar; those without a name go, and more come first.
func repacked(t *testing.T, whole []byte, change func(string, []byte) (string, []byte), more ...string) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	put := func(name string, content []byte) {
		if err := w.WriteHeader(header(name, int64(len(content)), time.Time{})); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(content); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range more {
		put(name, []byte("x"))
	}
	for r := tar.NewReader(bytes.NewReader(whole)); ; {
		h, err := r.Next()
		if err == io.EOF {
			break
		}
		content, readErr := io.ReadAll(r)
		if err := errors.Join(err, readErr); err != nil {
			t.Fatal(err)
		}
		if name, content := change(h.Name, content); name != "" {
			put(name, content)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// consistent is a backup with other bytes in a file, and a manifest that says so: whoever can write a backup can.
func consistent(t *testing.T, whole []byte, file string, content []byte) []byte {
	t.Helper()
	directory := t.TempDir()
	m, err := unpackInto(bytes.NewReader(whole), directory)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(directory, file), content, 0o600); err != nil {
		t.Fatal(err)
	}
	var sources []source
	for _, f := range m.Files {
		sources = append(sources, source{f.Name, filepath.Join(directory, f.Name)})
	}
	m.Files = nil
	var out bytes.Buffer
	if err := pack(&out, &m, sources); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
