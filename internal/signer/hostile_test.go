package signer

import (
	"crypto"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"ca-exchange/internal/signer/signertest"
)

// TestWrongSignatures: nothing that does not verify with the issuer's public key is returned.
func TestWrongSignatures(t *testing.T) {
	t.Parallel()
	keys, others := testKeys(t), testKeys(t)
	for kind, key := range keys {
		for name, change := range map[string]func(*ssh.Signature){
			"one bit":       func(s *ssh.Signature) { s.Blob[len(s.Blob)-1] ^= 1 },
			"another form":  func(s *ssh.Signature) { s.Format = "ssh-rsa" },
			"nothing":       func(s *ssh.Signature) { s.Blob = nil },
			"another key's": func(s *ssh.Signature) { s.Blob = signedBy(t, others[kind]).Blob },
			"another text":  func(s *ssh.Signature) { s.Blob = signedBy(t, key).Blob },
		} {
			held := signertest.New(t, key)
			held.Change = change
			a, err := NewAgent(held.Socket, key.Public())
			must(t, err)
			signature, err := a.SignMessage(rand.Reader, []byte("a certificate"), a.algorithm.hash)
			if signature != nil || !errors.Is(err, ErrWrong) || !strings.Contains(err.Error(), held.Socket) {
				t.Errorf("%s, %s: %x, %v", kind, name, signature, err)
			}
		}
	}
}

func signedBy(t *testing.T, key crypto.Signer) *ssh.Signature {
	t.Helper()
	s, err := ssh.NewSignerFromSigner(key)
	must(t, err)
	signature, err := s.Sign(rand.Reader, []byte("another text"))
	must(t, err)
	return signature
}

// TestSlowAgent: an agent that accepts and never answers costs no more than the limit.
func TestSlowAgent(t *testing.T) {
	t.Parallel()
	socket := filepath.Join(t.TempDir(), "agent")
	l, err := net.Listen("unix", socket)
	must(t, err)
	defer l.Close()
	signertest.Accept(l, func(c io.ReadWriter) { io.Copy(io.Discard, c) })
	a, err := NewAgent(socket, testKeys(t)["P-256"].Public())
	must(t, err)
	a.limit = 50 * time.Millisecond
	begun := time.Now()
	_, err = a.SignMessage(rand.Reader, []byte("text"), crypto.SHA256)
	if !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "no answer within 50ms") {
		t.Errorf("%v", err)
	}
	if took := time.Since(begun); took > 2*time.Second {
		t.Errorf("it took %s", took)
	}
}

// TestMessageLength: OpenSSH's agent signs what this package sends, and longer messages are not sent.
func TestMessageLength(t *testing.T) {
	t.Parallel()
	key := testKeys(t)["P-256"]
	socket, _ := openSSH(t)
	add(t, socket, key)
	a, err := NewAgent(socket, key.Public())
	must(t, err)
	if _, err := a.SignMessage(rand.Reader, make([]byte, maxMessage), crypto.SHA256); err != nil {
		t.Errorf("%d bytes: %v", maxMessage, err)
	}
	a.socket = "/nowhere" // it is refused before anybody is asked
	_, err = a.SignMessage(rand.Reader, make([]byte, maxMessage+1), crypto.SHA256)
	if !errors.Is(err, ErrTooLong) || !strings.Contains(err.Error(), "exec") {
		t.Errorf("%v", err)
	}
}
