package e2e_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ca-exchange/internal/pki"
	"ca-exchange/internal/request"
)

// dropSubject drops a request for a subject and names, held until a person decides.
func (x *exchange) dropSubject(name, commonName string, organizations []string, dns ...string) {
	x.Helper()
	key, err := pki.ECDSAP256.Generate()
	must(x.T, err)
	csr, err := request.Create(key, commonName, organizations, pki.Names{DNS: dns})
	must(x.T, err)
	x.drop(name+".csr", request.Encode(nil, csr))
	x.ca(0, "sync", "-q")
}

// TestReviewAsksFirst: what a request looks like, and what its certificate would lose, is on the screen before anything
// can be approved; profile, node and address are given there, and a loss is agreed to by a key of its own.
func TestReviewAsksFirst(t *testing.T) {
	t.Parallel()
	x := newExchange(t, build(t))
	x.enrollKey("dev", "--profile", "user", "--user", "*", "--group", "dev-team")
	x.dropSubject("api", "kube-apiserver", nil)
	person := x.terminal("ca-admin", "review")
	person.await("looks like   kube-apiserver: ca-admin approve", 1)
	person.await("… --profile kube-apiserver --node NODE --ip ADDRESS", 1)
	for i, answer := range [][2]string{{"p", "kube-apiserver"}, {"o", "cp1"}, {"n", "192.0.2.10"}} {
		person.await("[q]uit", i+1)
		person.enter(answer[0])
		person.await([]string{"profile: ", "node: ", "IP address: "}[i], 1)
		person.enter(answer[1])
	}
	person.await("[a]pprove", 3)
	person.enter("a")
	person.exits(0)
	leaf := firstCertificate(t, x.path("outbox", "api.crt"))
	if names := pki.NamesOf(leaf).Strings(); !strings.HasPrefix(strings.Join(names, " "), "DNS:cp1 DNS:kubernetes ") ||
		!slices.Contains(names, "IP:192.0.2.10") {
		t.Errorf("the API server has names %q", names)
	}

	x.dropSubject("web", "web.example", []string{"dev-team"}, "web.example")
	person = x.terminal("ca-admin", "review")
	person.await(`question     the certificate would lose a group that means something here: "dev-team"`, 1)
	person.await("sign [w]ithout it [d]eny", 1)
	person.enter("w")
	person.await(`not copied   group "dev-team"`, 2)
	person.await("[a]pprove [d]eny", 1)
	person.enter("a")
	person.exits(0)
	if got := firstCertificate(t, x.path("outbox", "web.crt")).Subject.String(); got != "CN=web.example" {
		t.Errorf("the server is called %s", got)
	}
}

// TestOtherProfileAfterwards: a request has one certificate; asking for another profile's does not give it that one.
func TestOtherProfileAfterwards(t *testing.T) {
	t.Parallel()
	x := newExchange(t, build(t))
	must(t, os.WriteFile(filepath.Join(x.dir, "a.csr"), serverRequest(t, "a"), 0o644))
	x.ca(0, "sign", "--yes", "a.csr")
	out := x.ca(1, "sign", "--yes", "--profile", "peer", "--out", "peer.crt", "a.csr")
	if !strings.Contains(out, "profile server, not peer") ||
		!strings.Contains(out, "hint: a request gets one certificate") {
		t.Errorf("sign says %s", out)
	}
	x.ca(0, "sign", "--yes", "--profile", "server", "--out", "again.crt", "a.csr")
}

// enrollKey enrolls a requester with a new key and these flags.
func (x *exchange) enrollKey(name string, flags ...string) {
	x.Helper()
	x.run(0, "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", filepath.Join(x.dir, name))
	x.ca(0, append([]string{"enroll", name, "--key", name + ".pub"}, flags...)...)
}
