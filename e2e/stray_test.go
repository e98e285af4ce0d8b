package e2e_test

import (
	"os"
	"strings"
	"testing"
	"time"
)

// TestNotNamedAsRequest: what is not called NAME.csr stays where it is, is named once and counted; what editors and
// other programs leave is not; a private key is said whatever its file is called.
func TestNotNamedAsRequest(t *testing.T) {
	t.Parallel()
	needs(t, "openssl")
	x := newExchange(t, build(t), "--trust-inbox")
	request := serverRequest(t, "a")
	for _, file := range []string{"a.pem", "b\x1b[2J.req", "c.csr.txt", "d", ".e.csr.swp", "f.csr~", "g.part"} {
		x.drop(file, request)
	}
	x.run(0, "openssl", "genpkey", "-algorithm", "ed25519", "-out", x.path("inbox", ".server"))
	x.drop("good.csr", request)
	out := x.ca(0, "sync")
	x.expect("good", "crt", "")
	x.checkPlain("sync", out)
	lines := grep(out, "files in the inbox are not read")
	if len(lines) != 1 || !strings.Contains(lines[0], "count=4 ") ||
		strings.Count(lines[0], ", ") != 2 {
		t.Errorf("sync says %q", lines)
	}
	lines = grep(out, "the inbox contains a private key")
	if len(lines) != 1 || !strings.Contains(lines[0], ".server") {
		t.Errorf("sync says %q", lines)
	}
	status := x.ca(0, "status")
	x.checkPlain("status", status)
	if lines := grep(status, "ignored "); len(lines) != 1 || !strings.Contains(lines[0], "4 files in ") {
		t.Errorf("status says %q", lines)
	}
	if left, err := os.ReadDir(x.path("inbox")); err != nil || len(left) != 8 {
		t.Errorf("%v, %v are left", left, err)
	}
	w := x.watch(nil, "--poll", "50ms")
	w.says("files in the inbox are not read")
	time.Sleep(300 * time.Millisecond) // several passes
	if n := w.count("not read") + w.count("private key"); n != 2 {
		t.Errorf("the watch said it %d times", n)
	}
	x.drop("h.p10", request)
	w.says("count=5 ")
}

// grep is the lines of an output that contain a text.
func grep(output, text string) (lines []string) {
	for line := range strings.Lines(output) {
		if strings.Contains(line, text) {
			lines = append(lines, line)
		}
	}
	return lines
}
