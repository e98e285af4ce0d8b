package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"ca-exchange/internal/ca"
	"ca-exchange/internal/cli"
	"ca-exchange/internal/ledger"
	"ca-exchange/internal/pki"
)

// index writes all certificates as `openssl ca` keeps them, below a directory of its own for each issuer: openssl's
// index belongs to one CA.
func (e *exportCommand) index(ctx context.Context, a *app, c *ca.CA) error {
	if entries, err := os.ReadDir(e.Index); err == nil && len(entries) > 0 {
		return cli.Hint(fmt.Errorf("%q: %w", e.Index, fs.ErrExist), "name a directory that does not exist yet")
	}
	for _, issuer := range c.Trust().Authorities {
		count, err := exportIndex(ctx, c.Ledger(), issuer.Name, filepath.Join(e.Index, issuer.Name))
		if err != nil {
			return explainArchived(err)
		}
		a.Say("wrote %s of issuer %s to %q", cli.Count(count, "certificate", "certificates"), issuer.Name,
			filepath.Join(e.Index, issuer.Name))
	}
	return nil
}

// exportIndex writes newcerts/SERIAL.pem, index.txt.attr and index.txt, in which those that end first stand first.
func exportIndex(ctx context.Context, l *ledger.Ledger, issuer, directory string) (count int, err error) {
	newcerts := filepath.Join(directory, "newcerts")
	if err := os.MkdirAll(newcerts, 0o700); err != nil {
		return 0, err
	}
	// A renewed certificate has the subject of the one before: without this, openssl refuses the index.
	attributes := filepath.Join(directory, "index.txt.attr")
	if err := os.WriteFile(attributes, []byte("unique_subject = no\n"), 0o600); err != nil {
		return 0, err
	}
	f, err := os.OpenFile(filepath.Join(directory, "index.txt"), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return 0, err
	}
	out := bufio.NewWriter(f)
	defer func() { err = errors.Join(err, out.Flush(), f.Sync(), f.Close()) }()
	for k, err := range l.Certificates(ctx, ledger.Filter{Issuer: issuer, Order: ledger.ByEnd}) {
		if err != nil {
			return count, err
		}
		line, err := exportIndexed(ctx, l, k, newcerts)
		if err != nil {
			return count, err
		}
		if _, err := out.WriteString(line); err != nil {
			return count, err
		}
		count++
	}
	return count, nil
}

// exportIndexed writes a certificate's file and gives its line.
func exportIndexed(ctx context.Context, l *ledger.Ledger, k ledger.Listed, newcerts string) (string, error) {
	answer, err := l.CertificateAnswer(ctx, k.Serial)
	if err != nil {
		return "", err
	}
	certificates, err := pki.ParseCertificates(answer)
	if err != nil {
		return "", err
	}
	revoked := pki.Revocation{Time: k.RevokedAt, Reason: k.Reason, Since: k.Since}
	file := filepath.Join(newcerts, pki.IndexSerial(certificates[0])+".pem")
	if err := os.WriteFile(file, pki.EncodeCertificates(certificates[0]), 0o600); err != nil {
		return "", err
	}
	return pki.IndexLine(certificates[0], revoked, cli.Now())
}
