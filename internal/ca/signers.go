package ca

import (
	"crypto"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"ca-exchange/internal/durable"
	"ca-exchange/internal/pki"
	"ca-exchange/internal/policy"
	"ca-exchange/internal/signer"
)

// signersFile says whose keys are not in the CA directory, and who signs with them.
const signersFile = "signers.yaml"

// Signers reads signers.yaml. It names programs that run as this user, so it must belong to root or to that user and be
// writable by nobody else.
func (c *CA) Signers() (policy.Signers, error) {
	text, stat, err := c.dir.Read(signersFile, sizeLimit)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return policy.ParseSigners(nil, nil)
	case err != nil:
		return policy.Signers{}, err
	}
	if err := durable.CheckWriters(filepath.Join(c.dir.Path(), signersFile), stat); err != nil {
		return policy.Signers{}, err
	}
	var issuers []string
	for _, a := range c.Trust().Authorities {
		issuers = append(issuers, a.Name)
	}
	return policy.ParseSigners(text, issuers)
}

// elsewhere is the signer of an issuer whose key is not in the CA directory, nil where signers.yaml does not name it.
// Nobody is asked to sign yet.
func (c *CA) elsewhere(a pki.Authority) (crypto.Signer, error) {
	all, err := c.Signers()
	if err != nil {
		return nil, err
	}
	one, ok := all.Signers[a.Name]
	if !ok {
		return nil, nil
	}
	with, err := c.signer(a, one)
	if err != nil {
		return nil, fmt.Errorf("%s: issuer %s: %w", signersFile, a.Name, err)
	}
	if agent, ok := with.(*signer.Agent); ok {
		c.keys.rests.ask(a.Name, agent.Ready)
	}
	return with, nil
}

// signer is who signs for an issuer as one entry of signers.yaml says. Its public key is the certificate's.
func (c *CA) signer(a pki.Authority, s policy.Signer) (crypto.Signer, error) {
	public := a.Certificate.PublicKey
	if len(s.Exec) > 0 {
		return signer.NewExec(a.Name, s.Exec, public, durable.CheckProgram)
	}
	own, err := signer.Fingerprint(public)
	if err != nil {
		return nil, err
	}
	if own != s.Agent {
		return nil, fmt.Errorf("%w: %s, and its certificate has %s", ErrOtherKey, s.Agent, own)
	}
	return signer.NewAgent(c.socket(s), public)
}

// Errors about signers that the command line answers with a hint.
var (
	ErrOtherKey       = errors.New("the agent's key is not the issuer's")
	ErrNoSignature    = signer.ErrUnavailable
	ErrWrongSignature = signer.ErrWrong
	ErrTooLong        = signer.ErrTooLong
)

// socket is where a signer's agent listens.
func (s Settings) socket(with policy.Signer) string {
	if with.Socket != "" {
		return with.Socket
	}
	return s.AgentSocket
}

// found is the signer for a key that an agent has already.
func (s Settings) found(with policy.Signer) (crypto.Signer, error) {
	if err := with.Check(); err != nil {
		return nil, err
	}
	if len(with.Exec) > 0 {
		return nil, errors.New("a signer program does not tell its public key: an agent is needed")
	}
	public, err := signer.Find(s.socket(with), with.Agent)
	if err != nil {
		return nil, err
	}
	return signer.NewAgent(s.socket(with), public)
}

// storeSigners writes signers.yaml, unless every key is in the CA directory.
func storeSigners(dir *durable.Dir, signers map[string]policy.Signer) error {
	if len(signers) == 0 {
		return nil
	}
	all, err := policy.ParseSigners(nil, nil)
	if err != nil {
		return err
	}
	for issuer, one := range signers {
		all = all.With(issuer, one)
	}
	text, err := all.Encode()
	if err != nil {
		return err
	}
	return dir.Create(signersFile, text, 0o600)
}
