package ca

import (
	"crypto"
	"errors"

	"ca-exchange/internal/pki"
)

// Passphrase gives what may decrypt the key in a file: for try 0, and for each further one after the one before was
// wrong, until it gives an error. The caller clears nothing: the next key may have the same passphrase.
type Passphrase func(file string, try int) ([]byte, error)

// ParseKey reads an issuer's key of the text of a file, as pki.ParseIssuerKey, and asks for passphrases until one fits.
// ask is nil where nobody can be asked: then pki.ErrEncrypted says that somebody should be.
func ParseKey(text []byte, file string, ask Passphrase) (key crypto.Signer, kept []byte, err error) {
	if ask == nil {
		return pki.ParseIssuerKey(text, nil)
	}
	for try := 0; ; try++ {
		var asked error
		key, kept, err = pki.ParseIssuerKey(text, func() (secret []byte, err error) {
			secret, asked = ask(file, try)
			return secret, asked
		})
		if asked != nil || !errors.Is(err, pki.ErrPassphrase) {
			return key, kept, err
		}
	}
}
