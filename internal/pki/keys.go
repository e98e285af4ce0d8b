package pki

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
)

// ErrEncrypted means that a key needs a passphrase and there is no way to ask for it.
var ErrEncrypted = errors.New("the key is encrypted")

// Generate makes a new private key from crypto/rand.
func (t KeyType) Generate() (crypto.Signer, error) {
	switch t {
	case RSA2048:
		return rsa.GenerateKey(rand.Reader, 2048)
	case RSA3072:
		return rsa.GenerateKey(rand.Reader, 3072)
	case RSA4096:
		return rsa.GenerateKey(rand.Reader, 4096)
	case ECDSAP256:
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case ECDSAP384:
		return ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case ECDSAP521:
		return ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	case Ed25519:
		_, key, err := ed25519.GenerateKey(rand.Reader)
		return key, err
	}
	_, err := ParseKeyType(string(t))
	return nil, err
}

// ParsePrivateKey reads one private key in PEM: PKCS#1, SEC1 (openssl's EC PARAMETERS block may precede it) or
// PKCS#8, plain or encrypted. passphrase is asked only for an encrypted one and may be nil.
func ParsePrivateKey(text []byte, passphrase func() ([]byte, error)) (crypto.Signer, error) {
	block, rest := pem.Decode(text)
	if block != nil && block.Type == "EC PARAMETERS" {
		block, _ = pem.Decode(rest)
	}
	if block == nil {
		return nil, errors.New("no private key in PEM form")
	}
	key, err := parseKeyBlock(block, passphrase)
	if err != nil {
		return nil, err
	}
	signer, ok := key.(crypto.Signer)
	if !ok || KeyTypeOf(signer.Public()) == "" {
		return nil, unsupportedKey(key)
	}
	return signer, nil
}

func unsupportedKey(key any) error {
	return fmt.Errorf("the type of the key is not supported (%T)", key)
}

func parseKeyBlock(block *pem.Block, passphrase func() ([]byte, error)) (any, error) {
	switch {
	case block.Type == encryptedLabel:
		if passphrase == nil {
			return nil, ErrEncrypted
		}
		secret, err := passphrase()
		if err != nil {
			return nil, err
		}
		return decrypt(block.Bytes, secret)
	case block.Headers["DEK-Info"] != "":
		return nil, &ImportError{
			fmt.Errorf("%w in the old PEM form (RFC 1421, DEK-Info)", ErrEncrypted),
			"openssl pkcs8 -topk8 -in FILE -out ca.key",
		}
	case block.Type == "RSA PRIVATE KEY":
		return x509.ParsePKCS1PrivateKey(block.Bytes)
	case block.Type == "EC PRIVATE KEY":
		return x509.ParseECPrivateKey(block.Bytes)
	case block.Type == "PRIVATE KEY":
		return x509.ParsePKCS8PrivateKey(block.Bytes)
	}
	return nil, fmt.Errorf("the PEM block %q is not a private key", block.Type)
}

// EncodePrivateKey writes a key as kubeadm does (client-go keyutil): RSA PRIVATE KEY, EC PRIVATE KEY; Ed25519, which
// has neither form, as PRIVATE KEY.
func EncodePrivateKey(key crypto.Signer) ([]byte, error) {
	block := &pem.Block{}
	var err error
	switch k := key.(type) {
	case *rsa.PrivateKey:
		block.Type, block.Bytes = "RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(k)
	case *ecdsa.PrivateKey:
		block.Type = "EC PRIVATE KEY"
		block.Bytes, err = x509.MarshalECPrivateKey(k)
	default:
		block.Type = "PRIVATE KEY"
		block.Bytes, err = x509.MarshalPKCS8PrivateKey(k)
	}
	if err != nil {
		return nil, fmt.Errorf("encoding a private key: %w", err)
	}
	return pem.EncodeToMemory(block), nil
}

// EncodePublicKey writes a key as SubjectPublicKeyInfo, PUBLIC KEY: the form of kubeadm's sa.pub.
func EncodePublicKey(key crypto.PublicKey) ([]byte, error) {
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return nil, fmt.Errorf("encoding a public key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), nil
}
