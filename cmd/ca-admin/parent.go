package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"ca-exchange/internal/cli"
	"ca-exchange/internal/durable"
	"ca-exchange/internal/kube"
	"ca-exchange/internal/pki"
	"ca-exchange/internal/refusal"
)

// parentDir is where issuers wait for their parent's signature: a pki directory as kubeadm lays it out, beside the CA
// directory that is made of it.
func parentDir(a *app) string { return a.dir + ".parent" }

// requestParent makes the issuers' keys and a request of each for the parent.
func (i *initCommand) requestParent(a *app) error {
	keyType, err := pki.ParseKeyType(i.KeyType)
	if err != nil {
		return cli.WithStatus(cli.Usage, err)
	}
	if _, err := os.Lstat(a.dir); err == nil {
		return cli.Hint(fmt.Errorf("%q: %w", a.dir, fs.ErrExist), "a CA directory is made once its issuers are signed")
	}
	path := parentDir(a)
	if err := os.Mkdir(path, 0o700); err != nil {
		return cli.Hint(err, "its keys are never overwritten: go on with ca-admin issuer adopt ISSUER FILE")
	}
	for _, known := range kube.Issuers() {
		if len(i.Issuer) > 0 && !slices.Contains(i.Issuer, known.Name) {
			continue
		}
		commonName := known.CommonName
		if i.CommonName != "" && known.Name == kube.ClusterIssuer {
			commonName = i.CommonName
		}
		if err := requestIssuer(path, known, commonName, keyType); err != nil {
			return err
		}
		csr := filepath.Join(path, requestFile(known))
		a.Say("made the key of issuer %s and its request %s", known.Name, csr)
		a.Say("next: have the parent sign it, then: ca-admin issuer adopt %s FILE", known.Name)
	}
	return nil
}

// requestFile is the issuer's request, below the directory.
func requestFile(i kube.Issuer) string { return strings.TrimSuffix(i.Key, ".key") + ".csr" }

// requestIssuer writes the key before the request: a request whose key is lost would be signed for nothing.
func requestIssuer(path string, i kube.Issuer, commonName string, keyType pki.KeyType) error {
	key, err := keyType.Generate()
	if err != nil {
		return err
	}
	private, err := pki.EncodePrivateKey(key)
	if err != nil {
		return err
	}
	csr, err := pki.AuthorityCSR(key, commonName)
	if err != nil {
		return err
	}
	root, err := durable.Open(path)
	if err != nil {
		return err
	}
	defer root.Close()
	dir, name, err := root.MakeParent(i.Key)
	if err != nil {
		return err
	}
	defer dir.Close()
	if err := dir.Create(name, private, 0o600); err != nil {
		return err
	}
	return dir.Create(filepath.Base(requestFile(i)), csr, 0o644)
}

type issuerCommand struct {
	Verb string `arg:"" enum:"adopt" help:"adopt: take the certificate that a parent signed."`
	Name string `arg:"" name:"issuer" help:"ca, etcd-ca or front-proxy-ca."`
	File string `arg:"" type:"existingfile" help:"The certificate, and the chain up to the root, in any order."`
}

// Run holds what came back against the issuer's key and what verifiers ask of a CA, and puts it beside the key.
func (c *issuerCommand) Run(a *app) error {
	for _, known := range kube.Issuers() {
		if known.Name == c.Name {
			return c.adopt(a, known)
		}
	}
	return cli.WithStatus(cli.Usage, fmt.Errorf("no issuer %q: one of %s", c.Name, strings.Join(issuerNames(), ", ")))
}

func (c *issuerCommand) adopt(a *app, known kube.Issuer) error {
	path := parentDir(a)
	key := filepath.Join(path, known.Key)
	if _, err := os.Stat(key); errors.Is(err, fs.ErrNotExist) {
		return cli.Hint(fmt.Errorf("issuer %s waits for no parent: %w", known.Name, err),
			"make its key and its request first: ca-admin init --parent-request")
	}
	init := &initCommand{}
	imported, err := init.adopt(a, known.Name, c.File, key)
	if err != nil {
		return err
	}
	issuers := 3
	if _, err := os.Stat(filepath.Join(path, "etcd")); errors.Is(err, fs.ErrNotExist) {
		issuers = 1
	}
	if err := prove(a, imported.Issuer, profilesOf(known.Name, issuers, kube.Latest())); err != nil {
		return err
	}
	root, err := durable.Open(path)
	if err != nil {
		return err
	}
	defer root.Close()
	dir, name, err := root.MakeParent(known.Certificate)
	if err != nil {
		return err
	}
	defer dir.Close()
	if err := dir.Create(name, imported.Issuer.Bundle(), 0o644); err != nil {
		return err
	}
	signed := imported.Issuer.Certificate
	a.Say("issuer %s is signed by %s, until %s", known.Name, refusal.Quote(signed.Issuer.String()),
		signed.NotAfter.UTC().Format("2006-01-02"))
	return a.sayUnsigned(path)
}

// sayUnsigned names the issuers that still wait, or the command that makes the CA of them all.
func (a *app) sayUnsigned(path string) error {
	waits := false
	for _, known := range kube.Issuers() {
		_, keyErr := os.Stat(filepath.Join(path, known.Key))
		_, err := os.Stat(filepath.Join(path, known.Certificate))
		if keyErr == nil && errors.Is(err, fs.ErrNotExist) {
			waits = true
			a.Say("next: ca-admin issuer adopt %s FILE", known.Name)
		}
	}
	if !waits {
		a.Say("next: ca-admin init --import-pki %s, which copies the keys; then remove that directory", cli.Word(path))
	}
	return nil
}
