package cmd_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"ca-exchange/internal/pki"
	"ca-exchange/internal/refusal"
	"ca-exchange/internal/request"
	"ca-exchange/internal/request/requesttest"
)

// trust is the CA's trust fingerprint.
func (x *exchange) trust() string {
	x.Helper()
	var status struct{ Trust string }
	must(x.T, json.Unmarshal([]byte(x.ca(0, "status", "-o", "json")), &status))
	return status.Trust
}

// covered is a request with a cover for this CA, not yet signed.
func (x *exchange) covered(requester, name string, change func(*request.Cover)) []byte {
	x.Helper()
	key, err := pki.ECDSAP256.Generate()
	must(x.T, err)
	csr, err := request.Create(key, name, nil, pki.Names{DNS: []string{name}})
	must(x.T, err)
	now := time.Now().UTC().Truncate(time.Second)
	cover := request.Cover{Profile: "server", Requester: requester, Trust: x.trust(), Created: now, Expires: now.Add(time.Hour), Nonce: strings.Repeat("a", 32)}
	if change != nil {
		change(&cover)
	}
	return request.Encode(&cover, csr)
}

func (x *exchange) enroll(name string, key ssh.PublicKey) {
	x.Helper()
	file := filepath.Join(x.dir, name+".pub")
	must(x.T, os.WriteFile(file, ssh.MarshalAuthorizedKey(key), 0o644))
	x.ca(0, "enroll", name, "--key", file, "--profile", "server", "--dns", "**.example")
}

// answered says which kind of answer lies under a name: crt, held, denied, or "".
func (x *exchange) answered(name string) string {
	for suffix, kind := range map[string]string{".crt": "crt", ".held.json": "held", ".denied.json": "denied"} {
		if _, err := os.Stat(x.path("outbox", name+suffix)); err == nil {
			return kind
		}
	}
	return ""
}

func (x *exchange) expect(name, kind string, code refusal.Code) {
	x.Helper()
	if got := x.answered(name); got != kind {
		x.Errorf("%s: answered by %q, not by %q", name, got, kind)
		return
	}
	if n := x.notice(name, kind); n != nil && !strings.Contains(string(mustJSON(x.T, n.Refusals)), string(code)) {
		x.Errorf("%s: %v, not %s", name, n.Refusals, code)
	}
}

func mustJSON(t *testing.T, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	must(t, err)
	return b
}

// TestSignedEdits: whatever a neighbour does with a signed request gets a decision of its own, never a certificate, and
// the original is served, though it comes last.
func TestSignedEdits(t *testing.T) {
	x := newExchange(t, build(t))
	signer, other := requesttest.SecurityKey(t), requesttest.SecurityKey(t)
	x.enroll("me", signer.PublicKey())
	x.enroll("neighbour", other.PublicKey())
	sign := func(entry []byte, with ssh.Signer) []byte {
		signed, err := request.Sign(entry, with)
		must(t, err)
		return signed
	}
	plain := x.covered("me", "www.example", nil)
	original := sign(plain, signer)
	csr := plain[bytes.Index(plain, []byte("-----BEGIN")):]
	signature := original[len(plain):]
	foreign := x.covered("me", "www.example", nil)
	replaced := func(old, new string) []byte { return bytes.Replace(original, []byte(old), []byte(new), 1) }

	for name, c := range map[string]struct {
		entry []byte
		kind  string
		code  refusal.Code
	}{
		"cover-changed":      {replaced("Nonce: aa", "Nonce: ab"), "denied", refusal.SignatureBroken},
		"cover-profile":      {replaced("Profile: server", "Profile: client"), "denied", refusal.SignatureBroken},
		"csr-of-another":     {append(bytes.Clone(foreign), signature...), "denied", refusal.SignatureBroken},
		"cover-stripped":     {csr, "held", refusal.SignatureAbsent},
		"cover-without-sign": {bytes.Replace(plain, []byte("aaaa"), []byte("bbbb"), 1), "held", refusal.SignatureAbsent},
		"signed-by-another":  {sign(plain, other), "denied", refusal.CoverRequester},
		"re-covered":         {sign(bytes.Replace(plain, []byte("Requester: me"), []byte("Requester: neighbour"), 1), requesttest.SecurityKey(t)), "held", refusal.SignatureUnknownKey},
		"other-trust":        {sign(x.covered("me", "www.example", func(c *request.Cover) { c.Trust = "sha256:" + strings.Repeat("0", 64) }), signer), "denied", refusal.CoverTrust},
		"other-cluster":      {sign(x.covered("me", "www.example", func(c *request.Cover) { c.Cluster = "prod" }), signer), "denied", refusal.CoverCluster},
		"expired":            {sign(x.covered("me", "www.example", func(c *request.Cover) { c.Created, c.Expires = c.Created.Add(-2*time.Hour), c.Created.Add(-time.Hour) }), signer), "denied", refusal.CoverExpired},
		"future":             {sign(x.covered("me", "www.example", func(c *request.Cover) { c.Created, c.Expires = c.Created.Add(time.Hour), c.Created.Add(2*time.Hour) }), signer), "denied", refusal.CoverFuture},
		"outside":            {sign(x.covered("me", "www.elsewhere", nil), signer), "held", refusal.ScopeName},
		"renewal":            {sign(x.covered("me", "www.example", func(c *request.Cover) { c.Replaces = strings.Repeat("0", 64) }), signer), "held", refusal.Renewal},
	} {
		x.drop(name+".csr", c.entry)
		x.ca(0, "sync", "-q")
		x.expect(name, c.kind, c.code)
	}
	// The same bytes but for the signature have the same id: held as unsigned, and issued once they come signed.
	x.drop("signature-stripped.csr", plain)
	x.ca(0, "sync", "-q")
	x.expect("signature-stripped", "held", refusal.SignatureAbsent)
	x.drop("original.csr", original)
	x.ca(0, "sync", "-q")
	x.expect("original", "crt", "")
	x.drop("replayed.csr", original)
	x.ca(0, "sync", "-q")
	x.expect("replayed", "crt", "")
	if text := x.ca(0, "list", "-o", "json"); strings.Count(text, `"serial"`) != 1 {
		t.Errorf("not exactly one certificate:\n%s", text)
	}
}

