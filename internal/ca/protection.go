package ca

import (
	"cmp"
	"crypto"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"ca-exchange/internal/durable"
	"ca-exchange/internal/pki"
)

// Protection is what guards an issuer's key at rest.
type Protection string

// The protections of a key.
const (
	Plain     Protection = "Plain"     // whoever reads the file has the key
	Encrypted Protection = "Encrypted" // the file needs a passphrase
	Agent     Protection = "Agent"     // an agent has it, see signers.yaml
	Exec      Protection = "Exec"      // a program has it signed for, see signers.yaml
	Missing   Protection = "Missing"   // there is no file, as after a restore without keys
)

// Protection looks at signers.yaml and at the file of an issuer's key.
func (c *CA) Protection(issuer string) (Protection, error) {
	signers, err := c.Signers()
	if err != nil {
		return "", err
	}
	if s, ok := signers.Signers[issuer]; ok && len(s.Exec) > 0 {
		return Exec, nil
	} else if ok {
		return Agent, nil
	}
	sub, _, file := issuerFiles(issuer)
	text, err := readBelow(c.dir, sub, file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Missing, nil
	case err != nil:
		return "", err
	case pki.IsEncrypted(text):
		return Encrypted, nil
	}
	return Plain, nil
}

// Guard says how a key is to be kept from now on: encrypted under a passphrase, or plain where that is nil.
type Guard struct {
	Passphrase []byte
	KDF        pki.KDF // pki.Scrypt where it is ""
}

// Encode writes a key as the guard says.
func (g Guard) Encode(key crypto.Signer) ([]byte, error) {
	if g.Passphrase == nil {
		return pki.EncodePrivateKey(key)
	}
	return pki.EncryptPrivateKey(key, g.Passphrase, cmp.Or(g.KDF, pki.Scrypt))
}

// ErrElsewhere means that a key is not in the CA directory.
var ErrElsewhere = errors.New("its key is not in a file here")

// temporaryAge is how old a file must be that a killed Protect left, and another one removes.
const temporaryAge = time.Minute

// Protect writes an issuer's key again as the guard says. A kill leaves the old file or the new one, each whole: the
// new one has its name only once it was read back, decrypted and compared with the issuer's certificate. Where it was
// interrupted between two issuers, it is run again: a key that the new passphrase decrypts needs no other.
func (c *CA) Protect(issuer string, g Guard) error {
	a, ok := c.Trust().Authority(issuer)
	if !ok || a.Name != issuer {
		return fmt.Errorf("no issuer %q in %q", issuer, c.dir.Path())
	}
	protection, err := c.Protection(issuer)
	if err != nil {
		return err
	}
	if protection == Agent || protection == Exec {
		return fmt.Errorf("issuer %q: %w", issuer, ErrElsewhere)
	}
	sub, _, file := issuerFiles(issuer)
	dir, done, err := below(c.dir, sub)
	if err != nil {
		return err
	}
	defer done()
	text, _, err := dir.Read(file, sizeLimit)
	if err != nil {
		return err
	}
	place := c.KeyFile(issuer)
	key, _, err := ParseKey(text, place, g.orElse(c.Passphrase))
	if err == nil {
		_, err = pki.NewIssuer(issuer, a.Path(), key)
	}
	if err != nil {
		return fmt.Errorf("reading %q: %w", place, err)
	}
	guarded, err := g.Encode(key)
	if err != nil {
		return err
	}
	if err := dir.Sweep(c.Now(), temporaryAge); err != nil {
		return err
	}
	return dir.ReplaceChecked(file, guarded, 0o600, func(written []byte) error {
		key, _, err := ParseKey(written, place, g.alone())
		if err == nil {
			_, err = pki.NewIssuer(issuer, a.Path(), key)
		}
		if err != nil {
			return fmt.Errorf("reading back %q: %w", place, err)
		}
		return nil
	})
}

// alone gives the guard's passphrase, once.
func (g Guard) alone() Passphrase { return g.orElse(nil) }

// orElse gives the guard's passphrase, and then what ask gives.
func (g Guard) orElse(ask Passphrase) Passphrase {
	if g.Passphrase == nil {
		return ask
	}
	return func(file string, try int) ([]byte, error) {
		switch {
		case try == 0:
			return g.Passphrase, nil
		case ask == nil:
			return nil, pki.ErrPassphrase
		}
		return ask(file, try-1)
	}
}

// below opens a directory below another one; "" is that one itself.
func below(dir *durable.Dir, sub string) (*durable.Dir, func() error, error) {
	if sub == "" {
		return dir, func() error { return nil }, nil
	}
	opened, err := dir.OpenDir(sub)
	if err != nil {
		return nil, nil, err
	}
	return opened, opened.Close, nil
}
