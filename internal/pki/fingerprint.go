package pki

import (
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
)

// SPKIFingerprint names a public key: SHA-256 of its SubjectPublicKeyInfo in DER, hex.
func SPKIFingerprint(der []byte) string { return sumHex(der) }

// KeyFingerprint is the SPKIFingerprint of a key.
func KeyFingerprint(key crypto.PublicKey) (string, error) {
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return "", fmt.Errorf("encoding a public key: %w", err)
	}
	return SPKIFingerprint(der), nil
}

func sumHex(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// sameKey compares public keys of any type.
func sameKey(a, b crypto.PublicKey) bool {
	k, ok := a.(interface{ Equal(crypto.PublicKey) bool })
	return ok && k.Equal(b)
}

// compareKeys reports two different public keys by their fingerprints.
func compareKeys(got, want crypto.PublicKey) error {
	if sameKey(got, want) {
		return nil
	}
	g, err := KeyFingerprint(got)
	w, err2 := KeyFingerprint(want)
	if err := errors.Join(err, err2); err != nil {
		return err
	}
	return fmt.Errorf("key %s, expected %s", g, w)
}
