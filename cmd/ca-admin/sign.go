package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"ca-exchange/internal/ca"
	"ca-exchange/internal/cli"
	"ca-exchange/internal/durable"
	"ca-exchange/internal/ledger"
	"ca-exchange/internal/pki"
	"ca-exchange/internal/policy"
	"ca-exchange/internal/refusal"
	"ca-exchange/internal/request"
)

type signCommand struct {
	planFlags
	authorityFlags
	Files []string `arg:"" name:"file" type:"existingfile" help:"Request files (openssl req); - reads standard input."`
	Out   string   `type:"path" placeholder:"FILE" help:"Certificate file, - for stdout (beside the request)."`
}

// Validate holds the flags against each other.
func (s *signCommand) Validate() error {
	if s.Out != "" && len(s.Files) > 1 {
		return errors.New("--out takes one request")
	}
	return s.authorityFlags.validate(s.planFlags, len(s.Files))
}

func (s *signCommand) Run(ctx context.Context, a *app) error {
	override, err := s.override()
	if err != nil {
		return err
	}
	override.Authority = s.authorityFlags.wish()
	if a.JSON && (s.Out == standardInput || s.Out == "" && slices.Contains(s.Files, standardInput)) {
		return cli.WithStatus(cli.Usage, errors.New("standard output is the certificate's or the JSON's, not both"),
			"write the certificate to a file: --out FILE")
	}
	c, err := a.open()
	if err != nil {
		return err
	}
	defer c.Close()
	if err := checkProfiles(c, s.Profile); err != nil {
		return err
	}
	if err := a.checkHeads(ctx, c, exchangeFlags{}); err != nil {
		return err
	}
	var serials []string
	for _, file := range s.Files {
		out := s.Out
		switch {
		case out == "" && file == standardInput:
			out = standardInput
		case out == "":
			out = strings.TrimSuffix(file, filepath.Ext(file)) + ".crt"
		}
		serial, signErr := s.sign(ctx, a, c, signing{file, out, override})
		if err = signErr; err != nil {
			break
		}
		serials = append(serials, serial)
	}
	if a.JSON {
		err = errors.Join(err, a.encodeCertificates(ctx, c, serials))
	}
	return err
}

// signing is one file to be signed.
type signing struct {
	file, out string
	override  policy.Override
}

// sign writes the certificate of one request and gives its serial.
func (s *signCommand) sign(ctx context.Context, a *app, c *ca.CA, one signing) (serial string, err error) {
	if _, err := os.Lstat(one.out); err == nil && one.out != standardInput {
		return "", cli.Hint(fmt.Errorf("%q: %w", one.out, fs.ErrExist), "move it away, or say where: --out FILE")
	}
	entry, err := readRequest(ctx, one.file)
	if err != nil {
		return "", err
	}
	pem, err := s.certificate(ctx, a, c, entry, one.override)
	if err != nil {
		return "", err
	}
	certificates, err := pki.ParseCertificates(pem)
	if err != nil {
		return "", err
	}
	return pki.SerialHex(certificates[0].SerialNumber), a.writeAnswer(one.out, pem)
}

// writeAnswer writes a certificate to a new file, or to standard output.
func (a *app) writeAnswer(out string, pem []byte) error {
	if out == standardInput {
		_, err := a.Out.Write(pem)
		return err
	}
	dir, err := durable.Open(filepath.Dir(out))
	if err != nil {
		return err
	}
	defer dir.Close()
	if err := dir.Create(filepath.Base(out), pem, 0o644); err != nil {
		return err
	}
	a.Say("wrote %s", out)
	return nil
}

// certificate gives the one that the request has already, or has a new one signed.
func (s *signCommand) certificate(
	ctx context.Context, a *app, c *ca.CA, entry []byte, o policy.Override,
) ([]byte, error) {
	p, err := c.ProposeFile(ctx, entry, o)
	if err != nil {
		return nil, err
	}
	if p.Record.Status == ledger.Issued {
		if o.Profile != "" && o.Profile != p.Record.Profile {
			err := fmt.Errorf("%w: serial %s, profile %s, not %s",
				ca.ErrSettled, p.Record.Serial, p.Record.Profile, o.Profile)
			return nil, cli.Hint(err, "a request gets one certificate: make another one for the profile "+o.Profile)
		}
		a.Say("this request has its certificate already: serial %s", p.Record.Serial)
		return c.Ledger().Content(ctx, p.Record)
	}
	again := func() (*ca.Proposal, error) { return c.ProposeFile(ctx, entry, o) }
	certificate, err := a.decide(ctx, c, again, s.planFlags)
	if err != nil {
		return nil, err
	}
	a.signed(certificate)
	return certificate.Answer(), nil
}

type checkCommand struct {
	Files []string `arg:"" name:"file" type:"existingfile" help:"Request files; - reads standard input."`
}

func (k *checkCommand) Run(ctx context.Context, a *app) error {
	c, err := a.open()
	if err != nil {
		return err
	}
	defer c.Close()
	worst := refusal.Issue
	items := []checkItem{}
	for _, file := range k.Files {
		entry, err := readRequest(ctx, file)
		if err != nil {
			return err
		}
		p, err := c.ProposeFile(ctx, entry, policy.Override{})
		if err != nil {
			return err
		}
		worst = max(worst, p.Decision.Outcome)
		if a.JSON {
			items = append(items, newCheckItem(file, p))
			continue
		}
		if request.HoldsPrivateKey(entry) {
			a.Print("%s: deny: it holds a private key; it was not changed, but in an inbox the key would be removed",
				refusal.Quote(file))
			continue
		}
		a.Print("%s: %s", refusal.Quote(file), p.Decision.Outcome)
		a.present(c, p)
	}
	if a.JSON {
		if err := a.Encode(newList("CheckList", items)); err != nil {
			return err
		}
	}
	return cli.ExitWith([]cli.Status{cli.Done, cli.Unanswered, cli.Denied}[worst])
}
