package e2e_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const passphrase = "correct horse battery"

// guarded is a CA with all issuers whose keys are encrypted with passphrase, which lies in a file as well.
func guarded(t *testing.T, init ...string) *exchange {
	t.Helper()
	x := &exchange{T: t, dir: t.TempDir(), bin: build(t)}
	must(t, os.WriteFile(filepath.Join(x.dir, "passphrase"), []byte(passphrase+"\n"), 0o600))
	must(t, os.WriteFile(filepath.Join(x.dir, "another"), []byte("another passphrase\n"), 0o600))
	must(t, os.WriteFile(filepath.Join(x.dir, "short"), []byte("short\n"), 0o600))
	args := []string{"--passphrase-file", "passphrase", "init", "--encrypt", "--key-type", "ECDSA-P256"}
	x.ca(0, append(args, init...)...)
	return x
}

// TestPassphraseTyped: a passphrase is asked for once and tried on every key; one for other keys is asked for as well.
func TestPassphraseTyped(t *testing.T) {
	t.Parallel()
	long(t)
	x := guarded(t)
	person := x.terminal("ca-admin", "sync")
	person.await("passphrase for ", 1)
	person.enter("a mistake")
	person.await("does not decrypt", 1)
	person.await("passphrase for ", 2)
	person.enter(passphrase)
	person.exits(0)
	if asked := strings.Count(person.text(), "passphrase for "); asked != 2 {
		t.Errorf("asked %d times for three keys with one passphrase", asked)
	}
	if strings.Contains(person.text(), passphrase) || strings.Contains(person.text(), "a mistake") {
		t.Errorf("the terminal shows what was typed:\n%s", person.text())
	}
	x.ca(0, "--passphrase-file", "passphrase", "passwd", "etcd-ca", "--new-passphrase-file", "another")
	person = x.terminal("ca-admin", "sync")
	person.await("passphrase for ", 1)
	person.enter(passphrase)
	person.await("etcd/ca.key", 1)
	person.enter("another passphrase")
	person.exits(0)
}

// TestPassphraseWrong: whoever types three wrong ones gets exit status 1; a file or a credential with a wrong one is
// named.
func TestPassphraseWrong(t *testing.T) {
	t.Parallel()
	long(t)
	x := guarded(t, "--issuer", "ca")
	for _, command := range []string{"sync", "watch", "passwd"} {
		person := x.terminal("ca-admin", command)
		if command == "passwd" {
			for range 2 {
				person.await("passphrase", 1)
				person.enter("the next passphrase")
			}
		}
		for n := range 3 {
			person.await("passphrase for ", n+1)
			person.enter("wrong passphrase")
		}
		person.await("after 3 tries", 1)
		person.exits(1)
	}
	out := x.ca(1, "--passphrase-file", "another", "sync")
	if !strings.Contains(out, `another" does not decrypt the key`) {
		t.Error(out)
	}
	must(t, os.MkdirAll(filepath.Join(x.dir, "credentials"), 0o700))
	x.env = []string{"CREDENTIALS_DIRECTORY=" + filepath.Join(x.dir, "credentials")}
	write := func(name, content string) {
		must(t, os.WriteFile(filepath.Join(x.dir, "credentials", name), []byte(content), 0o600))
	}
	write("ca-passphrase", "another passphrase")
	if out := x.ca(1, "sync"); !strings.Contains(out, "the credential ca-passphrase does not decrypt") {
		t.Error(out)
	}
	write("ca-passphrase-ca", passphrase+"\n")
	x.ca(0, "sync")
}

// TestPassphraseOrder: a file is taken before a descriptor, that before a credential, and that before the terminal.
// Commands that sign nothing ask for none.
func TestPassphraseOrder(t *testing.T) {
	t.Parallel()
	long(t)
	x := guarded(t, "--issuer", "ca")
	must(t, os.MkdirAll(filepath.Join(x.dir, "credentials"), 0o700))
	must(t, os.WriteFile(filepath.Join(x.dir, "credentials", "ca-passphrase"), []byte(passphrase), 0o600))
	x.dropWaiting("web")
	x.ca(0, "--passphrase-file", "passphrase", "sync")
	x.run(0, "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "identity")
	for line, want := range map[string]int{
		"ca-admin --passphrase-file passphrase --passphrase-fd 3 sync 3<another":      0,
		"ca-admin --passphrase-file another --passphrase-fd 3 sync 3<passphrase":      1,
		"ca-admin --passphrase-fd 3 sync 3<passphrase":                                0,
		"cat passphrase | ca-admin --passphrase-fd 0 sync":                            0,
		"CREDENTIALS_DIRECTORY=credentials ca-admin --passphrase-fd 3 sync 3<another": 1,
		"CREDENTIALS_DIRECTORY=credentials ca-admin sync":                             0,
		"ca-admin --passphrase-fd 9 sync 9<&-":                                        2,
		"ca-admin --passphrase-fd 7 sync 7<&-":                                        2,
		"ca-admin --passphrase-fd 99999 sync":                                         2,
		"ca-admin --passphrase-fd -1 sync":                                            2,
		"ca-admin sync </dev/null":                                                    2,
		"ca-admin --passphrase-fd 3 sync 3</dev/null":                                 1,
	} {
		x.run(want, "env", "PATH="+x.bin+":"+os.Getenv("PATH"), "bash", "-c", line)
	}
	for _, command := range []string{
		"status", "pending", "list", "events", "verify", "policy", "show web", "report --html r.html",
		"enroll cp1 --key identity.pub --profile server", "scope cp1 --add-dns *.example", "unenroll cp1",
		"deny ID --reason no", "backup b.tar --keys", "restore b.tar --dir restored", "clock", "exchange",
	} {
		x.ca(0, strings.Fields(strings.ReplaceAll(command, "ID", x.id("web")))...)
	}
}

// TestPassphraseSet: a new passphrase is typed twice; a short one, or two that differ, are asked for again.
func TestPassphraseSet(t *testing.T) {
	t.Parallel()
	long(t)
	x := &exchange{T: t, dir: t.TempDir(), bin: build(t)}
	person := x.terminal("ca-admin", "init", "--encrypt", "--key-type", "ECDSA-P256")
	for n, typed := range []string{"short", passphrase, "correct horse buttery", passphrase, passphrase} {
		person.await("passphrase", []int{1, 3, 4, 6, 7}[n])
		person.enter(typed)
	}
	person.exits(0)
	must(t, os.WriteFile(filepath.Join(x.dir, "passphrase"), []byte(passphrase), 0o600))
	for _, key := range []string{"ca.key", "etcd/ca.key", "front-proxy-ca.key"} {
		x.run(0, "openssl", "pkey", "-in", filepath.Join("ca", key), "-passin", "file:passphrase", "-noout")
	}
	if out := x.ca(0, "status"); strings.Count(out, "encrypted\n") != 3 {
		t.Error(out)
	}
}
