package e2e_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"ca-exchange/internal/pki"
	"ca-exchange/internal/refusal"
)

// judge runs openssl in the exchange's directory and gives what it printed.
func (x *exchange) judge(works bool, args ...string) string {
	x.Helper()
	c := exec.Command("openssl", args...)
	c.Dir = x.dir
	out, err := c.CombinedOutput()
	if (err == nil) != works {
		x.Errorf("openssl %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// TestAuthority: a CA for a cluster that signs by itself, as k3s does, is signed by a person who types its name. What
// it signs is accepted within its limits, by openssl, which knows the root alone.
func TestAuthority(t *testing.T) {
	t.Parallel()
	long(t)
	needs(t, "openssl")
	x := newExchange(t, build(t), "--path-len", "1")
	x.judge(true, "req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", "k3s.key", "-out", "k3s.csr",
		"-subj", "/CN=k3s-prod/O=Example", "-addext", "basicConstraints=critical,CA:TRUE",
		"-addext", "keyUsage=critical,keyCertSign,cRLSign")
	for flag, said := range map[string]string{
		"--yes":            "--authority asks every time: leave --yes out",
		"--profile=server": "--profile, --node, --dns and --ip say nothing of an authority: leave them out",
		"--permit-dns=*.x": `"*.x" is not a domain such as .prod.example`,
		"--permit-ip=::/0": "addresses are permitted beside DNS names alone",
	} {
		if out := x.ca(2, "sign", "k3s.csr", "--authority", flag); !strings.Contains(out, said) {
			t.Errorf("%s: %s", flag, out)
		}
	}
	if out := x.ca(2, "sign", "k3s.csr", "--path-length", "1"); !strings.Contains(out, "go with --authority") {
		t.Errorf("without --authority: %s", out)
	}
	if out := x.ca(2, "sign", "k3s.csr", "--authority"); !strings.Contains(out, "signed on a terminal alone") {
		t.Errorf("without a terminal: %s", out)
	}
	x.signAuthority(3, "yes", "--permit-dns", ".prod.example")
	x.signAuthority(0, "k3s-prod", "--permit-dns", ".prod.example")
	text := x.judge(true, "x509", "-in", "k3s.crt", "-noout", "-text")
	for _, part := range []string{
		"CA:TRUE, pathlen:0", "Permitted:\n                  DNS:.prod.example",
		"Excluded:\n                  IP:0.0.0.0/0.0.0.0", "Web Server Authentication", "Certificate Sign, CRL Sign",
	} {
		if !strings.Contains(text, part) {
			t.Errorf("no %q in\n%s", part, text)
		}
	}
	x.leafBelow("k3s", "api.prod.example", true, "-purpose", "sslserver")
	x.leafBelow("k3s", "api.other.example", false, "-purpose", "sslserver")
	x.leafBelow("k3s", "api.prod.example", false, "-purpose", "sslclient")
	x.subBelow()
	if out := x.ca(0, "events"); !strings.Contains(out, "SubordinateSigned") {
		t.Errorf("events: %s", out)
	}
	x.ca(0, "verify")
	for _, apart := range []struct{ args, want string }{
		{"list", `^no certificates\nAUTHORITY +SERIAL .*\nauthority@k3s-prod `},
		{"list --authorities", `^AUTHORITY +SERIAL .*\nauthority@k3s-prod `},
		{"list --authorities --requester nobody", `^no authorities\n$`},
		{"list --profile server", `^no certificates\n$`},
		{"list --expiring 4000d --status Issued", `\nauthority@k3s-prod `},
		{"status", `\nbelow    ca +CN="k3s-prod", O="Example" until \d`},
	} {
		if out := x.ca(0, strings.Fields(apart.args)...); !regexp.MustCompile(apart.want).MatchString(out) {
			t.Errorf("%s: %s, expected %s", apart.args, out, apart.want)
		}
	}
	if out := x.ca(2, "list", "--profile", "authority"); !strings.Contains(out, "listed with --authorities") {
		t.Errorf("list --profile authority: %s", out)
	}
}

// signAuthority signs k3s.csr on a terminal, where the person types a line.
func (x *exchange) signAuthority(status int, line string, flags ...string) {
	x.Helper()
	person := x.terminal("ca-admin", append([]string{"sign", "k3s.csr", "--authority"}, flags...)...)
	person.await(`type its common name, "k3s-prod", to sign it`, 1)
	person.enter(line)
	person.exits(status)
	if !strings.Contains(person.text(), "AUTHORITY: the holder of this key can sign") {
		x.Errorf("the screen: %s", person.text())
	}
}

// leafBelow has the authority sign a leaf, and openssl verify it with the issuer as the only root.
func (x *exchange) leafBelow(authority, name string, valid bool, purpose ...string) {
	x.Helper()
	must(x.T, os.WriteFile(filepath.Join(x.dir, "leaf.ext"), []byte("subjectAltName=DNS:"+name+"\n"), 0o644))
	x.judge(true, "req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", "leaf.key", "-out", "leaf.csr",
		"-subj", "/CN="+name)
	x.judge(true, "x509", "-req", "-in", "leaf.csr", "-CA", authority+".crt", "-CAkey", authority+".key",
		"-CAcreateserial", "-extfile", "leaf.ext", "-out", "leaf.crt")
	args := append([]string{"verify", "-CAfile", "ca/ca.crt", "-untrusted", authority + ".crt"}, purpose...)
	x.judge(valid, append(args, "leaf.crt")...)
}

// subBelow: another CA below the authority is one too many.
func (x *exchange) subBelow() {
	x.Helper()
	must(x.T, os.WriteFile(filepath.Join(x.dir, "ca.ext"), []byte("basicConstraints=critical,CA:TRUE\n"), 0o644))
	x.judge(true, "req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", "low.key", "-out", "low.csr",
		"-subj", "/CN=low")
	x.judge(true, "x509", "-req", "-in", "low.csr", "-CA", "k3s.crt", "-CAkey", "k3s.key", "-CAcreateserial",
		"-extfile", "ca.ext", "-out", "low.crt")
	text, err := os.ReadFile(filepath.Join(x.dir, "k3s.crt"))
	must(x.T, err)
	low, err := os.ReadFile(filepath.Join(x.dir, "low.crt"))
	must(x.T, err)
	must(x.T, os.WriteFile(filepath.Join(x.dir, "both.crt"), append(low, text...), 0o644))
	must(x.T, os.Rename(filepath.Join(x.dir, "leaf.csr"), filepath.Join(x.dir, "l.csr")))
	x.judge(true, "x509", "-req", "-in", "l.csr", "-CA", "low.crt", "-CAkey", "low.key", "-CAcreateserial",
		"-extfile", "leaf.ext", "-out", "l.crt")
	out := x.judge(false, "verify", "-CAfile", "ca/ca.crt", "-untrusted", "both.crt", "l.crt")
	if !strings.Contains(out, "path length constraint exceeded") {
		x.Errorf("two CAs below the issuer: %s", out)
	}
}

// TestAuthorityInTheInbox: a request in the inbox becomes no authority. It is held, and the hint's commands, which need
// no other file than the CA's own, make it one.
func TestAuthorityInTheInbox(t *testing.T) {
	t.Parallel()
	x := newExchange(t, build(t), "--path-len", "1", "--trust-inbox")
	key, err := pki.ECDSAP256.Generate()
	must(t, err)
	csr, err := pki.AuthorityCSR(key, "k3s-prod")
	must(t, err)
	x.drop("k3s.csr", csr)
	x.ca(0, "sync", "-q")
	if r := x.notice("k3s", "held").Refusals[0]; r.Code != refusal.Authority {
		t.Errorf("held as %+v", r)
	}
	id := x.id("k3s")
	if out := x.ca(4, "approve", id, "--yes"); !strings.Contains(out, "no person can approve it as anything else") {
		t.Errorf("approve: %s", out)
	}
	want := "hint: a person may sign it as a sub-CA: ca-admin export " + id[:16] +
		" --request >sub.csr, then ca-admin sign sub.csr --authority"
	if out := x.ca(0, "show", id); !strings.Contains(out, want) {
		t.Errorf("show: %s, expected %s", out, want)
	}
	must(t, os.WriteFile(filepath.Join(x.dir, "k3s.csr"), []byte(x.ca(0, "export", id[:16], "--request")), 0o644))
	x.signAuthority(0, "k3s-prod")
	x.ca(0, "sync", "-q")
	if text, err := os.ReadFile(x.path("outbox", "k3s.crt")); err != nil || !strings.Contains(string(text), "BEGIN") {
		t.Errorf("the answer: %v", err)
	}
}

// TestAuthorityBelow: an issuer that may have no CA below it says so, with the command that makes another.
func TestAuthorityBelow(t *testing.T) {
	t.Parallel()
	long(t)
	needs(t, "openssl")
	x := newExchange(t, build(t))
	x.judge(true, "req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", "k3s.key", "-out", "k3s.csr",
		"-subj", "/CN=k3s-prod")
	out := x.ca(1, "sign", "k3s.csr", "--authority")
	for _, said := range []string{
		`CN="kubernetes" allows 0 authorities below it, and 1 are needed (RFC 5280 4.2.1.9)`,
		"hint: an issuer that may is made by: ca-admin init --path-len 1",
	} {
		if !strings.Contains(out, said) {
			t.Errorf("no %q in %s", said, out)
		}
	}
	x.judge(true, "req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", "bad.key", "-out", "bad.csr",
		"-subj", "/CN=system:masters")
	if out := x.ca(4, "sign", "bad.csr", "--authority"); !strings.Contains(out, "no person can approve it") {
		t.Errorf("a reserved name: %s", out)
	}
}
