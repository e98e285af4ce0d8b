package e2e_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// statusOf are command lines that end with a status; before is what happens first, in the same directory.
type statusOf struct {
	status  int
	command string
}

// TestExitStatuses: every command of both programs ends with the status that the README says, in the order of a day of
// both roles; each is seen to succeed, to fail without its directory, and to refuse a flag that it does not have.
func TestExitStatuses(t *testing.T) {
	long(t)
	t.Parallel()
	needs(t, "openssl", "ssh-keygen")
	x := &exchange{T: t, dir: t.TempDir(), bin: build(t)}
	must(t, os.WriteFile(filepath.Join(x.dir, "a.csr"), serverRequest(t, "a"), 0o644))
	must(t, os.WriteFile(filepath.Join(x.dir, "plain.csr"), serverRequest(t, "plain"), 0o644))
	must(t, os.WriteFile(filepath.Join(x.dir, "broken.csr"), []byte("-----BEGIN CERTIFICATE REQUEST-----\n"), 0o644))
	x.run(0, "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "key")
	succeeded, refused := map[string]bool{}, map[string]bool{}
	for _, one := range exitStatuses {
		command := one.command
		if strings.Contains(command, "ID") {
			command = strings.ReplaceAll(command, "ID", x.id("plain"))
		}
		if strings.Contains(command, "TRUST") {
			command = strings.ReplaceAll(command, "TRUST", x.trust())
		}
		words := strings.Fields(command)
		process := x.command(words[0], words[1:]...)
		out, _ := process.CombinedOutput()
		if got := process.ProcessState.ExitCode(); got != one.status {
			t.Errorf("%s exited with %d, not %d:\n%s", command, got, one.status, out)
		}
		name := words[0] + " " + words[1]
		succeeded[name] = succeeded[name] || one.status == 0
		refused[name] = refused[name] || strings.Contains(command, "--dir none")
	}
	for _, program := range []string{"ca-admin", "component-admin"} {
		name := regexp.MustCompile(`(?m)^  ([a-z]+) +[A-Z]`)
		for _, match := range name.FindAllStringSubmatch(x.run(0, program, "--help"), -1) {
			command := program + " " + match[1]
			x.run(2, program, match[1], "--no-such-flag")
			if !succeeded[command] && !neverZero[command] {
				t.Errorf("%s was not seen to succeed", command)
			}
			if !refused[command] && !madeFirst[command] {
				t.Errorf("%s was not seen without its directory", command)
			}
		}
	}
}

// neverZero are commands that this test cannot see succeed: one needs a terminal, one does not end by itself, one a
// kubeconfig that was installed, and one a CA that waits for its parent (TestScenarios/story_corporate).
var neverZero = map[string]bool{
	"ca-admin review": true, "ca-admin watch": true, "component-admin kubeconfig": true,
	"ca-admin issuer": true,
	"ca-admin unlock": true, "ca-admin lock": true, // they need a watch: TestUnlock
}

// madeFirst are commands that need no directory.
var madeFirst = map[string]bool{
	"ca-admin init": true, "component-admin init": true, "ca-admin profiles": true, "component-admin doctor": true,
	"ca-admin completion": true, "ca-admin man": true, "component-admin completion": true, "component-admin man": true,
	"ca-admin restore": true, // it makes one
}

// exitStatuses are command lines and what each ends with, in the order of a day.
var exitStatuses = []statusOf{
	{1, "ca-admin exchange --dir none"},
	{1, "ca-admin watch --dir none"},
	{1, "ca-admin sync --dir none"},
	{1, "ca-admin pending --dir none"},
	{2, "ca-admin review --dir none"},
	{1, "ca-admin approve 0123456789abcdef --yes --dir none"},
	{1, "ca-admin deny 0123456789abcdef --reason no --dir none"},
	{1, "ca-admin sign a.csr --yes --dir none"},
	{1, "ca-admin check a.csr --dir none"},
	{1, "ca-admin list --dir none"},
	{1, "ca-admin show a --dir none"},
	{1, "ca-admin export 0123456789abcdef --dir none"},
	{1, "ca-admin revoke 0123456789abcdef --reason superseded --yes --dir none"},
	{1, "ca-admin crl --dir none"},
	{1, "ca-admin events --dir none"},
	{1, "ca-admin status --dir none"},
	{1, "ca-admin enroll web --key key.pub --dir none"},
	{1, "ca-admin scope web --dir none"},
	{1, "ca-admin unenroll web --dir none"},
	{1, "ca-admin requesters --dir none"},
	{1, "ca-admin policy --dir none"},
	{1, "ca-admin verify --dir none"},
	{1, "ca-admin recover --dir none"},
	{1, "ca-admin migrate --dir none"},
	{1, "ca-admin clock --dir none"},
	{1, "ca-admin archive --before 2026-01-31 --out archived --dir none"},
	{1, "ca-admin backup archive.tar --dir none"},
	{1, "ca-admin report --html report.html --dir none"},
	{1, "ca-admin passwd --dir none"},
	{1, "ca-admin unlock --dir none"},
	{1, "ca-admin lock --dir none"},
	{1, "ca-admin issuer adopt ca a.csr --dir none"},
	{1, "ca-admin import --pem a.csr --dir none"},
	{1, "ca-admin issuer attach ca --exec /bin/false --dir none"},
	{1, "component-admin config --dir none"},
	{1, "component-admin trust --fingerprint sha256:" + strings.Repeat("a", 64) + " --dir none"},
	{1, "component-admin request server --dns a.example --dir none"},
	{1, "component-admin sync --dir none"},
	{1, "component-admin renew --dir none"},
	{1, "component-admin install a.crt a --dir none"},
	{1, "component-admin forget a --dir none"},
	{1, "component-admin status --dir none"},
	{1, "component-admin apply --dir none"},
	{1, "component-admin kubeconfig admin --server https://a:1 --dir none"},
	{0, "ca-admin init --issuer ca --key-type ECDSA-P256"},
	{1, "ca-admin init"},
	{2, "ca-admin init --days 0"},
	{2, "ca-admin review"},
	{0, "ca-admin exchange"},
	{0, "ca-admin import --pem ca"},
	{5, "ca-admin import --pem a.csr"},
	{2, "ca-admin import --openssl none"},
	{0, "ca-admin recover"},
	{1, "ca-admin exchange a.csr"},
	{0, "ca-admin sync"},
	{0, "ca-admin pending"},
	{0, "ca-admin profiles server"},
	{2, "ca-admin profiles servr"},
	{0, "ca-admin policy"},
	{0, "ca-admin migrate"},
	{0, "ca-admin clock"},
	{0, "ca-admin events"},
	{0, "ca-admin status"},
	{0, "ca-admin list --due"},
	{0, "ca-admin verify"},
	{5, "ca-admin verify --head 1:" + strings.Repeat("0", 64)},
	{3, "ca-admin check a.csr"},
	{4, "ca-admin check broken.csr"},
	{2, "ca-admin check none.csr"},
	{2, "ca-admin sign a.csr"},
	{0, "ca-admin sign a.csr --yes"},
	{4, "ca-admin sign broken.csr --yes"},
	{1, "ca-admin sign a.csr --yes"},
	{0, "ca-admin list --expiring 500d"},
	{1, "ca-admin crl"},
	{2, "ca-admin revoke a.crt --reason superseded"},
	{0, "ca-admin revoke a.crt --reason superseded --yes"},
	{1, "ca-admin revoke a.crt --reason superseded --yes"},
	{0, "ca-admin crl ca"},
	{2, "ca-admin crl nothing"},
	{0, "component-admin init --name web --trust TRUST --exchange exchange"},
	{1, "component-admin init"},
	{0, "component-admin config"},
	{2, "component-admin trust"},
	{0, "component-admin trust --fingerprint TRUST"},
	{0, "component-admin status"},
	{0, "component-admin sync"},
	{0, "component-admin sync --local"},
	{0, "component-admin renew"},
	{0, "component-admin apply"},
	{5, "component-admin doctor"},
	{2, "component-admin request servr"},
	{0, "component-admin request server --dns b.example --key-type ECDSA-P256"},
	{3, "component-admin sync"},
	{3, "component-admin request server --dns b.example --key-type ECDSA-P256 --wait 10ms"},
	{0, "ca-admin sync"},
	{0, "ca-admin pending"},
	{0, "ca-admin enroll web --key component/component-admin/identity.pub --profile server"},
	{1, "ca-admin enroll web --key key.pub"},
	{0, "ca-admin scope web --add-dns b.example"},
	{1, "ca-admin scope nobody"},
	{0, "ca-admin requesters"},
	{0, "ca-admin sync"},
	{0, "component-admin sync"},
	{0, "component-admin status"},
	{0, "component-admin doctor"},
	{2, "component-admin install a.crt none"},
	{1, "component-admin install a.crt pki/b.example.crt"},
	{0, "component-admin request server --dns c.example --key-type ECDSA-P256 --csr-out c.csr"},
	{5, "component-admin install a.crt pki/c.example.crt"},
	{0, "ca-admin scope web --add-dns c.example"},
	{0, "ca-admin check c.csr"},
	{0, "ca-admin sign c.csr --yes"},
	{0, "component-admin install c.crt pki/c.example.crt"},
	{0, "component-admin request client --common-name d --key-type ECDSA-P256"},
	{0, "ca-admin sync"},
	{3, "component-admin sync"},
	{0, "component-admin forget pki/d.crt"},
	{2, "component-admin forget pki/d.crt"},
	{0, "component-admin sync"},
	{1, "component-admin kubeconfig admin --server https://a:1"},
	{2, "component-admin kubeconfig admin --server a"},
	{0, "cp plain.csr exchange/inbox/"},
	{0, "ca-admin sync"},
	{0, "ca-admin show ID"},
	{1, "ca-admin show nothing"},
	{1, "ca-admin export ID"},
	{2, "ca-admin approve ID"},
	{2, "ca-admin approve plain --yes"},
	{2, "ca-admin approve ID --yes --profile servr"},
	{0, "ca-admin deny ID --reason no"},
	{4, "ca-admin approve ID --yes"},
	{0, "ca-admin approve ID --yes --reopen"},
	{1, "ca-admin approve ID --yes"},
	{1, "ca-admin deny ID --reason no"},
	{0, "ca-admin export ID"},
	{0, "ca-admin archive --before 2026-01-31 --out archived"},
	{0, "ca-admin report --html report.html --ics report.ics"},
	{2, "ca-admin report"},
	{0, "ca-admin passwd --decrypt"},
	{2, "ca-admin passwd"},
	{1, "ca-admin unlock"},
	{1, "ca-admin lock"},
	{0, "ca-admin backup archive.tar"},
	{1, "ca-admin backup archive.tar"},
	{1, "ca-admin restore archive.tar"},
	{0, "ca-admin restore archive.tar --dir restored"},
	{0, "ca-admin completion bash"},
	{2, "ca-admin completion csh"},
	{0, "ca-admin man"},
	{0, "component-admin completion fish"},
	{0, "component-admin man"},
	{0, "ca-admin unenroll web"},
	{1, "ca-admin unenroll web"},
}
