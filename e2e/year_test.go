package e2e_test

import (
	"crypto/x509"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// steppedClock takes the place of the programs' own clock in a build of this test: real time, and what a file adds.
const steppedClock = `package cli

import (
	"os"
	"strings"
	"time"
)

func Now() time.Time {
	text, _ := os.ReadFile(os.Getenv("STEPPED_CLOCK"))
	ahead, _ := time.ParseDuration(strings.TrimSpace(string(text)))
	return time.Now().Add(ahead)
}
`

// buildStepped builds both programs with steppedClock; no flag and no variable moves the clock of those that are
// shipped.
var buildStepped = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "stepped-")
	if err != nil {
		return "", err
	}
	own, err := filepath.Abs("../internal/cli/clock.go")
	if err != nil {
		return "", err
	}
	clock, overlay := filepath.Join(dir, "clock.go"), filepath.Join(dir, "overlay.json")
	text, err := json.Marshal(map[string]map[string]string{"Replace": {own: clock}})
	if err != nil {
		return "", err
	}
	if err := os.WriteFile(clock, []byte(steppedClock), 0o600); err != nil {
		return "", err
	}
	if err := os.WriteFile(overlay, text, 0o600); err != nil {
		return "", err
	}
	out, err := exec.Command("go", "build", "-overlay", overlay, "-o", dir+"/",
		"../cmd/ca-admin", "../cmd/component-admin").CombinedOutput()
	if err != nil {
		os.Stderr.Write(out)
	}
	return dir, err
})

// newStepped is a directory in which both programs go by a clock that step moves.
func newStepped(t *testing.T) *exchange {
	t.Helper()
	bin, err := buildStepped()
	must(t, err)
	x := &exchange{T: t, dir: t.TempDir(), bin: bin}
	x.env = []string{"STEPPED_CLOCK=" + filepath.Join(x.dir, "clock")}
	x.step(0)
	return x
}

// step moves the clock of both programs to so many days after the beginning.
func (x *exchange) step(days int) {
	x.Helper()
	ahead := time.Duration(days) * 24 * time.Hour
	must(x.T, os.WriteFile(filepath.Join(x.dir, "clock"), []byte(ahead.String()), 0o600))
}

// says runs a program, wants its exit status, and wants each text in what it prints.
func (x *exchange) says(status int, command string, texts ...string) string {
	x.Helper()
	words := strings.Fields(command)
	out := x.run(status, words[0], words[1:]...)
	for _, text := range texts {
		if !strings.Contains(out, text) {
			x.Errorf("%s does not say %q:\n%s", command, text, out)
		}
	}
	return out
}

// TestSecondYear is a year and a half of both sides: a host with an identity, and a plain server.csr beside it.
func TestSecondYear(t *testing.T) {
	long(t)
	t.Parallel()
	needs(t, "openssl")
	x := newStepped(t)
	plain := x.firstDay()
	x.step(335)
	x.lastMonth()
	x.step(380)
	x.afterTheEnd()
	again := x.sameBytesAgain(plain)

	// Another key and other names under last year's name: the answer has that name.
	x.drop("server.csr", x.openssl("second", "DNS:server.example"))
	x.ca(0, "sync", "-q")
	next := firstCertificate(t, x.path("outbox", "server.crt"))
	if len(next.IPAddresses) != 0 || next.SerialNumber.Cmp(again.SerialNumber) == 0 {
		t.Error("server.crt is not the certificate of the newest request")
	}

	out := x.says(3, "component-admin renew", "asked for its successor", "expired, asked ")
	if strings.Contains(out, "due for renewal") {
		t.Errorf("what was asked for is called due: %s", out)
	}
	x.ca(0, "sync", "-q")
	x.says(0, "component-admin sync", "installed pki/www.example.crt")
	x.says(0, "component-admin status", "1 of 1 valid")
	x.says(0, "component-admin doctor", "nothing is wrong")
	x.says(0, "ca-admin list --expiring 30d", "no certificates")
	x.says(0, "ca-admin verify", "the ledger is whole")
}

