package e2e_test

import (
	"os"
	"strings"
	"testing"
	"time"
)

// TestNameIsNoLineOfTheLog: a file name with a line feed, in a sub-directory that ca-admin cannot write, is no line of its
// own on stderr.
func TestNameIsNoLineOfTheLog(t *testing.T) {
	t.Parallel()
	x := newUnprivileged(t)
	team := x.path("inbox", "team")
	must(t, os.Mkdir(team, 0o755))
	const lie = "ca-admin: error: the CA key was compromised"
	x.drop("team/x\n"+lie+".csr", []byte("x"))
	x.drop("team/.ca-exchange-aside-abcdefghij-y\n"+lie+".csr", []byte("x"))
	must(t, os.Chmod(team, 0o555))
	t.Cleanup(func() { os.Chmod(team, 0o755) })
	for _, args := range [][]string{{"sync", "--settle", "0s"}, {"status"}, {"sync", "--settle", "0s", "--log-format", "json"}} {
		if out := x.ends(time.Minute, args...); strings.Contains("\n"+out, "\n"+lie) {
			t.Errorf("%q prints a neighbour's line:\n%s", args, out)
		}
	}
}
