package e2e_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestTakeover is the drill of docs/operations.md: a backup with encrypted keys is made beside a loaded watch, the host
// dies, a second one goes on from the backup, the passphrase and the exchange. Nothing is doubled, and the first host
// stops when it comes back.
func TestTakeover(t *testing.T) {
	t.Parallel()
	long(t)
	x := guarded(t, "--issuer", "ca", "--trust-inbox")
	must(t, os.Mkdir(filepath.Join(x.dir, "credentials"), 0o700))
	must(t, os.Rename(filepath.Join(x.dir, "passphrase"), filepath.Join(x.dir, "credentials", "ca-passphrase")))
	x.env = []string{"CREDENTIALS_DIRECTORY=" + filepath.Join(x.dir, "credentials")} // the second host has it, too
	lost := x.lostHost()
	died := time.Now()

	said := x.ca(0, "--dir", "second", "restore", "ca.tar")
	want := "ca-admin --dir " + filepath.Join(x.dir, "second") + " recover --exchange " + x.path()
	if !strings.Contains(said, want) {
		t.Errorf("restore does not print %q:\n%s", want, said)
	}
	x.ca(5, "--dir", "second", "sync")
	x.ca(0, "--dir", "second", "recover", "--exchange", "exchange")
	for name, entry := range lost.entries { // a host that never saw its answer asks again
		x.drop(name+".csr", entry)
	}
	x.drop("new.csr", serverRequest(t, "new"))
	if said := x.ca(0, "--dir", "second", "sync"); !strings.Contains(said, "issued 1, held 0, denied 0, answered") {
		t.Errorf("the second host: %s", said)
	}
	took := time.Since(died)
	t.Logf("the second host served %s after the first one died, without a person's time", took.Round(time.Millisecond))
	if took > mostTakeover {
		t.Errorf("that is more than %s", mostTakeover)
	}
	for name, want := range lost.answers {
		if readText(t, x.path("outbox", name+".crt")) != want {
			t.Errorf("%s has another certificate", name)
		}
	}
	var list struct{ Items []struct{ Serial string } }
	x.decode(&list, "--dir", "second", "list", "--all", "-o", "json")
	if len(list.Items) != 121 {
		t.Errorf("the second host knows %d certificates, not 121", len(list.Items))
	}
	x.ca(0, "--dir", "second", "verify")

	x.drop("late.csr", serverRequest(t, "late"))
	for _, command := range []string{"sync", "watch"} {
		if said := x.ca(5, command); !strings.Contains(said, "the ledger is older than the exchange") {
			t.Errorf("the first host, %s: %s", command, said)
		}
	}
	if _, err := os.Stat(x.path("inbox", "late.csr")); err != nil {
		t.Errorf("the first host took the entry: %v", err)
	}
}

// mostTakeover is how long the commands of a takeover may take together.
const mostTakeover = 5 * time.Minute

// afterBackup is what a CA issued after its last backup: the entries, and their answers.
type afterBackup struct {
	entries map[string][]byte
	answers map[string]string
}

// lostHost serves 120 requests by a watch that is killed then; the last 20 come after a backup, beside the others.
func (x *exchange) lostHost() afterBackup {
	x.Helper()
	w := x.watch(nil, "--poll", "50ms")
	for i := range 100 {
		name := fmt.Sprintf("before%d", i)
		x.drop(name+".csr", serverRequest(x.T, name))
	}
	x.ca(0, "backup", "ca.tar", "--keys", "-q")
	a := afterBackup{map[string][]byte{}, map[string]string{}}
	for i := range 20 {
		name := fmt.Sprintf("after%d", i)
		a.entries[name] = serverRequest(x.T, name)
		x.drop(name+".csr", a.entries[name])
	}
	w.eventually("all answers", func() bool {
		all, _ := filepath.Glob(x.path("outbox", "*[0-9].crt"))
		return len(all) == 120
	})
	must(x.T, w.command.Process.Kill())
	w.command.Wait()
	for name := range a.entries {
		a.answers[name] = readText(x.T, x.path("outbox", name+".crt"))
	}
	return a
}

func readText(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	must(t, err)
	return string(text)
}
