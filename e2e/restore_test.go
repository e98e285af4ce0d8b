package e2e_test

import (
	"path/filepath"
	"testing"
)

// TestRestoreAsks: restore asks a person where each key is that the backup lacks, and takes nothing for "later"; a key
// that is another issuer's is refused, and nothing is made.
func TestRestoreAsks(t *testing.T) {
	t.Parallel()
	x := newCluster(t, build(t))
	x.ca(0, "backup", "ca.tar")
	restore := func(status int, dir string, keys ...string) {
		t.Helper()
		person := x.terminal("ca-admin", "restore", "ca.tar", "--dir", dir)
		for n, key := range keys {
			person.await("file with the key of issuer ", n+1)
			person.enter(key)
		}
		person.exits(status)
	}
	restore(0, "restored", "ca/ca.key", "", "ca/front-proxy-ca.key")
	if got := x.protections("restored"); got != "Plain Missing Plain" {
		t.Errorf("the keys are %s", got)
	}
	if readText(t, filepath.Join(x.dir, "restored", "ca.key")) != readText(t, filepath.Join(x.dir, "ca", "ca.key")) {
		t.Error("the key is another one")
	}
	restore(1, "swapped", "ca/etcd/ca.key")
	if there(filepath.Join(x.dir, "swapped")) {
		t.Error("a CA with another issuer's key was made")
	}
}
