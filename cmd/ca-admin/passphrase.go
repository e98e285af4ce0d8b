package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"ca-exchange/internal/cli"
	"ca-exchange/internal/pki"
)

// passphraseFlags say where a passphrase comes from. It comes from no argument and no environment variable, which other
// users may read.
type passphraseFlags struct {
	PassphraseFile string `type:"existingfile" placeholder:"FILE" help:"Its first line decrypts the CA keys."`
	PassphraseFD   *int   `name:"passphrase-fd" placeholder:"N" help:"The same, of an open file descriptor."`
}

// passphrases gets the passphrases of CA keys: of the flags, else of systemd's credentials, else of the terminal, where
// one is asked for once and tried on every key.
type passphrases struct {
	passphraseFlags
	ask  func(prompt string) ([]byte, error) // on the terminal, without echo
	warn func(format string, args ...any)

	given [][]byte // of files and the descriptor, to be overwritten
	piped []byte   // of the descriptor, which can be read once
	typed [][]byte // the last one is perhaps wrong
	tried int      // how many of them were tried on this key
	asked int      // how often the terminal was asked for this key
}

// mostTries is how often a person may mistype a passphrase.
const mostTries = 3

func newPassphrases(ctx context.Context, t *cli.Terminal, f passphraseFlags) *passphrases {
	ask := func(prompt string) ([]byte, error) { return t.Secret(ctx, prompt) }
	return &passphrases{passphraseFlags: f, ask: ask, warn: t.Warn}
}

// forKey is a ca.Passphrase.
func (p *passphrases) forKey(keyFile string, try int) ([]byte, error) {
	secret, from, err := p.fromElsewhere(keyFile)
	switch {
	case err != nil:
		return nil, err
	case from != "" && try > 0:
		return nil, fmt.Errorf("the passphrase of %s does not decrypt the key", from)
	case from != "":
		return secret, nil
	}
	return p.fromTerminal(keyFile, try)
}

// fromElsewhere is the passphrase that nobody has to type, and where it comes from; "" where there is none.
func (p *passphrases) fromElsewhere(keyFile string) (secret []byte, from string, err error) {
	switch {
	case p.PassphraseFile != "":
		secret, err = p.firstLine(p.PassphraseFile)
		return secret, fmt.Sprintf("%q", p.PassphraseFile), err
	case p.PassphraseFD != nil:
		secret, err = p.fromDescriptor(*p.PassphraseFD)
		return secret, fmt.Sprintf("file descriptor %d", *p.PassphraseFD), err
	}
	directory := os.Getenv("CREDENTIALS_DIRECTORY") // systemd.exec(5), LoadCredential=
	if directory == "" {
		return nil, "", nil
	}
	for _, name := range []string{"ca-passphrase-" + issuerOf(keyFile), "ca-passphrase"} {
		secret, err := p.firstLine(filepath.Join(directory, name))
		if !errors.Is(err, fs.ErrNotExist) {
			return secret, "the credential " + name, err
		}
	}
	return nil, "", nil
}

// fromTerminal tries on each key what decrypted the ones before it, and asks then.
func (p *passphrases) fromTerminal(keyFile string, try int) ([]byte, error) {
	if try == 0 {
		p.tried, p.asked = 0, 0
	}
	if p.asked > 0 { // what was typed for this key is wrong
		last := len(p.typed) - 1
		clear(p.typed[last])
		p.typed = p.typed[:last]
		p.tried = last
	}
	if p.tried < len(p.typed) {
		p.tried++
		return p.typed[p.tried-1], nil
	}
	switch {
	case p.asked == mostTries:
		return nil, fmt.Errorf("%w, after %d tries", pki.ErrPassphrase, mostTries)
	case p.asked > 0 || try > 0:
		p.warn("the passphrase does not decrypt %q", keyFile)
	}
	secret, err := p.ask(fmt.Sprintf("passphrase for %q: ", keyFile))
	if errors.Is(err, cli.ErrNobody) {
		return nil, cli.WithStatus(cli.Usage, fmt.Errorf("the key is encrypted: %w", err),
			"give the passphrase in a file: --passphrase-file FILE",
			"in a systemd unit: LoadCredential=ca-passphrase:FILE")
	}
	if err != nil {
		return nil, err
	}
	p.asked++
	p.typed = append(p.typed, secret)
	p.tried = len(p.typed)
	return secret, nil
}

