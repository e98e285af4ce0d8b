package e2e_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"ca-exchange/internal/pki"
	"ca-exchange/internal/request"
)

// exchange is a CA and an exchange in a directory of their own, served by the real binary.
type exchange struct {
	*testing.T
	dir, bin string
	env      []string // beyond the test's own
	nobody   bool     // run as a user without rights where the test is root's, whom no mode stops
	pinned   string   // the trust fingerprint, once it was asked for
	signers  map[string]ssh.Signer
}

// newUnprivileged is an exchange whose CA admin is not root.
func newUnprivileged(t *testing.T, init ...string) *exchange {
	t.Helper()
	x := &exchange{T: t, dir: t.TempDir(), bin: build(t), nobody: os.Geteuid() == 0}
	if x.nobody {
		must(t, os.Chmod(filepath.Dir(x.dir), 0o755))
		must(t, os.Chown(x.dir, nobody, nobody))
		x.env = append(x.env, "HOME="+x.dir)
	}
	x.ca(0, append([]string{"init", "--issuer", "ca", "--key-type", "ECDSA-P256"}, init...)...)
	return x
}

// nobody is the user without rights.
const nobody = 65534

func newExchange(t *testing.T, bin string, init ...string) *exchange {
	t.Helper()
	return newCluster(t, bin, append([]string{"--issuer", "ca"}, init...)...)
}

// newCluster is an exchange whose CA has all three issuers of Kubernetes.
func newCluster(t *testing.T, bin string, init ...string) *exchange {
	t.Helper()
	x := &exchange{T: t, dir: t.TempDir(), bin: bin}
	x.ca(0, append([]string{"init", "--key-type", "ECDSA-P256"}, init...)...)
	return x
}

// run runs a program and wants its exit status; both outputs come back.
func (x *exchange) run(want int, program string, args ...string) string {
	x.Helper()
	command := x.command(program, args...)
	out, _ := command.CombinedOutput()
	if got := command.ProcessState.ExitCode(); got != want {
		x.Fatalf("%s %q exited with %d, not %d:\n%s", program, args, got, want, out)
	}
	return string(out)
}

// command is a program, ours or another, in the directory of the exchange, whatever the environment says of ours.
func (x *exchange) command(program string, args ...string) *exec.Cmd {
	if program == "ca-admin" || program == "component-admin" {
		program = filepath.Join(x.bin, program)
	}
	command := exec.Command(program, args...)
	command.Dir = x.dir
	command.Env = append(os.Environ(), "CA_EXCHANGE=", "CA_ADMIN_DIR=", "COMPONENT_ADMIN_DIR=")
	command.Env = append(command.Env, x.env...)
	command.SysProcAttr = &syscall.SysProcAttr{}
	if x.nobody {
		command.SysProcAttr.Credential = &syscall.Credential{Uid: nobody, Gid: nobody}
	}
	return command
}

func (x *exchange) ca(want int, args ...string) string {
	x.Helper()
	return x.run(want, "ca-admin", args...)
}

// anyStatus runs ca-admin, whatever it says: two people at once cannot both be the first.
func (x *exchange) anyStatus(args ...string) {
	command := x.command("ca-admin", args...)
	if out, err := command.CombinedOutput(); err != nil && strings.Contains(string(out), "SQLITE") {
		x.Errorf("%q: %s", args, out)
	}
}

func (x *exchange) path(elements ...string) string {
	return filepath.Join(append([]string{x.dir, "exchange"}, elements...)...)
}

// trust is the CA's trust fingerprint.
func (x *exchange) trust() string {
	x.Helper()
	if x.pinned == "" {
		var status struct{ Trust string }
		x.decode(&status, "status", "-o", "json")
		x.pinned = status.Trust
	}
	return x.pinned
}

func (x *exchange) drop(name string, entry []byte) {
	x.Helper()
	if err := os.WriteFile(x.path("inbox", name), entry, 0o644); err != nil {
		x.Fatal(err)
	}
}

const baitText = "nobody may read or write this"

// bait is a file beside the exchange for links to point to. No test has a link to a file of the machine: tests may
// run as root, and what goes wrong must stay in the test's directory.
func (x *exchange) bait() string {
	x.Helper()
	file := filepath.Join(x.dir, "bait")
	if _, err := os.Lstat(file); err != nil {
		must(x.T, os.WriteFile(file, []byte(baitText), 0o600))
	}
	return file
}

// dropHeld drops a request that waits for a person.
func (x *exchange) dropHeld(name string) {
	x.Helper()
	x.dropWaiting(name)
	x.ca(0, "sync", "-q")
}

// dropWaiting drops a request that policy holds, and returns its file.
func (x *exchange) dropWaiting(name string) string {
	x.Helper()
	key, err := pki.ECDSAP256.Generate()
	must(x.T, err)
	host := filepath.Base(name)
	csr, err := request.Create(key, host, nil, pki.Names{DNS: []string{host + ".example"}})
	must(x.T, err)
	x.drop(name+".csr", request.Encode(nil, csr))
	return x.path("inbox", name+".csr")
}

// decode reads the JSON that ca-admin prints, whatever it warns of beside it.
func (x *exchange) decode(v any, args ...string) {
	x.Helper()
	out, err := x.command("ca-admin", args...).Output()
	must(x.T, err)
	must(x.T, json.Unmarshal(out, v))
}

// heldIDs are the held requests.
func (x *exchange) heldIDs() (ids []string) {
	x.Helper()
	var list struct{ Items []struct{ ID string } }
	x.decode(&list, "pending", "-o", "json")
	for _, r := range list.Items {
		ids = append(ids, r.ID)
	}
	return ids
}

// covered is a request with a cover for this CA, not yet signed.
func (x *exchange) covered(requester, name string, change func(*request.Cover)) []byte {
	x.Helper()
	key, err := pki.ECDSAP256.Generate()
	must(x.T, err)
	csr, err := request.Create(key, name, nil, pki.Names{DNS: []string{name}})
	must(x.T, err)
	return x.coveredCSR(requester, csr, change)
}

// coveredCSR puts a cover for this CA above a CSR.
func (x *exchange) coveredCSR(requester string, csr []byte, change func(*request.Cover)) []byte {
	x.Helper()
	now := time.Now().UTC().Truncate(time.Second)
	cover := request.Cover{Profile: "server", Requester: requester, Trust: x.trust(), Created: now,
		Expires: now.Add(time.Hour), Nonce: strings.Repeat("a", 32)}
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

// id is the request that was asked for under an entry's name.
func (x *exchange) id(name string) string {
	x.Helper()
	var shown struct{ Request struct{ ID string } }
	x.decode(&shown, "show", name, "-o", "json")
	return shown.Request.ID
}

// approve approves as a person would: as it is, else with what the hint asks for. Copies of an approved request are
// settled already.
func (x *exchange) approve(name string) {
	x.Helper()
	if _, err := os.Stat(x.path("outbox", name+".crt")); err == nil {
		return
	}
	for _, flags := range [][]string{nil, {"--profile", "client"}, {"--profile", "server", "--dns", "x.example"},
		{"--profile", "etcd-server"}, {"--profile", "kubelet", "--node", "w1"}} {
		if x.command("ca-admin", append([]string{"approve", x.id(name), "--yes"}, flags...)...).Run() == nil {
			return
		}
	}
	x.Errorf("%s cannot be approved: %s", name, x.ca(3, "approve", x.id(name), "--yes"))
}
