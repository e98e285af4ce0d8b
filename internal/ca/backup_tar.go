package ca

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"ca-exchange/internal/refusal"
)

const (
	manifestName = "manifest.json"
	manifestKind = "BackupManifest"
)

var (
	// ErrNotBackup means that a file is none that Backup wrote.
	ErrNotBackup = errors.New("it is not a backup of ca-admin")
	// ErrDamaged means that a backup is not as it was written.
	ErrDamaged = errors.New("the backup is damaged")
)

// pack writes the files as a tar (POSIX.1-2001, modes 0600), and the manifest, which it completes, as the last one: so
// each file is read once, and what is hashed is what is written.
func pack(w io.Writer, m *Manifest, sources []source) error {
	t := tar.NewWriter(w)
	for _, s := range sources {
		packed, err := packFile(t, s, m.Time)
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		m.Files = append(m.Files, packed)
	}
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	if err := t.WriteHeader(header(manifestName, int64(len(text)), m.Time)); err != nil {
		return err
	}
	if _, err := t.Write(text); err != nil {
		return err
	}
	return t.Close()
}

func packFile(t *tar.Writer, s source, at time.Time) (b BackupFile, err error) {
	f, err := os.Open(s.path)
	if err != nil {
		return b, err
	}
	defer f.Close()
	// A file that is replaced meanwhile stays the same behind this descriptor. One that shrinks or grows is an error
	// of the tar.
	info, err := f.Stat()
	if err != nil {
		return b, err
	}
	if err := t.WriteHeader(header(s.name, info.Size(), at)); err != nil {
		return b, err
	}
	sum := sha256.New()
	size, err := io.Copy(io.MultiWriter(t, sum), f)
	if err != nil {
		return b, err
	}
	return BackupFile{Name: s.name, Size: size, SHA256: hex.EncodeToString(sum.Sum(nil))}, t.Flush()
}

func header(name string, size int64, at time.Time) *tar.Header {
	return &tar.Header{Typeflag: tar.TypeReg, Name: name, Size: size, Mode: 0o600, ModTime: at}
}

// unpack reads a backup to its end, gives each file to put, and gives the manifest where all files are what it says.
// Nothing that put got may be believed before.
func unpack(r io.Reader, put func(name string, content io.Reader) error) (m Manifest, err error) {
	var read []BackupFile
	for t := tar.NewReader(r); ; {
		h, err := t.Next()
		switch {
		case err == io.EOF && len(read) == 0:
			return m, ErrNotBackup
		case err == io.EOF:
			return m, fmt.Errorf("%w: it ends before %s", ErrDamaged, manifestName)
		case err != nil && len(read) == 0:
			return m, fmt.Errorf("%w: %w", ErrNotBackup, err)
		case err != nil:
			return m, fmt.Errorf("%w: %w", ErrDamaged, err)
		case h.Typeflag != tar.TypeReg || !filepath.IsLocal(h.Name):
			return m, fmt.Errorf("%w: %q is not an ordinary file below the CA directory", ErrNotBackup, h.Name)
		case h.Name == manifestName:
			if m, err = parseManifest(t); err != nil {
				return m, err
			}
			return m, m.compare(read)
		}
		sum := sha256.New()
		err = put(h.Name, io.TeeReader(t, sum))
		if errors.Is(err, io.ErrUnexpectedEOF) { // put only copies: the backup ends there
			err = fmt.Errorf("%w: %w", ErrDamaged, err)
		}
		if err != nil {
			return m, fmt.Errorf("%s: %w", h.Name, err)
		}
		read = append(read, BackupFile{Name: h.Name, Size: h.Size, SHA256: hex.EncodeToString(sum.Sum(nil))})
	}
}

func parseManifest(r io.Reader) (m Manifest, err error) {
	text, err := io.ReadAll(io.LimitReader(r, sizeLimit))
	if err != nil {
		return m, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&m); err != nil {
		return m, fmt.Errorf("%w: %s: %w", ErrDamaged, manifestName, err)
	}
	if m.APIVersion != refusal.APIVersion || m.Kind != manifestKind {
		return m, fmt.Errorf("%w: %s is a %q of %q", ErrNotBackup, manifestName, m.Kind, m.APIVersion)
	}
	return m, nil
}

// compare holds the files that were read against the manifest.
func (m Manifest) compare(read []BackupFile) error {
	for i, want := range m.Files {
		if i >= len(read) {
			return fmt.Errorf("%w: %s is missing", ErrDamaged, want.Name)
		}
		if got := read[i]; got != want {
			return fmt.Errorf("%w: %s has %d bytes of SHA-256 %s, the manifest says %s with %d bytes of SHA-256 %s",
				ErrDamaged, got.Name, got.Size, got.SHA256, want.Name, want.Size, want.SHA256)
		}
	}
	if len(read) > len(m.Files) {
		return fmt.Errorf("%w: the manifest does not name %s", ErrDamaged, read[len(m.Files)].Name)
	}
	if !slices.ContainsFunc(m.Files, func(f BackupFile) bool { return f.Name == ledgerFile }) {
		return fmt.Errorf("%w: it has no %s", ErrNotBackup, ledgerFile)
	}
	return nil
}
