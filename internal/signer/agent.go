package signer

import (
	"crypto"
	"crypto/ecdsa"
	"encoding/asn1"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

// maxMessage is the longest message that an agent is asked to sign: OpenSSH's breaks the connection at 256 KiB
// (AGENT_MAX_LEN in ssh-agent.c), the key and the request's own fields included.
const maxMessage = 255 << 10

// ErrTooLong means that a message is longer than an agent takes.
var ErrTooLong = errors.New("too long for an ssh-agent")

// Agent signs with a key that an ssh-agent holds: OpenSSH's, also with a PKCS#11 module behind it, GnuPG's, a TPM's, or
// one that is forwarded from another host. It connects anew for each signature, so an agent may go and come back.
type Agent struct {
	socket    string
	public    crypto.PublicKey
	key       ssh.PublicKey
	algorithm algorithm
	limit     time.Duration
}

// NewAgent is the signer for a public key at an agent's socket. It does not connect yet.
func NewAgent(socket string, public crypto.PublicKey) (*Agent, error) {
	a, err := algorithmOf(public)
	if err != nil {
		return nil, err
	}
	key, err := ssh.NewPublicKey(public)
	if err != nil {
		return nil, err
	}
	return &Agent{socket, public, key, a, Limit}, nil
}

// Fingerprint is how ssh-add -l names a public key: SHA256: and base64.
func Fingerprint(public crypto.PublicKey) (string, error) {
	key, err := ssh.NewPublicKey(public)
	if err != nil {
		return "", err
	}
	return ssh.FingerprintSHA256(key), nil
}

// Public is the issuer's public key.
func (a *Agent) Public() crypto.PublicKey { return a.public }

// Sign fails: an agent signs messages, never digests. x509 calls SignMessage.
func (a *Agent) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	return nil, errors.New("an ssh-agent signs whole messages, not digests")
}

// SignMessage signs a message that the agent hashes itself. An ECDSA signature is ASN.1, as crypto.Signer has it.
func (a *Agent) SignMessage(_ io.Reader, message []byte, opts crypto.SignerOpts) ([]byte, error) {
	if err := a.algorithm.accepts(opts); err != nil {
		return nil, err
	}
	if len(message) > maxMessage {
		return nil, fmt.Errorf("%d bytes are to be signed, at most %d fit: %w; a signer program takes more (exec)",
			len(message), maxMessage, ErrTooLong)
	}
	var signature *ssh.Signature
	err := talk(a.socket, a.limit, func(to agent.ExtendedAgent) (err error) {
		if signature, err = to.SignWithFlags(a.key, message, a.algorithm.flags); err == nil {
			return nil
		}
		// An agent says no more than that it does not sign: whether it has the key helps a person more.
		if _, missing := find(to, ssh.FingerprintSHA256(a.key)); missing != nil {
			return missing
		}
		return fmt.Errorf("it has the key, and did not sign: %w", err)
	})
	if err != nil {
		return nil, err
	}
	blob, err := a.checked(message, signature)
	if err != nil {
		return nil, &Error{ErrWrong, by(a.socket), err}
	}
	return blob, nil
}

// checked is an agent's signature as crypto.Signer has it.
func (a *Agent) checked(message []byte, s *ssh.Signature) (signature []byte, err error) {
	if s.Format != a.algorithm.ssh {
		return nil, fmt.Errorf("it is of the form %q, not %q", s.Format, a.algorithm.ssh)
	}
	signature = s.Blob
	if _, ok := a.public.(*ecdsa.PublicKey); ok {
		if signature, err = toASN1(signature); err != nil {
			return nil, err
		}
	}
	return signature, verify(a.public, a.algorithm, a.algorithm.digest(message), signature)
}

// by names an agent in errors.
func by(socket string) string { return fmt.Sprintf("agent %q", socket) }

// readyLimit is how long Ready waits for an answer: a person who wants to know, or a pass, waits for it.
const readyLimit = 5 * time.Second

// Ready reports whether the agent answers and has the key. It asks for no signature, so nobody has to confirm one.
func (a *Agent) Ready() error {
	return talk(a.socket, min(a.limit, readyLimit), func(to agent.ExtendedAgent) error {
		_, err := find(to, ssh.FingerprintSHA256(a.key))
		return err
	})
}

// Find asks an agent for the public key of a fingerprint, as ssh-add -l prints it.
func Find(socket, fingerprint string) (public crypto.PublicKey, err error) {
	err = talk(socket, Limit, func(to agent.ExtendedAgent) (err error) {
		public, err = find(to, fingerprint)
		return err
	})
	return public, err
}

func find(to agent.Agent, fingerprint string) (crypto.PublicKey, error) {
	keys, err := to.List()
	if err != nil {
		return nil, err
	}
	for _, k := range keys {
		if ssh.FingerprintSHA256(k) != fingerprint {
			continue
		}
		key, err := ssh.ParsePublicKey(k.Blob)
		if err != nil {
			return nil, err
		}
		with, ok := key.(ssh.CryptoPublicKey)
		if !ok || strings.HasPrefix(k.Format, "sk-") { // a security key signs what it makes of the message
			return nil, fmt.Errorf("its key %s is of type %q, which signs no certificates", fingerprint, k.Format)
		}
		_, err = algorithmOf(with.CryptoPublicKey())
		return with.CryptoPublicKey(), err
	}
	return nil, fmt.Errorf("it does not have the key %s", fingerprint)
}

// talk connects to an agent and ends after limit, whatever the agent does.
func talk(socket string, limit time.Duration, say func(agent.ExtendedAgent) error) error {
	end := time.Now().Add(limit)
	err := errors.New("no socket is named, and SSH_AUTH_SOCK is not set")
	if socket != "" {
		err = talkUntil(end, socket, say)
	}
	switch {
	case err == nil:
		return nil
	case !time.Now().Before(end):
		err = fmt.Errorf("no answer within %s", limit)
	}
	return &Error{ErrUnavailable, by(socket), err}
}

func talkUntil(end time.Time, socket string, say func(agent.ExtendedAgent) error) error {
	connection, err := (&net.Dialer{Deadline: end}).Dial("unix", socket)
	if e, ok := errors.AsType[*net.OpError](err); ok {
		return e.Err // the socket is named beside it already
	}
	if err != nil {
		return err
	}
	defer connection.Close()
	if err := connection.SetDeadline(end); err != nil {
		return err
	}
	return say(agent.NewClient(struct{ io.ReadWriter }{connection})) // without Close it starts no goroutine
}

// toASN1 turns an agent's ECDSA signature (RFC 5656 3.1.2: two numbers) into ASN.1 (RFC 3279 2.2.3).
func toASN1(blob []byte) ([]byte, error) {
	var numbers struct{ R, S *big.Int }
	if err := ssh.Unmarshal(blob, &numbers); err != nil {
		return nil, err
	}
	return asn1.Marshal(numbers)
}