// forget overwrites every passphrase.
func (p *passphrases) forget() {
	for _, secret := range append(p.given, p.typed...) {
		clear(secret)
	}
	p.given, p.piped, p.typed = nil, nil, nil
}

// toSet is a passphrase for keys that are about to be encrypted: of the flags or systemd's credentials, or typed twice.
func (p *passphrases) toSet() ([]byte, error) {
	secret, from, err := p.fromElsewhere("")
	if err != nil {
		return nil, err
	}
	if from == "" {
		return p.typedTwice()
	}
	if err := pki.CheckPassphrase(secret); err != nil {
		return nil, fmt.Errorf("%s: %w", from, err)
	}
	return secret, nil
}

// typedTwice asks for a new passphrase until it is typed the same way twice.
func (p *passphrases) typedTwice() ([]byte, error) {
	for range mostTries {
		first, err := p.ask("new passphrase for the CA keys: ")
		if err != nil {
			return nil, noNewPassphrase(err)
		}
		p.given = append(p.given, first)
		if err := pki.CheckPassphrase(first); err != nil {
			p.warn("%v", err)
			continue
		}
		second, err := p.ask("the same passphrase again: ")
		if err != nil {
			return nil, err
		}
		p.given = append(p.given, second)
		if bytes.Equal(first, second) {
			return first, nil
		}
		p.warn("the two passphrases differ")
	}
	return nil, fmt.Errorf("no new passphrase after %d tries", mostTries)
}

func noNewPassphrase(err error) error {
	if errors.Is(err, cli.ErrNobody) {
		return cli.WithStatus(cli.Usage, fmt.Errorf("a new passphrase is needed: %w", err),
			"give it in a file: --passphrase-file FILE; for passwd --new-passphrase-file FILE")
	}
	return err
}

// issuerOf is the issuer whose key lies in a file, under kubeadm's names.
func issuerOf(keyFile string) string {
	name := strings.TrimSuffix(filepath.Base(keyFile), filepath.Ext(keyFile))
	if filepath.Base(filepath.Dir(keyFile)) == "etcd" {
		return "etcd-" + name
	}
	return name
}

// firstLine reads a passphrase of a regular file.
func (p *passphrases) firstLine(file string) ([]byte, error) {
	text, err := readFile(file, importLimit)
	if err != nil {
		return nil, err
	}
	p.given = append(p.given, text)
	return lineOf(text), nil
}

// fromDescriptor reads a passphrase of a pipe or a file that the caller opened, to its end: once.
func (p *passphrases) fromDescriptor(n int) ([]byte, error) {
	if p.piped != nil {
		return p.piped, nil
	}
	// What this program opened itself closes on exec; what the caller opened for it came through one.
	if flags, err := unix.FcntlInt(uintptr(n), unix.F_GETFD, 0); err != nil || flags&unix.FD_CLOEXEC != 0 {
		return nil, cli.WithStatus(cli.Usage, fmt.Errorf("--passphrase-fd %d: no file is open there", n),
			fmt.Sprintf("open it for the command: ca-admin … --passphrase-fd %d %[1]d<FILE", n))
	}
	f := os.NewFile(uintptr(n), fmt.Sprintf("file descriptor %d", n))
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, importLimit))
	if err != nil {
		return nil, cli.WithStatus(cli.Usage, fmt.Errorf("--passphrase-fd: %w", err))
	}
	p.given = append(p.given, text)
	p.piped = lineOf(text)
	return p.piped, nil
}

// lineOf is the first line of a file, without its end.
func lineOf(text []byte) []byte {
	line, _, _ := bytes.Cut(text, []byte("\n"))
	return bytes.TrimSuffix(line, []byte("\r"))
}
