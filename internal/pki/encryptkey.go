package pki

import (
	"crypto"
	"encoding/pem"
	"errors"
	"fmt"

	"github.com/youmark/pkcs8"
)

// A KDF turns a passphrase into the key that encrypts an issuer's.
type KDF string

// The functions and parameters that openssl 3.0 reads: it refuses scrypt with N of 2^15 or more, and AES-GCM.
const (
	Scrypt KDF = "scrypt" // RFC 7914: N=2^14, r=8, p=5: 16 MiB, some tenths of a second
	PBKDF2 KDF = "pbkdf2" // RFC 8018: HMAC-SHA-256, 600,000 iterations, where scrypt is not allowed
)

// A passphrase has so many bytes: fewer are guessed, and openssl reads no more.
const (
	minPassphrase = 8
	maxPassphrase = 1000
)

const encryptedLabel = "ENCRYPTED PRIVATE KEY"

// ErrPassphrase means that a passphrase does not decrypt a key.
var ErrPassphrase = errors.New("the passphrase does not decrypt the key")

// CheckPassphrase refuses a passphrase that is too short, or too long for openssl, before it encrypts anything.
func CheckPassphrase(passphrase []byte) error {
	if n := len(passphrase); n < minPassphrase || n > maxPassphrase {
		return fmt.Errorf("the passphrase has %d bytes, and %d to %d are needed", n, minPassphrase, maxPassphrase)
	}
	return nil
}

// EncryptPrivateKey writes a key as PKCS#8 under a passphrase (RFC 5958 3, PBES2 of RFC 8018 6.2 with AES-256-CBC and a
// salt of 16 bytes).
func EncryptPrivateKey(key crypto.Signer, passphrase []byte, kdf KDF) ([]byte, error) {
	if err := CheckPassphrase(passphrase); err != nil {
		return nil, err
	}
	options := &pkcs8.Opts{Cipher: pkcs8.AES256CBC}
	switch kdf {
	case Scrypt:
		options.KDFOpts = pkcs8.ScryptOpts{
			SaltSize: 16, CostParameter: 1 << 14, BlockSize: 8, ParallelizationParameter: 5,
		}
	case PBKDF2:
		options.KDFOpts = pkcs8.PBKDF2Opts{SaltSize: 16, IterationCount: 600_000, HMACHash: crypto.SHA256}
	default:
		return nil, fmt.Errorf("no key derivation function %q: %s or %s", kdf, Scrypt, PBKDF2)
	}
	der, err := pkcs8.MarshalPrivateKey(key, passphrase, options)
	if err != nil {
		return nil, fmt.Errorf("encrypting a private key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: encryptedLabel, Bytes: der}), nil
}

// IsEncrypted reports whether a file that holds a private key in PEM holds it encrypted.
func IsEncrypted(text []byte) bool {
	block, err := keyBlock(text)
	return err == nil && (block.Type == encryptedLabel || block.Headers["DEK-Info"] != "")
}

// decrypt reads an encrypted PKCS#8 key.
func decrypt(der, passphrase []byte) (any, error) {
	if len(passphrase) == 0 { // the library would take the key for a plain one
		return nil, ErrPassphrase
	}
	key, err := pkcs8.ParsePKCS8PrivateKey(der, passphrase)
	if err != nil && err.Error() == "pkcs8: incorrect password" {
		return nil, ErrPassphrase
	}
	if err != nil {
		return nil, fmt.Errorf("decrypting the key: %w", err)
	}
	return key, nil
}
