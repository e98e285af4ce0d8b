package main

import (
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/term"

	"ca-exchange/internal/ca"
	"ca-exchange/internal/cli"
	"ca-exchange/internal/pki"
)

type exportCommand struct {
	What  string `arg:"" optional:"" name:"id|serial" help:"A serial, or a request's ID for its certificate."`
	Chain bool   `help:"With the issuers that a server sends along, as it was published."`
	DER   bool   `name:"der" help:"As DER, not PEM."`
	Index string `type:"path" placeholder:"DIR" help:"Write all certificates as openssl ca keeps them, per issuer."`

	Request bool `help:"The request as it came, whether it has a certificate or not."`
}

// Validate holds the flags against each other.
func (e *exportCommand) Validate() error {
	switch {
	case e.Index != "" && (e.What != "" || e.Chain || e.DER || e.Request):
		return errors.New("--index DIR writes all certificates: it takes nothing else")
	case e.Index == "" && e.What == "":
		return errors.New("name a certificate, or --index DIR for all of them")
	}
	if e.Request && (e.Chain || e.DER) {
		return errors.New("--request prints no certificate: leave --chain and --der out")
	}
	if e.Chain && e.DER {
		return errors.New("--chain or --der, not both: DER holds one certificate")
	}
	return nil
}

func (e *exportCommand) Run(ctx context.Context, a *app) error {
	if e.DER && term.IsTerminal(int(os.Stdout.Fd())) {
		return cli.WithStatus(cli.Usage, errors.New("DER is not for a terminal"), "ca-admin export … --der >FILE")
	}
	c, err := a.open()
	if err != nil {
		return err
	}
	defer c.Close()
	if e.Index != "" {
		return e.index(ctx, a, c)
	}
	if e.Request {
		return a.exportRequest(ctx, c, e.What)
	}
	serial, err := a.serialOf(ctx, c, e.What)
	if err != nil {
		return err
	}
	answer, err := c.Ledger().CertificateAnswer(ctx, serial)
	if err != nil {
		return explainArchived(err)
	}
	if !e.Chain {
		certificates, err := pki.ParseCertificates(answer)
		if err != nil {
			return err
		}
		answer = pki.EncodeCertificates(certificates[0])
	}
	if block, _ := pem.Decode(answer); e.DER && block != nil {
		answer = block.Bytes
	}
	_, err = a.Out.Write(answer)
	return err
}

// exportRequest prints the entry that a request came as.
func (a *app) exportRequest(ctx context.Context, c *ca.CA, what string) error {
	record, err := c.FindID(ctx, what)
	if err != nil {
		return explainRequest(err)
	}
	entry, err := c.Ledger().Entry(ctx, record.ID)
	if err != nil {
		return err
	}
	_, err = a.Out.Write(entry)
	return err
}

// serialOf finds the certificate that a serial, or the id of its request, names.
func (a *app) serialOf(ctx context.Context, c *ca.CA, what string) (string, error) {
	serial := strings.ToLower(strings.ReplaceAll(what, ":", ""))
	if _, ok, err := c.Ledger().Certificate(ctx, serial); err != nil || ok {
		return serial, err
	}
	record, err := c.FindID(ctx, what)
	if err != nil {
		return "", explainRequest(err)
	}
	if record.Serial == "" {
		err := fmt.Errorf("request %s has no certificate: it is %s", record.ID.Short(), record.Status)
		return "", cli.Hint(err, "ca-admin show "+record.ID.Short())
	}
	return record.Serial, nil
}
