package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"ca-exchange/internal/ca"
	"ca-exchange/internal/cli"
	"ca-exchange/internal/ledger"
)

type backupCommand struct {
	File      string `arg:"" name:"file" type:"path" help:"The file to write. It must not exist yet."`
	Keys      bool   `help:"With the issuers' keys, which must be encrypted."`
	PlainKeys bool   `help:"With the issuers' keys, encrypted or not."`
}

// keys is which keys the flags ask for.
func (b *backupCommand) keys() ca.BackupKeys {
	switch {
	case b.PlainKeys:
		return ca.AllKeys
	case b.Keys:
		return ca.EncryptedKeys
	}
	return ca.NoKeys
}

// backupResult is what backup -o json prints.
type backupResult struct {
	APIVersion string    `json:"apiVersion"`
	Kind       string    `json:"kind"`
	File       string    `json:"file"`
	Time       time.Time `json:"time"`
	Trust      string    `json:"trust"`
	Head       string    `json:"head"`
	WithKeys   bool      `json:"withKeys"`
	Files      int       `json:"files"`
}

func (b *backupCommand) Run(ctx context.Context, a *app) error {
	c, err := a.open()
	if err != nil {
		return err
	}
	defer c.Close()
	m, err := c.Backup(ctx, b.File, b.keys())
	if err != nil {
		return explainBackup(err)
	}
	if a.JSON {
		return a.Encode(backupResult{cli.APIVersion, "Backup", b.File, m.Time, m.Trust, m.Head, m.Keys, len(m.Files)})
	}
	a.Say("backed up %s to %q, read back and compared", cli.Count(len(m.Files), "file", "files"), b.File)
	a.Print("head  %s", m.Head)
	if m.Keys {
		a.Say("the CA keys are in it: keep it as you keep them")
	} else {
		a.Say("the CA keys are not in it, and a restored CA signs nothing without them: keep copies, or add --keys")
	}
	a.Say("to check it, and to go on with it: ca-admin --dir NEW restore %s", cli.Word(b.File))
	return nil
}

func explainBackup(err error) error {
	switch {
	case errors.Is(err, fs.ErrExist):
		return cli.Hint(err, "a backup never replaces a file: name one that does not exist yet")
	case errors.Is(err, ca.ErrPlainKey):
		return cli.Hint(err, "encrypt it first: ca-admin passwd", "to copy it as it is: --plain-keys")
	case errors.Is(err, ca.ErrInside):
		return cli.WithStatus(cli.Usage, err, "name a file on another disk")
	}
	return err
}

type restoreCommand struct {
	File string `arg:"" name:"file" type:"path" help:"A file that backup wrote."`
	Head head   `placeholder:"SEQ:HASH" help:"A head that was written down: the backup's ledger must have it."`
	Keys string `type:"existingdir" placeholder:"DIR" help:"Where the keys that it lacks are, as in a CA directory."`
}

func (r *restoreCommand) Run(ctx context.Context, a *app) error {
	wanted := ca.Wanted{Anchor: ca.Anchor{Sequence: r.Head.seq, Hash: r.Head.hash}, Key: r.keyFinder(ctx, a)}
	back, err := ca.Restore(ctx, r.File, a.dir, wanted, a.settings())
	if err != nil {
		return a.explainRestore(err)
	}
	a.Say("restored %s to %q: the CA as of %s", cli.Count(len(back.Files), "file", "files"), a.dir,
		back.Time.Format(time.RFC3339))
	a.Print("trust  %s", back.Trust)
	a.Print("head   %s", back.Head)
	for _, file := range back.MissingKeys {
		a.Warn("this CA key is missing: put it there, mode 0600: %s", file)
	}
	a.Say("the outboxes contain what was issued since; recover it from each exchange before anything is signed:")
	for _, at := range back.Exchanges {
		a.Say("  ca-admin recover %s", sidesOf(at))
	}
	if len(back.Exchanges) == 0 {
		a.Say("  ca-admin recover --exchange DIR")
	}
	a.Say("then serve the exchanges from this host alone: ca-admin watch")
	return nil
}

// keyFinder finds the keys that are not in the backup: in a directory, or where a person says they are.
func (r *restoreCommand) keyFinder(ctx context.Context, a *app) func(issuer string) (string, error) {
	switch {
	case r.Keys != "":
		return func(issuer string) (string, error) {
			file := filepath.Join(r.Keys, ca.KeyName(issuer))
			if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
				return "", nil
			}
			return file, nil
		}
	case a.Interactive():
		return func(issuer string) (string, error) {
			return a.Ask(ctx, "file with the key of issuer "+issuer+", or nothing to add it later: ")
		}
	}
	return nil
}

// sidesOf are the flags that name an exchange.
func sidesOf(at ca.Place) string {
	if at.Inbox == at.Outbox {
		return "--exchange " + cli.Word(at.Inbox)
	}
	return "--inbox " + cli.Word(at.Inbox) + " --outbox " + cli.Word(at.Outbox)
}

func (a *app) explainRestore(err error) error {
	_, broken := errors.AsType[*ledger.Broken](err)
	switch {
	case errors.Is(err, ca.ErrExists):
		return cli.Hint(err, "restore never replaces a CA directory: name another (--dir NEW), or move it aside: "+
			"mv "+cli.Word(filepath.Clean(a.dir))+" "+cli.Word(filepath.Clean(a.dir)+".old"))
	case errors.Is(err, ca.ErrNotBackup):
		return cli.Hint(err, "name a file that ca-admin backup wrote")
	case errors.Is(err, ca.ErrDamaged):
		return cli.WithStatus(cli.Unverified, err, "take another backup; nothing was restored")
	case broken:
		return cli.WithStatus(cli.Unverified, err, "take another backup, or the right head; nothing was restored")
	}
	return a.explainOpen(err)
}