// TestReplacedIsShown: a request that names the certificate it wants to replace is shown with what would change.
func TestReplacedIsShown(t *testing.T) {
	x := newExchange(t, build(t))
	signer := requesttest.SecurityKey(t)
	x.enroll("me", signer.PublicKey())
	drop := func(name, host string, change func(*request.Cover)) {
		signed, err := request.Sign(x.covered("me", host, change), signer)
		must(t, err)
		x.drop(name+".csr", signed)
		x.ca(0, "sync", "-q")
	}
	drop("old", "old.example", nil)
	var list struct {
		Items []struct{ Fingerprint string }
	}
	must(t, json.Unmarshal([]byte(x.ca(0, "list", "-o", "json")), &list))
	drop("new", "new.example", func(c *request.Cover) { c.Replaces = list.Items[0].Fingerprint })
	x.expect("new", "held", refusal.Renewal)
	out := x.ca(0, "show", "new")
	for _, want := range []string{"replaces", "+ DNS:new.example", "- DNS:old.example", `+ subject CN="new.example"`} {
		if !strings.Contains(out, want) {
			t.Errorf("show lacks %q:\n%s", want, out)
		}
	}
}

// TestEnrolmentDecidesAgain: what is held is issued once its signer is enrolled, and held again after that is undone.
func TestEnrolmentDecidesAgain(t *testing.T) {
	x := newExchange(t, build(t))
	signer := requesttest.SecurityKey(t)
	signed, err := request.Sign(x.covered("me", "a.example", nil), signer)
	must(t, err)
	x.drop("a.csr", signed)
	x.ca(0, "sync", "-q")
	x.expect("a", "held", refusal.SignatureUnknownKey)
	x.ca(2, "enroll", "me", "--from", "a") // nobody to ask, no fingerprint given
	x.ca(5, "enroll", "me", "--from", "a", "--fingerprint", "SHA256:wrong")
	x.ca(0, "enroll", "me", "--from", "a", "--fingerprint", ssh.FingerprintSHA256(signer.PublicKey()), "--profile", "server", "--dns", "*.example")
	x.ca(1, "enroll", "me", "--from", "a", "--fingerprint", ssh.FingerprintSHA256(signer.PublicKey()))
	x.ca(0, "sync", "-q")
	x.expect("a", "crt", "")
	x.ca(0, "unenroll", "me")
	signed, err = request.Sign(x.covered("me", "b.example", nil), signer)
	must(t, err)
	x.drop("b.csr", signed)
	x.ca(0, "sync", "-q")
	x.expect("b", "held", refusal.SignatureUnknownKey)
}

// TestIdentities: each kind of OpenSSH identity does one whole hand-off.
func TestIdentities(t *testing.T) {
	for _, tool := range []string{"ssh-keygen", "ssh-agent", "ssh-add"} {
		if _, err := exec.LookPath(tool); err != nil {
			if os.Getenv("CI") != "" {
				t.Fatal(err)
			}
			t.Skip("install openssh-client")
		}
	}
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
		t.Setenv("SSH_AUTH_SOCK", socket)
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
		if out := x.run(1, "component-admin", "request", "server", "--dns", "www.example"); !strings.Contains(out, "hint: ssh-add") {
			x.Errorf("without the key in the agent: %s", out)
		}
		ask := filepath.Join(x.dir, "askpass")
		must(x.T, os.WriteFile(ask, []byte("#!/bin/sh\necho '"+passphrase+"'\n"), 0o700))
		x.Setenv("SSH_ASKPASS", ask)
		x.Setenv("SSH_ASKPASS_REQUIRE", "force")
		x.run(0, "ssh-add", "-q", key)
	}
	x.ca(0, "enroll", "me", "--key", filepath.Join(x.dir, "component", "component-admin", "identity.pub"), "--profile", "server", "--dns", "*.example")
	x.run(0, "component-admin", "request", "server", "--dns", "www.example")
	x.ca(0, "sync")
	if out := x.run(0, "component-admin", "sync"); !strings.Contains(out, "installed pki/www.example.crt") {
		x.Errorf("%s", out)
	}
}
