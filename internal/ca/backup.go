package ca

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"ca-exchange/internal/durable"
	"ca-exchange/internal/refusal"
)

// Manifest is the last file of a backup: what the backup holds.
type Manifest struct {
	APIVersion string       `json:"apiVersion"`
	Kind       string       `json:"kind"` // BackupManifest
	Time       time.Time    `json:"time"`
	Trust      string       `json:"trust"` // fingerprint of the issuers
	Head       string       `json:"head"`  // the ledger's last event, SEQ:HASH
	Keys       bool         `json:"keys"`  // whether issuers' keys are in it
	Files      []BackupFile `json:"files"`
}

// BackupFile is a file of a backup.
type BackupFile struct {
	Name   string `json:"name"` // below the CA directory, with slashes
	Size   int64  `json:"size"` // bytes
	SHA256 string `json:"sha256"`
}

// BackupKeys is which of the issuers' keys a backup holds.
type BackupKeys int

const (
	NoKeys        BackupKeys = iota // none
	EncryptedKeys                   // all; ErrPlainKey where one is not encrypted
	AllKeys                         // all, as they are
)

// ErrPlainKey means that a key would be in a backup that is not encrypted.
var ErrPlainKey = errors.New("the key is not encrypted")

// Backup writes the CA directory as it is to a new file, mode 0600 (fs.ErrExist where the name is taken), beside a
// running watch. The order:
//
//  1. The ledger, as of one moment, to a temporary file in the CA directory. The other files are read after it: who was
//     unenrolled and which keys were blocked meanwhile is in the backup, never the other way round.
//  2. All files to a temporary file beside the backup's name, fsync.
//  3. It is read back, and each file is held against the manifest.
//  4. Rename to the name, fsync of the directory: a file of that name is whole.
func (c *CA) Backup(ctx context.Context, file string, keys BackupKeys) (m Manifest, err error) {
	into, err := durable.Open(filepath.Dir(file))
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, into.Close()) }()
	if within(c.dir.Path(), file) {
		return m, fmt.Errorf("%w: %q", ErrInside, file)
	}
	name := filepath.Base(file)
	if _, err := into.Stat(name); err == nil {
		return m, &fs.PathError{Op: "backup", Path: file, Err: fs.ErrExist}
	}
	// Others may write meanwhile, so the ledger is not read where it lies.
	copied, err := os.CreateTemp(c.dir.Path(), ".ca-exchange-*.tmp") // 0600; a pass sweeps what a killed one leaves
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, copied.Close(), os.Remove(copied.Name())) }()
	head, err := c.ledger.Snapshot(ctx, copied.Name())
	if err != nil {
		return m, err
	}
	m = Manifest{APIVersion: refusal.APIVersion, Kind: manifestKind, Time: c.Now().UTC().Truncate(time.Second),
		Trust: c.Trust().Fingerprint, Head: fmt.Sprintf("%d:%s", head.Seq, head.Hash)}
	sources, err := c.backupSources(copied.Name())
	if err == nil {
		sources, m.Keys, err = withKeys(sources, keys)
	}
	if err != nil {
		return m, err
	}
	temporary, err := writeBackup(into.Path(), &m, sources)
	if err != nil {
		return m, fmt.Errorf("backing up to %q: %w", file, err)
	}
	if err := into.RenameNew(filepath.Base(temporary), into, name); err != nil {
		return m, errors.Join(err, os.Remove(temporary))
	}
	return m, into.Sync()
}

// ErrInside means that a backup would lie in the directory that it is of: the next one would hold it.
var ErrInside = errors.New("a backup does not belong in the CA directory")

func within(directory, file string) bool {
	absolute, err := filepath.Abs(file)
	if err != nil {
		return false
	}
	below, err := filepath.Rel(directory, absolute)
	return err == nil && filepath.IsLocal(below)
}

// source is a file that is to be backed up: its name in the backup, and where it lies.
type source struct{ name, path string }

// backupSources lists the files of the CA directory, sorted, with the copy of the ledger in its place. What is no
// ordinary file is no file of the CA: nothing here is read through a link.
func (c *CA) backupSources(ledgerCopy string) ([]source, error) {
	all := []source{{ledgerFile, ledgerCopy}}
	root := c.dir.Path()
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		if !leftOut(filepath.ToSlash(name)) {
			all = append(all, source{filepath.ToSlash(name), path})
		}
		return nil
	})
	slices.SortFunc(all, func(a, b source) int { return strings.Compare(a.name, b.name) })
	return all, err
}

// leftOut is what belongs to running processes, and other copies of the ledger.
func leftOut(name string) bool {
	switch {
	case name == lockFile, name == watchFile, durable.IsTemporary(filepath.Base(name)):
		return true
	case strings.HasPrefix(name, ledgerFile): // -wal, -shm, what migrate kept; the ledger itself is copied
		return true
	}
	return false
}

// watchFile is the state of a running watch, which means nothing later.
const watchFile = "watch.json"

// writeBackup writes a backup to a temporary file in a directory, reads it back, and gives its path.
func writeBackup(directory string, m *Manifest, sources []source) (path string, err error) {
	f, err := os.CreateTemp(directory, ".ca-exchange-*.tmp") // 0600
	if err != nil {
		return "", err
	}
	defer func() {
		err = errors.Join(err, f.Close())
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	if err := pack(f, m, sources); err != nil {
		return "", err
	}
	if err := f.Sync(); err != nil {
		return "", err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return "", err
	}
	_, err = unpack(f, func(_ string, content io.Reader) error {
		_, err := io.Copy(io.Discard, content)
		return err
	})
	return f.Name(), err
}
