package ca

import (
	"crypto"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"ca-exchange/internal/kube"
	"ca-exchange/internal/pki"
	"ca-exchange/internal/policy"
	"ca-exchange/internal/signer"
	"ca-exchange/internal/signer/signertest"
)

func generated(t *testing.T, kind pki.KeyType) crypto.Signer {
	t.Helper()
	key, err := kind.Generate()
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// inAgent is a signer by an agent that has a key.
func inAgent(t *testing.T, a *signertest.Agent, key crypto.Signer) policy.Signer {
	t.Helper()
	fingerprint, err := signer.Fingerprint(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	return policy.Signer{Agent: fingerprint, Socket: a.Socket}
}

func byProgram(path string) policy.Signer { return policy.Signer{Exec: []string{path}} }

// agentCA makes a CA whose issuer ca signs by an agent, and whose etcd-ca has a key file.
func agentCA(t *testing.T, a *signertest.Agent, key crypto.Signer) (*CA, error) {
	t.Helper()
	text, err := policy.Default(policy.Defaults{Cluster: policy.Cluster{Kubernetes: kube.Latest().String()}})
	if err != nil {
		t.Fatal(err)
	}
	c, err := Create(filepath.Join(t.TempDir(), "ca"), Setup{
		Issuers: []pki.IssuerSpec{
			{Name: "ca", CommonName: "kubernetes", Days: 100},
			{Name: "etcd-ca", CommonName: "etcd-ca", KeyType: pki.ECDSAP256, Days: 100},
		},
		Policy: text, Signers: map[string]policy.Signer{"ca": inAgent(t, a, key)},
	}, Settings{Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	if err == nil {
		t.Cleanup(func() { c.Close() })
	}
	return c, err
}

// TestCreateWithAgent: a key that an agent has never becomes a file; the CA directory is opened, backed up and restored
// without it, also while the agent is away.
func TestCreateWithAgent(t *testing.T) {
	t.Parallel()
	key := generated(t, pki.ECDSAP384)
	a := signertest.New(t, key)
	c, err := agentCA(t, a, key)
	if err != nil {
		t.Fatal(err)
	}
	have := func(name string) bool { _, err := os.Stat(filepath.Join(c.dir.Path(), name)); return err == nil }
	if have("ca.key") || !have("ca.crt") || !have("etcd/ca.key") {
		t.Error("the key of ca is a file, or that of etcd-ca is none")
	}
	if info, err := os.Stat(filepath.Join(c.dir.Path(), signersFile)); err != nil || info.Mode() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	if troubles := c.SignerTroubles(); len(troubles) > 0 {
		t.Errorf("%q", troubles)
	}
	a.Stop()
	if err := c.Unlock(); err != nil || !c.HasKey("ca") || !c.HasKey("etcd-ca") {
		t.Errorf("without the agent: %v", err)
	}
	file := filepath.Join(t.TempDir(), "ca.tar")
	if _, err := c.Backup(t.Context(), file, AllKeys); err != nil {
		t.Fatal(err)
	}
	to := filepath.Join(t.TempDir(), "ca")
	if r, err := Restore(t.Context(), file, to, Wanted{}, c.Settings); err != nil || len(r.MissingKeys) > 0 {
		t.Fatal(err, r.MissingKeys)
	}
	before, err := os.ReadFile(filepath.Join(c.dir.Path(), signersFile))
	if err != nil {
		t.Fatal(err)
	}
	if after, err := os.ReadFile(filepath.Join(to, signersFile)); string(after) != string(before) {
		t.Errorf("restored %q, %v", after, err)
	}
	if _, err := agentCA(t, a, key); !errors.Is(err, signer.ErrUnavailable) {
		t.Errorf("made without the agent: %v", err)
	}
}

// TestAttachSigner: an issuer's key file is no longer needed once a signer with its key has made a good signature;
// otherwise nothing changes.
func TestAttachSigner(t *testing.T) {
	t.Parallel()
	c := headFixture(t)
	text, err := os.ReadFile(filepath.Join(c.dir.Path(), "ca.key"))
	if err != nil {
		t.Fatal(err)
	}
	key, err := pki.ParsePrivateKey(text, nil)
	if err != nil {
		t.Fatal(err)
	}
	other := generated(t, pki.ECDSAP256)
	a, without := signertest.New(t, key, other), signertest.New(t, other)
	wrong := signertest.New(t, key)
	wrong.Change = func(s *ssh.Signature) { s.Blob[len(s.Blob)-1] ^= 1 }
	program := filepath.Join(t.TempDir(), "sign")
	if err := os.WriteFile(program, []byte("#!/bin/sh\ncat >/dev/null; echo AAAA\n"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(program, 0o777); err != nil {
		t.Fatal(err)
	}
	for name, one := range map[string]struct {
		issuer string
		with   policy.Signer
		want   error
		text   string
	}{
		"another key":         {"ca", inAgent(t, a, other), ErrOtherKey, "and its certificate has SHA256:"},
		"without the key":     {"ca", inAgent(t, without, key), signer.ErrUnavailable, "does not have the key"},
		"wrong signatures":    {"ca", inAgent(t, wrong, key), signer.ErrWrong, "does not fit"},
		"others may write it": {"ca", byProgram(program), signer.ErrUnavailable, "others may write it"},
		"no program":          {"ca", byProgram("/nowhere"), signer.ErrUnavailable, "no such file"},
		"no issuer":           {"etcd-ca", inAgent(t, a, key), nil, "no issuer"},
		"nobody":              {"ca", policy.Signer{}, nil, "agent or exec"},
		"no socket": {"ca", policy.Signer{Agent: inAgent(t, a, key).Agent}, signer.ErrUnavailable,
			"SSH_AUTH_SOCK"},
	} {
		err := c.AttachSigner(t.Context(), one.issuer, one.with)
		if err == nil || one.want != nil && !errors.Is(err, one.want) ||
			!strings.Contains(err.Error(), one.text) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := os.Stat(filepath.Join(c.dir.Path(), signersFile)); err == nil {
		t.Error("signers.yaml was written")
	}
	checkAttached(t, c, inAgent(t, a, key))
}

// checkAttached attaches a signer and opens the CA without the key file.
func checkAttached(t *testing.T, c *CA, with policy.Signer) {
	t.Helper()
	if err := c.AttachSigner(t.Context(), "ca", with); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(c.dir.Path(), "ca.key")); err != nil {
		t.Fatal(err)
	}
	reopened, err := Open(c.dir.Path(), c.Settings)
	if err != nil {
		t.Fatal(err)
	}
	defer reopened.Close()
	if err := reopened.Unlock(); err != nil || !reopened.HasKey("ca") {
		t.Error(err)
	}
	if head, err := c.ledger.Head(t.Context()); err != nil || head.Seq < 2 {
		t.Errorf("no event: %v, %v", head, err)
	}
}

// TestSignersFile: what is wrong with signers.yaml is said with its place, before anything is signed.
func TestSignersFile(t *testing.T) {
	t.Parallel()
	key := generated(t, pki.ECDSAP256)
	a := signertest.New(t, key)
	c, err := agentCA(t, a, key)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(c.dir.Path(), signersFile)
	const head = "apiVersion: ca-exchange/v1\nkind: Signers\nsigners:\n"
	other := inAgent(t, a, generated(t, pki.ECDSAP256)).Agent
	for _, one := range []struct {
		text, want string
		mode       os.FileMode
	}{
		{head + "  ca: {agent: " + other + "}\n", "the agent's key is not the issuer's: " + other, 0o600},
		{head + "  front-proxy-ca: {agent: " + other + "}\n",
			`signers.yaml:4:19: no issuer "front-proxy-ca" (ca, etcd-ca)`, 0o600},
		{head + "  ca: {exec: [sign]}\n", `signers.yaml:4:14: issuer ca: "sign" is not the absolute path`, 0o600},
		{head + "  ca: {program: /sign}\n", `signers.yaml:4:8: unknown field "program"`, 0o600},
		{head, "others may write it", 0o620},
	} {
		if err := errors.Join(os.WriteFile(file, []byte(one.text), 0o600), os.Chmod(file, one.mode)); err != nil {
			t.Fatal(err)
		}
		again, err := Open(c.dir.Path(), c.Settings)
		if err != nil {
			t.Fatal(err)
		}
		if err := again.Unlock(); err == nil || !strings.Contains(err.Error(), one.want) {
			t.Errorf("%q: %v", one.text, err)
		}
		again.Close()
	}
}

// TestSignerTroubles: status says who else may reach an agent, and that one is away or without the key.
func TestSignerTroubles(t *testing.T) {
	t.Parallel()
	key := generated(t, pki.ECDSAP256)
	a := signertest.New(t, key)
	c, err := agentCA(t, a, key)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Dir(a.Socket), 0o755); err != nil {
		t.Fatal(err)
	}
	said := func() string { return strings.Join(c.SignerTroubles(), "\n") }
	if got := said(); !strings.Contains(got, "issuer ca: others may reach its agent, and sign") {
		t.Errorf("%s", got)
	}
	a.Stop()
	if got := said(); !strings.Contains(got, "issuer ca: agent") || !strings.Contains(got, "no signature: ") {
		t.Errorf("%s", got)
	}
}

// TestRests: a signer that did not sign is left alone ever longer; an agent is asked whether it would sign before it is
// asked to.
func TestRests(t *testing.T) {
	t.Parallel()
	failure := &signer.Error{Kind: signer.ErrUnavailable, By: "program"}
	now, r := time.Now(), rests{}
	if r.err("ca", at(now)) != nil {
		t.Error("a signer that was never asked is left alone")
	}
	for i := range 10 {
		r.note("ca", failure, now)
		rest := min(shortestRest<<i, longestRest)
		if r.err("ca", at(now.Add(rest-1))) == nil || r.err("ca", at(now.Add(rest))) != nil {
			t.Errorf("failure %d: not asked again after %s", i, rest)
		}
		now = now.Add(rest)
	}
	r.note("ca", nil, now)
	if r.err("ca", at(now)) != nil {
		t.Error("one that signs is left alone")
	}
	away := errors.New("gone")
	r.ask("etcd-ca", func() error { return away })
	r.note("etcd-ca", failure, now)
	if r.err("etcd-ca", at(now.Add(shortestRest))) != away {
		t.Error("an agent that is away is asked to sign")
	}
	away = nil
	if r.err("etcd-ca", at(now.Add(2*shortestRest))) == nil || r.err("etcd-ca", at(now.Add(3*shortestRest))) != nil {
		t.Error("an agent that is back is asked too early, or not at all")
	}
}

// at is a clock that stands still.
func at(t time.Time) func() time.Time { return func() time.Time { return t } }
