package ca

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"ca-exchange/internal/durable"
	"ca-exchange/internal/pki"
)

// Restored is what came out of a backup.
type Restored struct {
	Manifest
	Exchanges   []Place  // that the CA served
	MissingKeys []string // paths at which the issuers' keys are expected
}

// Wanted is what a restore needs beyond the backup.
type Wanted struct {
	Anchor Anchor
	Key    func(issuer string) (file string, err error) // of a key that the backup lacks; "": it comes later
}

// Anchor is an event that a ledger must have; the zero value is none.
type Anchor struct {
	Sequence int64
	Hash     string // hex
}

// Restore makes a CA directory of a backup: whole, or not at all. ErrExists says that one stands there, which is never
// touched. Before the directory gets its name each file is held against the manifest, the ledger's chain is verified,
// with the anchor in it, and each key that is not encrypted is held against its issuer's certificate.
func Restore(ctx context.Context, file, directory string, w Wanted, s Settings) (r Restored, err error) {
	f, err := os.Open(file)
	if err != nil {
		return r, err
	}
	defer f.Close()
	if err := checkFree(directory); err != nil {
		return r, err
	}
	parent := filepath.Dir(filepath.Clean(directory))
	if err := durable.MakeAll(parent, 0o755); err != nil {
		return r, err
	}
	building, err := os.MkdirTemp(parent, ".ca-exchange-*.tmp") // 0700
	if err != nil {
		return r, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("restoring %q: %w", file, err), os.RemoveAll(building))
		}
	}()
	if r.Manifest, err = unpackInto(f, building); err != nil {
		return r, err
	}
	if err := r.examine(ctx, building, w, s); err != nil {
		return r, err
	}
	for i, missing := range r.MissingKeys {
		r.MissingKeys[i] = filepath.Join(directory, missing)
	}
	if err := os.Rename(building, directory); err != nil {
		return r, err
	}
	return r, durable.SyncDir(parent)
}

// checkFree reports whether a CA directory can be made at a path: nothing is there, or an empty directory.
func checkFree(directory string) error {
	entries, err := os.ReadDir(directory)
	switch {
	case err == nil && len(entries) > 0:
		return fmt.Errorf("%w: %q", ErrExists, directory)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return err
	}
	return nil
}

// unpackInto writes the files of a backup below a directory, durably, mode 0600.
func unpackInto(r io.Reader, directory string) (m Manifest, err error) {
	root, err := os.OpenRoot(directory)
	if err != nil {
		return m, err
	}
	defer root.Close()
	made := map[string]bool{".": true}
	m, err = unpack(r, func(name string, content io.Reader) error {
		below := path.Dir(name)
		if err := root.MkdirAll(below, 0o700); err != nil {
			return err
		}
		made[below] = true
		f, err := root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		_, err = io.Copy(f, content)
		return errors.Join(err, f.Sync(), f.Close())
	})
	if err != nil {
		return m, err
	}
	for below := range made {
		if err := durable.SyncDir(filepath.Join(directory, below)); err != nil {
			return m, err
		}
	}
	return m, nil
}

// examine opens the CA directory as any command does, and holds it against the manifest and against itself.
func (r *Restored) examine(ctx context.Context, directory string, w Wanted, s Settings) (err error) {
	c, err := Open(directory, s)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	if c.Trust().Fingerprint != r.Trust {
		return fmt.Errorf("%w: the issuers have trust fingerprint %s, the manifest says %s", ErrDamaged,
			c.Trust().Fingerprint, r.Trust)
	}
	head, err := c.ledger.Head(ctx)
	if err != nil {
		return err
	}
	if got := fmt.Sprintf("%d:%s", head.Seq, head.Hash); got != r.Head {
		return fmt.Errorf("%w: the ledger ends with %s, the manifest says %s", ErrDamaged, got, r.Head)
	}
	if err := c.ledger.Verify(ctx, w.Anchor.Sequence, w.Anchor.Hash); err != nil {
		return err
	}
	for _, a := range c.Trust().Authorities {
		if err := fetchKey(c, a.Name, w); err != nil {
			return err
		}
		sub, _, key := issuerFiles(a.Name)
		switch _, err := c.loadIssuer(a, nil); { // what is encrypted stays so
		case errors.Is(err, fs.ErrNotExist):
			r.MissingKeys = append(r.MissingKeys, filepath.Join(sub, key))
		case err != nil && !errors.Is(err, pki.ErrEncrypted):
			return err
		}
	}
	r.Exchanges, err = c.Exchanges()
	return err
}

// fetchKey copies the key of an issuer into a CA directory that lacks it, from where somebody says it is.
func fetchKey(c *CA, issuer string, w Wanted) error {
	if protection, err := c.Protection(issuer); err != nil || protection != Missing || w.Key == nil {
		return err
	}
	from, err := w.Key(issuer)
	if err != nil || from == "" {
		return err
	}
	text, err := firstBytes(from)
	if err != nil {
		return err
	}
	sub, _, file := issuerFiles(issuer)
	dir, done, err := below(c.dir, sub)
	if err != nil {
		return err
	}
	defer done()
	return dir.Create(file, text, 0o600)
}
