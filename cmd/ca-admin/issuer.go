package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"ca-exchange/internal/ca"
	"ca-exchange/internal/cli"
	"ca-exchange/internal/policy"
)

type issuerCommand struct {
	Verb string   `arg:"" enum:"adopt,attach" help:"adopt a parent's certificate, or attach who signs with the key."`
	Name string   `arg:"" name:"issuer" help:"ca, etcd-ca or front-proxy-ca."`
	File []string `arg:"" optional:"" help:"adopt: certificate and chain, in any order; attach: arguments of --exec."`

	Agent  string `placeholder:"FINGERPRINT" help:"attach: the key in an ssh-agent, as ssh-add -l prints it."`
	Socket string `type:"path" placeholder:"FILE" help:"attach: the agent's socket (the one of SSH_AUTH_SOCK)."`
	Exec   string `placeholder:"FILE" help:"attach: the program that signs."`
}

// Validate holds the flags against the verb.
func (c *issuerCommand) Validate() error {
	switch {
	case c.Verb == "attach" && (c.Agent == "") == (c.Exec == ""):
		return errors.New("attach --agent FINGERPRINT, or attach --exec PROGRAM [ARGUMENT…]")
	case c.Verb == "attach" && c.Exec == "" && len(c.File) > 0:
		return fmt.Errorf("%q: only a program (--exec) has arguments", c.File[0])
	case c.Verb == "attach":
		return c.signer().Check()
	case c.Agent+c.Socket+c.Exec != "":
		return errors.New("--agent, --socket and --exec are for attach")
	case len(c.File) != 1:
		return errors.New("adopt ISSUER FILE: one file with the certificate and its chain")
	}
	_, err := os.Stat(c.File[0])
	return err
}

// signer is who is to sign.
func (c *issuerCommand) signer() policy.Signer {
	if c.Exec != "" {
		return policy.Signer{Exec: append([]string{c.Exec}, c.File...)}
	}
	return policy.Signer{Agent: c.Agent, Socket: c.Socket}
}

func (c *issuerCommand) Run(ctx context.Context, a *app) error {
	switch {
	case !slices.Contains(issuerNames(), c.Name):
		return cli.WithStatus(cli.Usage,
			fmt.Errorf("no issuer %q: one of %s", c.Name, strings.Join(issuerNames(), ", ")))
	case c.Verb == "attach":
		return c.attach(ctx, a)
	}
	return c.adopt(ctx, a)
}

// attach has a signer sign for the issuer, and says what becomes of the key file.
func (c *issuerCommand) attach(ctx context.Context, a *app) error {
	opened, err := a.open()
	if err != nil {
		return err
	}
	defer opened.Close()
	if err := opened.AttachSigner(ctx, c.Name, c.signer()); err != nil {
		return explainSigner(err)
	}
	a.Say("issuer %s signs with %s from now on: one signature was made, and it is good", c.Name,
		ca.Describe(c.signer()))
	a.Say("a running watch goes on as before until it is started again")
	file := opened.KeyFile(c.Name)
	if _, err := os.Stat(file); err == nil {
		a.Say("its key file is not read any more; once the key has a backup: shred -u %s", cli.Word(file))
	}
	return nil
}

const signerHint = "an agent's keys: SSH_AUTH_SOCK=SOCKET ssh-add -l; to try a program alone: docs/signers.md"

// explainSigner adds hints to what a signer can be wrong with.
func explainSigner(err error) error {
	switch {
	case errors.Is(err, ca.ErrOtherKey):
		return cli.WithStatus(cli.Usage, err, "the agent must have the issuer's own key: ssh-add -l lists what it has")
	case errors.Is(err, ca.ErrWrongSignature):
		return cli.WithStatus(cli.Unverified, err, "does it sign with the issuer's key? Nothing of it was used")
	case errors.Is(err, ca.ErrTooLong):
		return cli.Hint(err, "let a program sign: ca-admin issuer attach ISSUER --exec PROGRAM")
	case errors.Is(err, ca.ErrNoSignature):
		return cli.Hint(err, signerHint)
	}
	return err
}
