package e2e_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"ca-exchange/internal/request"
)

// TestSignedBesideLeft measures how long a signed request waits beside 2,000 unsigned ones with RSA-4096 keys that
// are left where they are, since a thousand are held already, and what each later pass costs. The figures are
// printed, not judged.
func TestSignedBesideLeft(t *testing.T) {
	long(t)
	t.Parallel()
	x := newExchange(t, build(t))
	signer := x.requester("good", "--profile", "server", "--dns", "*.example")
	x.fillHeld()
	const left = 2000
	csrs := largeRequests(t, 4)
	for i := range left {
		x.drop(fmt.Sprintf("left%d.csr", i), x.unsignedBelow(csrs[i%len(csrs)]))
	}
	start := time.Now()
	w := x.watch(nil, "--poll", "200ms")
	x.drop("good0.csr", wishFor("server", "good", "good.example", "good.example").signed(x, signer))
	w.eventually("the first signed request is answered", func() bool { return x.answered("good0") == "crt" })
	first := time.Since(start)

	time.Sleep(2 * time.Second)
	before := cpuTime(t, w.command.Process.Pid)
	time.Sleep(2 * time.Second)
	spent := cpuTime(t, w.command.Process.Pid) - before
	start = time.Now()
	x.drop("good1.csr", wishFor("server", "good", "good.example", "good.example").signed(x, signer))
	w.eventually("a later signed request is answered", func() bool { return x.answered("good1") == "crt" })
	t.Logf("beside %d left: first %s after the start, a later one %s, a pass without news %s of CPU",
		left, first.Round(time.Millisecond), time.Since(start).Round(time.Millisecond), spent/10)
	remaining, err := filepath.Glob(x.path("inbox", "left*.csr"))
	must(t, err)
	if len(remaining) != left {
		t.Errorf("%d of %d were left: another bound is at work", len(remaining), left)
	}
}

// fillHeld holds as many unsigned requests as are held, and removes what was left.
func (x *exchange) fillHeld() {
	x.Helper()
	csr := wishFor("", "", "one", "one.example").csr(x.T)
	for i := range 1001 {
		x.drop(fmt.Sprintf("f%d.csr", i), x.unsignedBelow(csr))
	}
	x.ends(2*time.Minute, "sync", "-q")
	left, err := filepath.Glob(x.path("inbox", "f*.csr"))
	must(x.T, err)
	if len(left) == 0 {
		x.Fatal("nothing was left: the bound is another")
	}
	for _, file := range left {
		must(x.T, os.Remove(file))
	}
}

// unsignedBelow is a CSR below an unsigned cover of its own: another request each time.
func (x *exchange) unsignedBelow(csr []byte) []byte {
	x.Helper()
	now := time.Now().UTC().Truncate(time.Second)
	c := request.Cover{Profile: "server", Requester: "x", Trust: x.trust(), Created: now, Expires: now.Add(time.Hour),
		Nonce: nonce()}
	return request.Encode(&c, csr)
}

// largeRequests are CSRs of RSA-4096 keys.
func largeRequests(t *testing.T, n int) (csrs [][]byte) {
	t.Helper()
	for range n {
		key, err := rsa.GenerateKey(rand.Reader, 4096)
		must(t, err)
		template := x509.CertificateRequest{Subject: pkix.Name{CommonName: "left"}, DNSNames: []string{"left.example"}}
		der, err := x509.CreateCertificateRequest(rand.Reader, &template, key)
		must(t, err)
		csrs = append(csrs, der)
	}
	return csrs
}

// cpuTime is what a process has spent, in the kernel's ticks of 10 ms.
func cpuTime(t *testing.T, pid int) time.Duration {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	must(t, err)
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	total := 0
	for _, field := range fields[11:13] { // utime and stime, proc(5)
		ticks, err := strconv.Atoi(field)
		must(t, err)
		total += ticks
	}
	return time.Duration(total) * 10 * time.Millisecond
}
