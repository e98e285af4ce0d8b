package pki

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"encoding/asn1"
	"encoding/pem"
	"errors"

	"golang.org/x/crypto/cryptobyte"
	der "golang.org/x/crypto/cryptobyte/asn1"
)

// An issuer's RSA key has as many bits: what verifiers accept (crypto/tls takes no more than 8192).
const (
	minIssuerBits = 2048
	maxIssuerBits = 8192
)

// ParseIssuerKey reads an issuer's private key of a file in PEM that may hold certificates beside it: PKCS#1, SEC1,
// PKCS#8, or encrypted PKCS#8, for which passphrase is asked; nil where there is none. It also returns the key's own
// PEM block as it is to be kept: an encrypted one stays so. Wider than ParsePrivateKey, it takes RSA of any size from
// 2048 to 8192 bits.
func ParseIssuerKey(text []byte, passphrase func() ([]byte, error)) (crypto.Signer, []byte, error) {
	if err := checkImportForm(text, "-nocerts -out ca.key", "pkey -inform DER -in FILE -out ca.key"); err != nil {
		return nil, nil, err
	}
	block, err := keyBlock(text)
	if err != nil {
		return nil, nil, err
	}
	key, err := parseKeyBlock(block, passphrase)
	if err != nil {
		return nil, nil, err
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, nil, unsupportedKey(key)
	}
	if public, ok := signer.Public().(*rsa.PublicKey); ok {
		if n := public.N.BitLen(); n < minIssuerBits || n > maxIssuerBits {
			return nil, nil, cannotImport("make a new issuer: ca-admin init",
				"RSA-%d: an issuer's key has %d to %d bits", n, minIssuerBits, maxIssuerBits)
		}
	} else if KeyTypeOf(signer.Public()) == "" {
		return nil, nil, unsupportedKey(key)
	}
	return signer, pem.EncodeToMemory(block), nil
}

// keyBlock finds the one private key of a file.
func keyBlock(text []byte) (*pem.Block, error) {
	var found *pem.Block
	for rest := text; ; {
		block, after := pem.Decode(rest)
		if block == nil {
			break
		}
		rest = after
		switch {
		case !isKeyLabel(block.Type) || block.Type == "EC PARAMETERS":
		case found != nil:
			return nil, errors.New("the file contains more than one private key")
		default:
			found = block
		}
	}
	switch {
	case found == nil:
		return nil, errors.New("the file contains no private key in PEM form")
	case found.Type == encryptedLabel && !isPBES2(found.Bytes):
		return nil, cannotImport("openssl pkcs8 -topk8 -in FILE -out ca.key",
			"the key is encrypted in a form that is broken or unknown (PBES1 of PKCS#5 or PKCS#12)")
	case found.Type == "OPENSSH PRIVATE KEY":
		return nil, cannotImport("ssh-keygen -p -m PKCS8 -f FILE", "the key is in OpenSSH's own form")
	}
	return found, nil
}

// isPBES2 reads the algorithm of an EncryptedPrivateKeyInfo (RFC 5958 3, RFC 8018 A.4).
func isPBES2(b []byte) bool {
	in := cryptobyte.String(bytes.Clone(b))
	var outer, algorithm cryptobyte.String
	var oid asn1.ObjectIdentifier
	return in.ReadASN1(&outer, der.SEQUENCE) && outer.ReadASN1(&algorithm, der.SEQUENCE) &&
		algorithm.ReadASN1ObjectIdentifier(&oid) && oid.String() == "1.2.840.113549.1.5.13"
}
