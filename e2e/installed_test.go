package e2e_test

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ca-exchange/internal/pki"
)

// onHosts is what list --installed says, by serial: the state, and the file.
func (x *exchange) onHosts(flags ...string) map[string]string {
	x.Helper()
	var list struct {
		Items []struct {
			Serial    string
			Installed struct{ State, Node, File string }
		}
	}
	x.decode(&list, append([]string{"list", "--installed", "-o", "json"}, flags...)...)
	all := map[string]string{}
	for _, i := range list.Items {
		all[i.Serial] = strings.TrimSpace(i.Installed.State + " " + i.Installed.File)
	}
	return all
}

// serialOf is the serial of the certificate in a file, as the ledger has it.
func (x *exchange) serialOf(file string) string {
	x.Helper()
	return pki.SerialHex(x.certificate(file).SerialNumber)
}

// TestInstalled: the CA knows from the host's reports what is installed there, what never was, what a successor did not
// replace, what its component does not use yet, and which host is silent.
func TestInstalled(t *testing.T) {
	t.Parallel()
	long(t)
	x := newStepped(t)
	x.firstDay()
	const file = "component/pki/www.example.crt"
	first := x.serialOf(file)
	x.wants(first, "Unreported")
	x.ca(0, "sync", "-q")
	x.wants(first, "Installed pki/www.example.crt")

	x.step(1)
	text := readText(t, filepath.Join(x.dir, file))
	must(t, os.Remove(filepath.Join(x.dir, file)))
	x.says(0, "component-admin sync -q")
	x.ca(0, "sync", "-q")
	x.wants(first, "NeverInstalled")
	must(t, os.WriteFile(filepath.Join(x.dir, file), []byte(text), 0o644))

	x.says(3, "component-admin renew --now -q")
	x.ca(0, "sync", "-q")
	second := x.serialOf("exchange/outbox/" + filepath.Base(x.onlyAnswer("*-*.crt")))
	x.wants(first, "Replaced pki/www.example.crt")
	x.wants(second, "Unreported")

	must(t, os.WriteFile(filepath.Join(x.dir, "component/component-admin/hooks.yaml"), []byte(failingHook), 0o600))
	x.says(1, "component-admin sync")
	x.ca(0, "sync", "-q")
	x.wants(second, "NotTakenUp pki/www.example.crt")
	if _, still := x.onHosts()[first]; still {
		t.Error("the replaced certificate is listed, and no host has it")
	}
	must(t, os.Remove(filepath.Join(x.dir, "component/component-admin/hooks.yaml")))
	x.step(2)
	x.says(0, "component-admin sync -q")
	x.ca(0, "sync", "-q")
	x.wants(second, "Installed pki/www.example.crt")
	x.says(0, "ca-admin status", "hosts    1 reports what is installed, 0 silent")

	x.step(6)
	x.wants(second, "Silent pki/www.example.crt")
	x.says(0, "ca-admin status", "hosts    0 report what is installed, 1 silent", "of requester web since 20")
	x.says(0, "ca-admin verify", "the ledger is whole")
	x.inOtherFormats(second)
	x.visits("60d")
	x.wants(second, "Installed pki/www.example.crt") // two visits make 120 days
	x.says(0, "ca-admin status", "hosts    1 reports what is installed, 0 silent")
	x.ca(0, "unenroll", "web")
	x.wants(second, "Unreported")
	if out := x.ca(0, "status"); strings.Contains(out, "silent") {
		t.Errorf("a host of a requester that is not enrolled is missed: %s", out)
	}
}

// visits says in the policy how often a carried exchange comes by.
func (x *exchange) visits(every string) {
	x.Helper()
	policy := filepath.Join(x.dir, "ca", "policy.yaml")
	text := readText(x.T, policy) + "\nvisit: " + every + "\n"
	must(x.T, os.WriteFile(policy, []byte(text), 0o600))
}

// failingHook is a hook that never succeeds.
const failingHook = `apiVersion: ca-exchange/v1
kind: Hooks
hooks:
- name: never
  profiles: [server]
  run: [/bin/false]
`

// wants says how a certificate stands on its host.
func (x *exchange) wants(serial, state string) {
	x.Helper()
	if all := x.onHosts(); all[serial] != state {
		x.Errorf("%s is %q, not %q; all are %q", serial, all[serial], state, all)
	}
}

// onlyAnswer is the one file of the outbox that fits.
func (x *exchange) onlyAnswer(pattern string) string {
	x.Helper()
	files, err := filepath.Glob(x.path("outbox", pattern))
	must(x.T, err)
	if len(files) != 1 {
		x.Fatalf("the outbox has %q", files)
	}
	return files[0]
}

// inOtherFormats: the table and CSV say of a silent host what JSON says.
func (x *exchange) inOtherFormats(serial string) {
	x.Helper()
	out := x.says(0, "ca-admin list --installed --requester web --wide", "INSTALLED", "REPORTED", "Silent",
		"pki/www.example.crt", serial)
	if strings.Count(out, "\n") != 2 {
		x.Errorf("more than one certificate: %s", out)
	}
	text := x.ca(0, "list", "--installed", "--requester", "web", "-o", "csv")
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	must(x.T, err)
	n := len(rows[0])
	if got := strings.Join(rows[0][n-4:], " "); got != "installed host reported file" || rows[1][0] != serial ||
		rows[1][n-4] != "Silent" || rows[1][n-1] != "pki/www.example.crt" {
		x.Errorf("csv: %q", rows)
	}
	x.says(2, "ca-admin list --installed --authorities", "not both")
}
