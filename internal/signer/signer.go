package signer

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"time"

	"golang.org/x/crypto/ssh/agent"
)

// Limit is how long one signature may take.
const Limit = 30 * time.Second

// Errors that callers branch on.
var (
	// ErrUnavailable means that no signature came: nobody answered in time, or the answer was that there is none.
	ErrUnavailable = errors.New("no signature")
	// ErrWrong means that what came is not a signature of the issuer's key over what was to be signed.
	ErrWrong = errors.New("a wrong signature")
)

// Error is a signature that did not come, or is wrong.
type Error struct {
	Kind error  // ErrUnavailable or ErrWrong
	By   string // who was to sign: agent "SOCKET" or program "PATH"
	Err  error  // nil where Kind says it all
}

func (e *Error) Error() string {
	if e.Err == nil {
		return fmt.Sprintf("%s: %v", e.By, e.Kind)
	}
	return fmt.Sprintf("%s: %v: %v", e.By, e.Kind, e.Err)
}

// Unwrap gives the kind and what is below it.
func (e *Error) Unwrap() []error { return []error{e.Kind, e.Err} }

// Prove makes one signature of a text that nobody could take for a certificate, and returns only whether it is good.
func Prove(s crypto.Signer) error {
	a, err := algorithmOf(s.Public())
	if err != nil {
		return err
	}
	_, err = crypto.SignMessage(s, rand.Reader, []byte("ca-exchange: a trial signature "+rand.Text()), a.hash)
	return err
}

// algorithm is the one way in which a kind of key signs: the one that x509 chooses for it.
type algorithm struct {
	name  string      // for a signer program; "" where the key signs no digest
	hash  crypto.Hash // 0: the message itself is signed
	ssh   string      // the format of an agent's signature (RFC 5656, RFC 8332, RFC 8709)
	flags agent.SignatureFlags
}

func algorithmOf(public crypto.PublicKey) (algorithm, error) {
	switch k := public.(type) {
	case *rsa.PublicKey:
		return algorithm{"RSA-SHA256", crypto.SHA256, "rsa-sha2-256", agent.SignatureFlagRsaSha256}, nil
	case ed25519.PublicKey:
		return algorithm{"", 0, "ssh-ed25519", 0}, nil
	case *ecdsa.PublicKey:
		switch k.Curve {
		case elliptic.P256():
			return algorithm{"ECDSA-SHA256", crypto.SHA256, "ecdsa-sha2-nistp256", 0}, nil
		case elliptic.P384():
			return algorithm{"ECDSA-SHA384", crypto.SHA384, "ecdsa-sha2-nistp384", 0}, nil
		}
	}
	return algorithm{}, fmt.Errorf("a key of type %T is not P-256, P-384, RSA or Ed25519", public)
}

// accepts reports whether the caller asks for the signature that this kind of key makes.
func (a algorithm) accepts(opts crypto.SignerOpts) error {
	if _, pss := opts.(*rsa.PSSOptions); pss || opts.HashFunc() != a.hash {
		return fmt.Errorf("asked to sign with %v (%T), and this key signs with %v", opts.HashFunc(), opts, a.hash)
	}
	return nil
}

// digest is what the key signs of a message: its hash, or the message itself.
func (a algorithm) digest(message []byte) []byte {
	if a.hash == 0 {
		return message
	}
	h := a.hash.New()
	h.Write(message)
	return h.Sum(nil)
}

// verify is the last look at what came back. signed is the digest, or the message where the key signs that.
func verify(public crypto.PublicKey, a algorithm, signed, signature []byte) error {
	good := false
	switch k := public.(type) {
	case *rsa.PublicKey:
		good = rsa.VerifyPKCS1v15(k, a.hash, signed, signature) == nil
	case *ecdsa.PublicKey:
		good = ecdsa.VerifyASN1(k, signed, signature)
	case ed25519.PublicKey:
		good = ed25519.Verify(k, signed, signature)
	}
	if !good {
		return errors.New("it does not fit the issuer's public key")
	}
	return nil
}
