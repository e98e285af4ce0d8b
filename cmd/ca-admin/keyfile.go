package main

import (
	"crypto/rsa"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/ssh"

	"ca-exchange/internal/cli"
	"ca-exchange/internal/policy"
	"ca-exchange/internal/refusal"
	"ca-exchange/internal/request"
)

// keyIn reads a public key file of a requester.
func keyIn(file string) (key, fingerprint string, err error) {
	text, err := readFile(file, refusal.MaxEntry)
	if err != nil {
		return "", "", err
	}
	if request.HoldsPrivateKey(text) {
		err := fmt.Errorf("%q holds a private key, which stays where it was made", file)
		return "", "", cli.WithStatus(cli.Usage, err,
			"the public half is enrolled: identity.pub, or the file that ends in .pub")
	}
	key = strings.TrimSpace(string(text))
	if fingerprint, err = policy.KeyFingerprint(key); err == nil {
		err = checkKey(key)
	}
	if err != nil {
		err = fmt.Errorf("reading %q: %w", file, err)
	}
	return key, fingerprint, err
}

// smallestRSA is the least size of an RSA key in bits (NIST SP 800-131A).
const smallestRSA = 2048

// checkKey refuses what a signature of a request could not rest on.
func checkKey(authorized string) error {
	key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(authorized))
	if err != nil {
		return err
	}
	if _, ok := key.(*ssh.Certificate); ok {
		return errors.New("this is an SSH certificate: enroll the key itself, the .pub file without -cert")
	}
	if with, ok := key.(ssh.CryptoPublicKey); ok {
		if public, ok := with.CryptoPublicKey().(*rsa.PublicKey); ok && public.N.BitLen() < smallestRSA {
			return fmt.Errorf("an RSA key of %d bits, and %d are needed: ssh-keygen -t ed25519 makes another one",
				public.N.BitLen(), smallestRSA)
		}
	}
	return nil
}
