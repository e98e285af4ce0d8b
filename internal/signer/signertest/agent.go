// Package signertest has an ssh-agent for tests, which runs in their process and errs as they want.
package signertest

import (
	"crypto"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

// Agent holds keys and signs with them. Change is called with each signature before it is given out; set it before the
// first one is asked for.
type Agent struct {
	Socket string
	Change func(*ssh.Signature)

	t    testing.TB
	keys agent.ExtendedAgent

	mu       sync.Mutex
	listener net.Listener
}

// New starts an agent with these keys; it ends with the test.
func New(t testing.TB, keys ...crypto.Signer) *Agent {
	t.Helper()
	dir, err := os.MkdirTemp("", "agent") // 0700, and short: a socket's path has at most 100 bytes
	if err != nil {
		t.Fatal(err)
	}
	a := &Agent{
		Socket: filepath.Join(dir, "s"), Change: func(*ssh.Signature) {}, t: t,
		keys: agent.NewKeyring().(agent.ExtendedAgent),
	}
	for _, key := range keys {
		if err := a.keys.Add(agent.AddedKey{PrivateKey: key}); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { a.Stop(); os.RemoveAll(dir) })
	a.Start()
	return a
}

// Start makes the agent answer.
func (a *Agent) Start() {
	a.t.Helper()
	l, err := net.Listen("unix", a.Socket)
	if err != nil {
		a.t.Fatal(err)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.listener = l
	Accept(l, func(c io.ReadWriter) { agent.ServeAgent(changing{a.keys, a}, c) })
}

// Stop ends the agent, as if it were killed; its keys are back after Start.
func (a *Agent) Stop() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.listener != nil {
		a.listener.Close()
		a.listener = nil
	}
}

// Accept has each connection answered until the listener is closed.
func Accept(l net.Listener, answer func(io.ReadWriter)) {
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() { answer(c); c.Close() }()
		}
	}()
}

// changing is an agent that changes what it signs.
type changing struct {
	agent.ExtendedAgent
	of *Agent
}

// SignWithFlags signs, and has the signature changed.
func (c changing) SignWithFlags(k ssh.PublicKey, b []byte, f agent.SignatureFlags) (*ssh.Signature, error) {
	s, err := c.ExtendedAgent.SignWithFlags(k, b, f)
	if err == nil {
		c.of.Change(s)
	}
	return s, err
}
