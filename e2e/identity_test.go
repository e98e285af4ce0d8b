package e2e_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestIdentities: each kind of OpenSSH identity does one whole hand-off.
func TestIdentities(t *testing.T) {
	long(t)
	t.Parallel()
	needs(t, "ssh-keygen", "ssh-agent", "ssh-add")
	bin := build(t)
	for _, kind := range []string{"ed25519", "ecdsa", "rsa"} {
		t.Run(kind, func(t *testing.T) { handOff(newExchange(t, bin), kind, "") })
	}
	t.Run("agent", func(t *testing.T) {
		x := newExchange(t, bin)
		socket := filepath.Join(x.dir, "agent")
		agent := exec.Command("ssh-agent", "-D", "-a", socket)
		must(t, agent.Start())
		defer func() { agent.Process.Kill(); agent.Wait() }()
		x.env = append(x.env, "SSH_AUTH_SOCK="+socket)
		handOff(x, "ed25519", "secret passphrase")
	})
	t.Run("ssh-keygen -Y sign", func(t *testing.T) {
		x := newExchange(t, bin)
		key := keygen(x, "ed25519", "")
		entry := filepath.Join(x.dir, "entry")
		must(t, os.WriteFile(entry, x.covered("me", "www.example", nil), 0o644))
		x.run(0, "ssh-keygen", "-q", "-Y", "sign", "-n", "ca-exchange-request", "-f", key, entry)
		x.ca(0, "enroll", "me", "--key", key+".pub", "--profile", "server", "--dns", "*.example")
		signed, err := os.ReadFile(entry)
		must(t, err)
		signature, err := os.ReadFile(entry + ".sig")
		must(t, err)
		x.drop("www.csr", append(signed, signature...))
		x.ca(0, "sync")
		x.expect("www", "crt", "")
	})
}

// keygen makes an OpenSSH key.
func keygen(x *exchange, kind, passphrase string) string {
	x.Helper()
	file := filepath.Join(x.dir, "id_"+kind)
	x.run(0, "ssh-keygen", "-q", "-t", kind, "-N", passphrase, "-f", file)
	return file
}

// handOff goes all the way with an adopted key; a protected one is used through the agent.
func handOff(x *exchange, kind, passphrase string) {
	key := keygen(x, kind, passphrase)
	x.run(0, "component-admin", "init", "--name", "me", "--trust", x.trust(), "--identity", key)
	if passphrase != "" {
		out := x.run(1, "component-admin", "request", "server", "--dns", "www.example")
		if !strings.Contains(out, "hint: ssh-add") {
			x.Errorf("without the key in the agent: %s", out)
		}
		ask := filepath.Join(x.dir, "askpass")
		must(x.T, os.WriteFile(ask, []byte("#!/bin/sh\necho '"+passphrase+"'\n"), 0o700))
		x.env = append(x.env, "SSH_ASKPASS="+ask, "SSH_ASKPASS_REQUIRE=force")
		x.run(0, "ssh-add", "-q", key)
	}
	x.ca(0, "enroll", "me", "--key", filepath.Join(x.dir, "component", "component-admin", "identity.pub"), "--profile",
		"server", "--dns", "*.example")
	x.run(0, "component-admin", "request", "server", "--dns", "www.example")
	x.ca(0, "sync")
	if out := x.run(0, "component-admin", "sync"); !strings.Contains(out, "installed pki/www.example.crt") {
		x.Errorf("%s", out)
	}
}
