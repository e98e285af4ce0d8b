package main

import (
	"bytes"
	"ca-exchange/internal/cli"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// passphrase gives what decrypts a CA key: from the file of --passphrase-file, else from systemd's credentials
// (systemd.exec(5), LoadCredential=), else from the terminal. It comes from no argument and no environment variable,
// which other users may read.
func (a *app) passphrase(keyFile string) ([]byte, error) {
	if a.passphraseFile != "" {
		return firstLine(a.passphraseFile)
	}
	if dir := os.Getenv("CREDENTIALS_DIRECTORY"); dir != "" {
		for _, name := range []string{"ca-passphrase-" + issuerOf(keyFile), "ca-passphrase"} {
			line, err := firstLine(filepath.Join(dir, name))
			if !errors.Is(err, fs.ErrNotExist) {
				return line, err
			}
		}
	}
	secret, err := a.Secret(fmt.Sprintf("passphrase for %q: ", keyFile))
	if errors.Is(err, cli.ErrNobody) {
		return nil, cli.WithStatus(cli.Usage, fmt.Errorf("the key %q is encrypted: %w", keyFile, err),
			"give the passphrase in a file: --passphrase-file FILE",
			"in a systemd unit: LoadCredential=ca-passphrase:FILE")
	}
	return secret, err
}

// issuerOf is the issuer whose key lies in a file, under kubeadm's names.
func issuerOf(keyFile string) string {
	name := strings.TrimSuffix(filepath.Base(keyFile), filepath.Ext(keyFile))
	if filepath.Base(filepath.Dir(keyFile)) == "etcd" {
		return "etcd-" + name
	}
	return name
}

func firstLine(file string) ([]byte, error) {
	text, err := readFile(file, importLimit)
	if err != nil {
		return nil, err
	}
	line, _, _ := bytes.Cut(text, []byte("\n"))
	return bytes.TrimSuffix(line, []byte("\r")), nil
}
