package ca

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"ca-exchange/internal/durable"
	"ca-exchange/internal/ledger"
	"ca-exchange/internal/pki"
	"ca-exchange/internal/policy"
	"ca-exchange/internal/signer"
)

// AttachSigner has a signer sign for an issuer from now on, once it has made one good signature. A key file stays where
// it is.
func (c *CA) AttachSigner(ctx context.Context, issuer string, s policy.Signer) error {
	if err := s.Check(); err != nil {
		return err
	}
	a, ok := c.Trust().Authority(issuer)
	if !ok || a.Name != issuer {
		return fmt.Errorf("no issuer %q in %q", issuer, c.dir.Path())
	}
	all, err := c.Signers()
	if err != nil {
		return err
	}
	if err := c.CheckClock(ctx); err != nil {
		return err
	}
	with, err := c.signer(a, s)
	if err == nil {
		err = signer.Prove(with)
	}
	if err != nil {
		return fmt.Errorf("issuer %q: %w", issuer, err)
	}
	text, err := all.With(issuer, s).Encode()
	if err != nil {
		return err
	}
	detail := person()
	detail["issuer"], detail["signer"] = issuer, Describe(s)
	if err := c.ledger.Append(ctx, ledger.Event{Time: c.Now(), Kind: "KeyChanged", Detail: detail}); err != nil {
		return err
	}
	return c.dir.Replace(signersFile, text, 0o600)
}

// Describe is a signer in a few words.
func Describe(s policy.Signer) string {
	switch {
	case len(s.Exec) > 0:
		return "program " + s.Exec[0] // its arguments may be many
	case s.Socket != "":
		return "agent " + s.Agent + " at " + s.Socket
	}
	return "agent " + s.Agent
}

// SignerTroubles says, for each issuer whose key is elsewhere, what keeps it from signing, and who else might sign. It
// asks for no signature.
func (c *CA) SignerTroubles() (troubles []string) {
	all, err := c.Signers()
	if err != nil {
		return []string{err.Error()}
	}
	for _, issuer := range slices.Sorted(maps.Keys(all.Signers)) {
		a, _ := c.Trust().Authority(issuer)
		for _, err := range c.troubles(a, all.Signers[issuer]) {
			if err != nil {
				troubles = append(troubles, fmt.Sprintf("issuer %s: %v", issuer, err))
			}
		}
	}
	return troubles
}

func (c *CA) troubles(a pki.Authority, s policy.Signer) []error {
	if len(s.Exec) > 0 {
		return []error{durable.CheckProgram(s.Exec[0])}
	}
	with, err := c.signer(a, s)
	if err != nil {
		return []error{err}
	}
	return []error{with.(*signer.Agent).Ready(), checkSocket(c.socket(s))}
}

// checkSocket: whoever enters the directory of an agent's socket may sign, where the system ignores the socket's mode.
func checkSocket(socket string) error {
	dir := filepath.Dir(socket)
	info, err := os.Stat(dir)
	if err != nil { // Ready says so
		return nil
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return fmt.Errorf("others may reach its agent, and sign: %q has mode %#o, not 0700", dir, mode)
	}
	return nil
}
