package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"

	"ca-exchange/internal/ca"
	"ca-exchange/internal/cli"
)

type importCommand struct {
	OpenSSL string   `name:"openssl" type:"path" placeholder:"DIR" help:"What openssl ca keeps: index.txt, newcerts/."`
	EasyRSA string   `name:"easyrsa" type:"path" placeholder:"PKI" help:"The PKI directory of easy-rsa 3."`
	PEM     []string `name:"pem" sep:"none" type:"path" placeholder:"PATH" help:"Certificates, or a directory."`
	Revoked string   `type:"path" placeholder:"CSV" help:"With --pem: serial,time,reason of revoked certificates."`
	CRL     string   `name:"crl" type:"path" placeholder:"FILE" help:"The last CRL: ours get higher numbers."`
	DryRun  bool     `help:"Say what would be taken, and write nothing."`
}

// Help is what the help says below its first line.
func (*importCommand) Help() string {
	return "Certificates that an issuer here signed are taken, each once; the others are listed with the reason."
}

// Validate wants one source.
func (i *importCommand) Validate() error {
	sources := 0
	for _, given := range []bool{i.OpenSSL != "", i.EasyRSA != "", len(i.PEM) > 0} {
		if given {
			sources++
		}
	}
	switch {
	case sources != 1:
		return errors.New("one of --openssl DIR, --easyrsa PKI, --pem PATH")
	case i.Revoked != "" && len(i.PEM) == 0:
		return errors.New("--revoked goes with --pem: an index says itself what is revoked")
	}
	return nil
}

// records are those of the source.
func (i *importCommand) records() iter.Seq2[ca.Foreign, error] {
	switch {
	case i.OpenSSL != "":
		return ca.OpenSSL(i.OpenSSL)
	case i.EasyRSA != "":
		return ca.EasyRSA(i.EasyRSA)
	}
	return func(yield func(ca.Foreign, error) bool) {
		parts := []iter.Seq2[ca.Foreign, error]{ca.Files(i.PEM...)}
		if i.Revoked != "" {
			parts = append(parts, ca.RevokedList(i.Revoked))
		}
		for _, part := range parts {
			for f, err := range part {
				if !yield(f, err) {
					return
				}
			}
		}
	}
}

// importResult is what import -o json prints.
type importResult struct {
	APIVersion string       `json:"apiVersion"`
	Kind       string       `json:"kind"`
	DryRun     bool         `json:"dryRun"`
	Taken      int          `json:"taken"`
	Known      int          `json:"known"`
	Revoked    int          `json:"revoked"`
	CRLNumber  string       `json:"crlNumber"`
	Refused    []ca.Untaken `json:"refused"`
	Warnings   []ca.Untaken `json:"warnings"`
}

func (i *importCommand) Run(ctx context.Context, a *app) error {
	c, err := a.open()
	if err != nil {
		return err
	}
	defer c.Close()
	options := ca.ImportOptions{Trial: i.DryRun}
	if progress := a.Progress("importing"); progress != nil {
		options.Progress = func(read int) { progress(read, read) }
	}
	if i.CRL != "" {
		old, err := c.ReadOldCRL(i.CRL)
		if err != nil {
			return cli.WithStatus(cli.Unverified, err, "nothing was taken; name the last CRL of an issuer here")
		}
		options.CRL = &old
	}
	done, err := c.Import(ctx, i.records(), options)
	if err != nil {
		return i.explain(err)
	}
	if a.JSON {
		return i.encode(a, done)
	}
	i.print(a, done)
	if n := len(done.Refused); n > 0 {
		return cli.WithStatus(cli.Unverified, fmt.Errorf("%s refused", cli.Count(n, "entry was", "entries were")),
			"each with its reason, writing nothing: the same command with --dry-run -o json")
	}
	return nil
}

func (i *importCommand) encode(a *app, done ca.Import) error {
	err := a.Encode(importResult{cli.APIVersion, "Import", i.DryRun, done.Taken, done.Known, done.Revoked, done.Floor,
		append([]ca.Untaken{}, done.Refused...), append([]ca.Untaken{}, done.Warnings...)})
	if err == nil && len(done.Refused) > 0 {
		err = cli.ExitWith(cli.Unverified)
	}
	return err
}

// shownUntaken is how many refusals and warnings a person is shown of each.
const shownUntaken = 20

func (i *importCommand) print(a *app, done ca.Import) {
	for _, list := range [][]ca.Untaken{done.Warnings, done.Refused} {
		for _, u := range list[:min(len(list), shownUntaken)] {
			a.Warn("%+q: %s", u.Where, u.Reason)
		}
		if more := len(list) - shownUntaken; more > 0 {
			a.Warn("and %d more", more)
		}
	}
	verb := "took"
	if i.DryRun {
		verb = "would take"
	}
	a.Say("%s %s and %s; %s there already", verb, cli.Count(done.Taken, "certificate", "certificates"),
		cli.Count(done.Revoked, "revocation", "revocations"), cli.Count(done.Known, "certificate was", "were"))
	if done.Floor != "" {
		a.Say("the next CRL has a higher number than %s", done.Floor)
	}
}

func (i *importCommand) explain(err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist) && i.OpenSSL != "":
		return cli.WithStatus(cli.Usage, err, "name the directory that has index.txt: `dir` in openssl's configuration")
	case errors.Is(err, fs.ErrNotExist) && i.EasyRSA != "":
		return cli.WithStatus(cli.Usage, err, "name the directory that has index.txt: easy-rsa calls it pki")
	case errors.Is(err, fs.ErrNotExist):
		return cli.WithStatus(cli.Usage, err)
	case errors.Is(err, fs.ErrPermission):
		return cli.Hint(err, "let the owner of the CA directory read it, or copy it")
	case errors.Is(err, ca.ErrClock):
		return cli.Hint(err, "set the clock; if it is right now: ca-admin clock --accept")
	}
	return err
}
