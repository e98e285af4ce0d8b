package main

import (
	"errors"
	"fmt"
	"io/fs"

	"ca-exchange/internal/ca"
	"ca-exchange/internal/cli"
	"ca-exchange/internal/pki"
)

type passwdCommand struct {
	Issuer  []string `arg:"" optional:"" help:"Issuers: ca, etcd-ca, front-proxy-ca (all)."`
	Decrypt bool     `help:"Write the keys without a passphrase."`
	KDF     string   `name:"kdf" enum:"scrypt,pbkdf2" default:"scrypt" help:"What makes a key of the passphrase."`

	NewPassphraseFile string `type:"existingfile" placeholder:"FILE" help:"Its first line is the new passphrase."`
}

// issuerKey is how an issuer's key is kept, in JSON.
type issuerKey struct {
	Issuer     string        `json:"issuer"`
	Protection ca.Protection `json:"protection"` // Plain, Encrypted or Missing
}

// Validate holds the flags against each other.
func (p *passwdCommand) Validate() error {
	if p.Decrypt && p.NewPassphraseFile != "" {
		return errors.New("--decrypt leaves no passphrase: leave --new-passphrase-file out")
	}
	return nil
}

func (p *passwdCommand) Run(a *app) error {
	c, err := a.open()
	if err != nil {
		return err
	}
	defer c.Close()
	defer a.forget()
	names, err := p.issuers(c)
	if err != nil {
		return err
	}
	guard := ca.Guard{KDF: pki.KDF(p.KDF)}
	if !p.Decrypt {
		if guard.Passphrase, err = a.toReplace(p.NewPassphraseFile); err != nil {
			return err
		}
	}
	keys := []issuerKey{}
	for _, name := range names {
		if err := c.Protect(name, guard); err != nil {
			return explainProtect(err, len(keys))
		}
		protection, err := c.Protection(name)
		if err != nil {
			return err
		}
		keys = append(keys, issuerKey{name, protection})
		a.Say("the key of issuer %s is %s", name, protectionWords[protection])
	}
	if a.JSON {
		return a.Encode(newList("KeyList", keys))
	}
	return nil
}

// issuers are those that are named, or all whose keys are files here.
func (p *passwdCommand) issuers(c *ca.CA) (names []string, err error) {
	if len(p.Issuer) > 0 {
		return p.Issuer, nil
	}
	for _, issuer := range c.Trust().Authorities {
		protection, err := c.Protection(issuer.Name)
		if err != nil {
			return nil, err
		}
		if protection == ca.Plain || protection == ca.Encrypted {
			names = append(names, issuer.Name)
		}
	}
	return names, nil
}

// explainProtect says how to go on where some keys are written anew already.
func explainProtect(err error, done int) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, ca.ErrElsewhere) {
		return cli.Hint(err, "name the issuers whose keys are files here: ca-admin passwd ISSUER")
	}
	if done > 0 {
		return cli.Hint(fmt.Errorf("%s done, then: %w", cli.Count(done, "issuer is", "issuers are"), err),
			"run it again: what is done already is done again")
	}
	return err
}

// toReplace is a new passphrase: of a file, or typed twice.
func (p *passphrases) toReplace(file string) ([]byte, error) {
	if file == "" {
		return p.typedTwice()
	}
	secret, err := p.firstLine(file)
	if err == nil {
		err = pki.CheckPassphrase(secret)
	}
	if err != nil {
		return nil, fmt.Errorf("reading %q: %w", file, err)
	}
	return secret, nil
}
