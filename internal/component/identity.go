package component

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strings"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"ca-exchange/internal/durable"
	"ca-exchange/internal/request"
)

// The files of the identity that init makes.
const (
	identityFile = "identity"
	publicFile   = "identity.pub"
)

// ErrAgent: a key cannot be used from its file, and no agent holds it.
var ErrAgent = errors.New("the key is protected and the SSH agent does not have it")

// Identity is the SSH key that speaks for the requester.
type Identity struct {
	Public      ssh.PublicKey
	Fingerprint string // "SHA256:…"
	Authorized  string // as identity.pub has it
}

// makeIdentity makes an Ed25519 key, or adopts an OpenSSH key file (the private one, or the .pub of one that an agent
// or a security key holds). identity.pub is written in any case: it is what the CA admin enrolls.
func makeIdentity(private *durable.Dir, adopt, name string) error {
	if adopt != "" {
		public, err := publicKeyOf(adopt)
		if err != nil {
			return err
		}
		return private.Replace(publicFile, authorized(public, name), 0o644)
	}
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	block, err := ssh.MarshalPrivateKey(key, name)
	if err != nil {
		return err
	}
	signer, err := ssh.NewSignerFromKey(key)
	if err != nil {
		return err
	}
	if err := private.Replace(identityFile, pem.EncodeToMemory(block), 0o600); err != nil {
		return err
	}
	return private.Replace(publicFile, authorized(signer.PublicKey(), name), 0o644)
}

func authorized(key ssh.PublicKey, comment string) []byte {
	return []byte(strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key))) + " " + comment + "\n")
}

// publicKeyOf reads the public half of a key file: from itself, or from the .pub beside a protected one.
func publicKeyOf(file string) (ssh.PublicKey, error) {
	for _, candidate := range []string{file, file + ".pub"} {
		text, err := readHostFile(candidate)
		if err != nil {
			if candidate == file {
				return nil, err
			}
			break
		}
		if key, _, _, _, err := ssh.ParseAuthorizedKey(text); err == nil {
			return key, nil
		}
		signer, err := ssh.ParsePrivateKey(text)
		if err == nil {
			return signer.PublicKey(), nil
		}
		if missing, ok := errors.AsType[*ssh.PassphraseMissingError](err); ok && missing.PublicKey != nil {
			return missing.PublicKey, nil
		}
	}
	return nil, fmt.Errorf("%q does not hold an OpenSSH key, and %[1]q.pub has no public key", file)
}

// NewIdentity makes a key, or adopts one, in place of this host's identity. It keeps the old files under their second
// names. The next Sync signs open requests with the new key.
func (c *Component) NewIdentity(adopt string) error {
	lock, err := c.Lock()
	if err != nil {
		return err
	}
	defer lock.Release()
	for _, file := range []string{identityFile, publicFile} {
		if err := existing(c.private.Keep(file, file+previousSuffix)); err != nil {
			return err
		}
	}
	if err := makeIdentity(c.private, adopt, c.Name); err != nil {
		return err
	}
	return c.updateLocked(func(to *Config) { to.Identity = adopt })
}

// Identity reads identity.pub; ErrIdentity where it is gone.
func (c *Component) Identity() (Identity, error) {
	text, _, err := c.private.Read(publicFile, sizeLimit)
	if errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("%w: %w", ErrIdentity, err)
	}
	if err != nil {
		return Identity{}, err
	}
	key, _, _, _, err := ssh.ParseAuthorizedKey(text)
	if err != nil {
		return Identity{}, fmt.Errorf("reading %s: %w", publicFile, err)
	}
	return Identity{key, ssh.FingerprintSHA256(key), strings.TrimSpace(string(text))}, nil
}

// sign puts the requester's signature below an entry.
func (c *Component) sign(entry []byte) ([]byte, error) { return c.signBy(entry, request.Sign) }

// signing puts a signature below a text.
type signing func(text []byte, signer ssh.Signer) ([]byte, error)

// signBy signs with the key file where it can be read, else by the SSH agent.
func (c *Component) signBy(entry []byte, sign signing) ([]byte, error) {
	id, err := c.Identity()
	if err != nil {
		return nil, err
	}
	text, err := c.identityText()
	if errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("%w: %w", ErrIdentity, err)
	}
	if err != nil {
		return nil, err
	}
	signer, err := ssh.ParsePrivateKey(text)
	if err == nil && bytes.Equal(signer.PublicKey().Marshal(), id.Public.Marshal()) {
		return sign(entry, signer)
	}
	return signByAgent(entry, id.Public, sign)
}

func (c *Component) identityText() ([]byte, error) {
	if c.Config.Identity != "" {
		return readHostFile(c.Config.Identity)
	}
	text, _, err := c.private.Read(identityFile, sizeLimit)
	return text, err
}

func signByAgent(entry []byte, key ssh.PublicKey, sign signing) ([]byte, error) {
	socket := os.Getenv("SSH_AUTH_SOCK")
	if socket == "" {
		return nil, fmt.Errorf("%w: no agent runs (SSH_AUTH_SOCK)", ErrAgent)
	}
	connection, err := net.Dial("unix", socket)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrAgent, err)
	}
	defer connection.Close()
	signers, err := agent.NewClient(connection).Signers()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrAgent, err)
	}
	for _, signer := range signers {
		if bytes.Equal(signer.PublicKey().Marshal(), key.Marshal()) {
			return sign(entry, signer)
		}
	}
	return nil, fmt.Errorf("%w: %s", ErrAgent, ssh.FingerprintSHA256(key))
}
