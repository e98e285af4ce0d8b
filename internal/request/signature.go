package request

import (
	"bytes"
	"crypto/rsa"
	"errors"
	"fmt"
	"strings"

	"github.com/hiddeco/sshsig"
	"golang.org/x/crypto/ssh"
)

// The namespaces keep a signature made for another purpose from serving as a requester's, and one below a host report
// from serving below a request (PROTOCOL.sshsig). The namespace ca-exchange-renewal is reserved: nothing signs or
// accepts it.
const (
	requestNamespace = "ca-exchange-request"
	reportNamespace  = "ca-exchange-report"
)

// Signature is an SSHSIG that was verified over the bytes above it.
type Signature struct {
	Key ssh.PublicKey
}

// Fingerprint is the key's name as ssh-keygen prints it: "SHA256:…".
func (s *Signature) Fingerprint() string { return ssh.FingerprintSHA256(s.Key) }

// Sign appends the requester's signature over the whole of entry, which Encode made with a cover.
func Sign(entry []byte, signer ssh.Signer) ([]byte, error) {
	return sign(entry, signer, requestNamespace, "a request")
}

// sign appends a signature of a namespace over the whole text; what is said of it is for an error.
func sign(text []byte, signer ssh.Signer, namespace, what string) ([]byte, error) {
	if err := checkSignatureKey(signer.PublicKey()); err != nil {
		return nil, err
	}
	signature, err := sshsig.Sign(bytes.NewReader(text), signer, sshsig.HashSHA512, namespace)
	if err != nil {
		return nil, fmt.Errorf("signing %s: %w", what, err)
	}
	return append(bytes.Clone(text), sshsig.Armor(signature)...), nil
}

// parseSignature reads the SSHSIG blob and verifies it over signed, in a namespace.
func parseSignature(signed, blob []byte, namespace string) (*Signature, error) {
	s, err := sshsig.ParseSignature(blob)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(s.Marshal(), blob) {
		return nil, errors.New("the signature is not encoded as PROTOCOL.sshsig says")
	}
	// Before any arithmetic: nothing bounds the RSA modulus of a hostile blob but this.
	if err := checkSignatureKey(s.PublicKey); err != nil {
		return nil, err
	}
	if err := sshsig.Verify(bytes.NewReader(signed), s, s.PublicKey, s.HashAlgorithm, namespace); err != nil {
		return nil, err
	}
	return &Signature{s.PublicKey}, nil
}

// checkSignatureKey takes the kinds of key that identify a requester: no DSA, no certificates, RSA from 2048 to
// 8192 bits. Security keys must show presence; x/crypto/ssh insists on that.
func checkSignatureKey(key ssh.PublicKey) error {
	switch key.Type() {
	case ssh.KeyAlgoED25519, ssh.KeyAlgoSKED25519, ssh.KeyAlgoECDSA256, ssh.KeyAlgoECDSA384, ssh.KeyAlgoECDSA521,
		ssh.KeyAlgoSKECDSA256:
		return nil
	case ssh.KeyAlgoRSA:
		if k, ok := key.(ssh.CryptoPublicKey); ok {
			if n, ok := k.CryptoPublicKey().(*rsa.PublicKey); ok && n.N.BitLen() >= 2048 && n.N.BitLen() <= 8192 {
				return nil
			}
		}
		return errors.New("an RSA key that signs requests has 2048 to 8192 bits")
	}
	return fmt.Errorf("a key of type %q does not sign requests", key.Type())
}

// AuthorizedKey is the key as an authorized_keys file has it, without a comment.
func (s *Signature) AuthorizedKey() string {
	return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(s.Key)))
}