// firstDay makes both sides and their certificates, and gives the plain request.
func (x *exchange) firstDay() []byte {
	x.Helper()
	x.ca(0, "init", "--issuer", "ca", "--key-type", "ECDSA-P256", "--trust-inbox")
	x.run(0, "component-admin", "init", "--name", "web", "--trust", x.trust())
	x.ca(0, "enroll", "web", "--key", "component/component-admin/identity.pub", "--profile", "server",
		"--dns", "*.example")
	x.run(0, "component-admin", "request", "server", "--dns", "www.example", "--key-type", "ECDSA-P256")
	plain := x.openssl("first", "DNS:server.example,IP:192.0.2.21")
	x.drop("server.csr", plain)
	x.ca(0, "sync", "-q")
	x.says(0, "component-admin sync", "installed pki/www.example.crt")
	return plain
}

// lastMonth: both sides say what is due, and nobody says that nothing is wrong.
func (x *exchange) lastMonth() {
	x.Helper()
	x.says(0, "ca-admin list", "29 days", "Overdue")
	x.says(6, "ca-admin list --expiring 30d", "server@server.example", "server@www.example")
	x.says(0, "ca-admin status", "0 expired lately, 2 end within 30 days")
	x.says(6, "component-admin status", "Overdue", "29 days", "1 of 1 valid, 1 overdue: server")
	x.says(0, "component-admin sync", "1 certificate is due for renewal", "(29 days)", "hint: component-admin renew")
	out := x.says(6, "component-admin doctor", "fix: ", "--dns www.example")
	if strings.Contains(out, "nothing is wrong") {
		x.Errorf("doctor says %s", out)
	}
}

// afterTheEnd: what ended is counted, and was not once installed.
func (x *exchange) afterTheEnd() {
	x.Helper()
	x.says(0, "ca-admin list", "ended 15 days ago", "Expired")
	x.says(6, "ca-admin list --expiring 30d", "server@server.example", "server@www.example")
	x.says(0, "ca-admin status", "2 expired lately, 0 end within 30 days")
	x.says(6, "component-admin status", "Expired", "ended", "0 of 1 valid, 1 expired: server")
	x.says(0, "component-admin sync", "(ended 15 days ago)", "hint: component-admin renew")
	x.says(5, "component-admin doctor", "it expired at ", "--dns www.example")
}

// sameBytesAgain: a request whose certificate has ended is a person's decision, who sees what it had.
func (x *exchange) sameBytesAgain(plain []byte) *x509.Certificate {
	x.Helper()
	old := firstCertificate(x.T, x.path("outbox", "server.crt"))
	x.drop("server.csr", plain)
	x.ca(0, "sync", "-q")
	n := x.notice("server", "held")
	if n == nil || !strings.Contains(string(mustJSON(x.T, n.Refusals)), "certificate-over") {
		x.Errorf("the notice says %+v", n)
	}
	id := x.heldIDs()[0]
	x.says(0, "ca-admin show "+id, "replaces     ", "(ended 15 days ago)", "expired, revoked or about to expire",
		"hint: ca-admin approve ")
	x.says(0, "ca-admin approve --yes "+id, "replaces     ")
	again := firstCertificate(x.T, x.path("outbox", "server.crt"))
	if !again.NotAfter.After(old.NotAfter.AddDate(1, 0, 0)) {
		x.Errorf("server.crt is valid until %s", again.NotAfter)
	}
	return again
}

// openssl makes a request for server.example with a new key.
func (x *exchange) openssl(key, names string) []byte {
	x.Helper()
	x.run(0, "openssl", "req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", key+".key", "-out", key+".csr",
		"-subj", "/CN=server.example", "-addext", "subjectAltName="+names)
	text, err := os.ReadFile(filepath.Join(x.dir, key+".csr"))
	must(x.T, err)
	return text
}
