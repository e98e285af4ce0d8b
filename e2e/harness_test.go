// Package e2e_test tests the whole: both real binaries on real directories and terminals, faults of the system
// below them, the documents, and the house itself. harness_test.go builds the binaries once; exchange_test.go is a CA
// with its exchange; the scenarios in testdata are each a page of a user's day, judged by openssl.
package e2e_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// TestMain gives the tests one directory for all that they write, in memory where it can, since every sync of a disk is
// waited for; and it lets more tests wait for processes at once than there are processors.
func TestMain(m *testing.M) {
	flag.Parse()
	if f := flag.Lookup("test.parallel"); f.Value.String() == f.DefValue {
		f.Value.Set(strconv.Itoa(2 + 2*runtime.GOMAXPROCS(0)))
	}
	scratch, err := os.MkdirTemp(temporary(), "ca-exchange-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Chmod(scratch, 0o755) // some tests run programs as other users
	os.Setenv("TMPDIR", scratch)
	status := m.Run()
	os.RemoveAll(scratch)
	os.Exit(status)
}

// temporary is where temporary files go: where TMPDIR says, else in memory, else where the system has them.
func temporary() string {
	const memory, room = "/dev/shm", 1 << 30
	var s unix.Statfs_t
	if os.Getenv("TMPDIR") != "" || unix.Statfs(memory, &s) != nil || s.Flags&unix.ST_NOEXEC != 0 ||
		s.Bavail*uint64(s.Bsize) < room || unix.Access(memory, unix.W_OK) != nil {
		return os.TempDir()
	}
	return memory
}

// build builds both programs, once for all tests, and gives the directory they are in.
func build(t *testing.T) string {
	t.Helper()
	dir, err := built()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

var built = sync.OnceValues(func() (string, error) {
	// go test does not see what go build reads: looking at each source makes a cached result depend on it.
	for _, root := range []string{"../cmd", "../internal", "../go.mod"} {
		if err := filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
			if err == nil {
				_, err = os.Stat(path)
			}
			return err
		}); err != nil {
			return "", err
		}
	}
	dir, err := os.MkdirTemp("", "bin-")
	if err != nil {
		return "", err
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		return "", err
	}
	build := []string{"build", "-o", dir + "/"}
	if os.Getenv("CA_EXCHANGE_RACE") != "" { // .ci/run looks for races in the programs, too
		build = append(build, "-race")
	}
	out, err := exec.Command("go", append(build, "../cmd/ca-admin", "../cmd/component-admin")...).CombinedOutput()
	if err != nil {
		return dir, fmt.Errorf("building: %w\n%s", err, out)
	}
	return dir, nil
})

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// long skips a test in the short form of all tests.
func long(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("it takes long: go test without -short runs it")
	}
}

// needs skips a test where a tool is not installed, which on CI is a failure.
func needs(t *testing.T, tools ...string) {
	t.Helper()
	for _, tool := range tools {
		if _, err := exec.LookPath(tool); err != nil {
			if os.Getenv("CI") != "" {
				t.Fatal(err)
			}
			t.Skipf("%s is not installed", tool)
		}
	}
}

// shell runs a script, wants its exit status and gives what it printed.
func shell(t *testing.T, dir, path, script string, status int) string {
	t.Helper()
	c := exec.Command("bash", "-c", script)
	c.Dir, c.Env = dir, append(os.Environ(), "PATH="+path)
	var stderr strings.Builder
	c.Stderr = &stderr
	out, err := c.Output()
	if c.ProcessState == nil || c.ProcessState.ExitCode() != status {
		t.Fatalf("%v, not %d: %s\n%s%s", err, status, script[max(0, len(script)-200):], out, stderr.String())
	}
	return string(out)
}

func absolute(t *testing.T, file string) string {
	path, err := filepath.Abs(file)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func mustJSON(t *testing.T, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	must(t, err)
	return b
}

// serverRequest is a plain request for NAME.example.
func serverRequest(t *testing.T, name string) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := x509.CertificateRequest{Subject: pkix.Name{CommonName: name}, DNSNames: []string{name + ".example"}}
	der, err := x509.CreateCertificateRequest(rand.Reader, &template, key)
	must(t, err)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der})
}

func firstCertificate(t *testing.T, file string) *x509.Certificate {
	t.Helper()
	b, err := os.ReadFile(file)
	must(t, err)
	block, _ := pem.Decode(b)
	c, err := x509.ParseCertificate(block.Bytes)
	must(t, err)
	return c
}
