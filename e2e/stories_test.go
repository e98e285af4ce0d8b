package e2e_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// pageCommand is a command that a page shows, and ran one that a scenario runs.
var (
	pageCommand = regexp.MustCompile(`(?m)^ {4}((?:ca-admin|component-admin) .*)$`)
	ran         = regexp.MustCompile(`(?m)^(?:! )?(?:exec|exits \d) ((?:ca-admin|component-admin) .*)$`)
)

// TestPages: every command that these pages show is run by a scenario. A scenario has nobody to answer a question, and
// an id of its own.
func TestPages(t *testing.T) {
	t.Parallel()
	for _, page := range []struct {
		file, scenarios string
		fewest          int
		elsewhere       []string // by a test in Go: TestAuthority and TestApproveRenewals, on a terminal
	}{
		{"stories.md", "story_*", 10, []string{"ca-admin sign k3s.csr --authority --permit-dns .prod.example"}},
		{"import.md", "import_*", 8, nil},
		{"renewal.md", "renew_*", 3, []string{"ca-admin approve --renewals"}},
		{"signers.md", "signers_*", 3, []string{ // by test/signers.sh, and by a person with gpg-agent
			"ca-admin issuer attach ca --exec /usr/libexec/ca-exchange/sign-pkcs11 $module ca 01 /etc/ca-pin",
			"ca-admin issuer attach ca --agent FINGERPRINT --socket $socket",
		}},
		{"reports.md", "reports_*", 3, nil},
		{"hard-way.md", "hardway_*", 11, nil},
		{"revocation.md", "crl_*", 6, []string{"component-admin install etcd-ca.crl"}}, // there as 20.crl
	} {
		run := commandsOf(t, page.scenarios)
		for _, command := range page.elsewhere {
			run[command] = true
		}
		text, err := os.ReadFile("../docs/" + page.file)
		must(t, err)
		shown := pageCommand.FindAllStringSubmatch(string(text), -1)
		for _, match := range shown {
			command, _, _ := strings.Cut(match[1], "  ")
			if !run[command] {
				t.Errorf("docs/%s shows %q, and no scenario runs it", page.file, command)
			}
		}
		if len(shown) < page.fewest {
			t.Errorf("docs/%s shows only %d commands", page.file, len(shown))
		}
	}
}

// commandsOf are the commands that scenarios run.
func commandsOf(t *testing.T, scenarios string) map[string]bool {
	t.Helper()
	files, err := filepath.Glob("testdata/" + scenarios + ".txtar")
	must(t, err)
	run, spoken := map[string]bool{}, strings.NewReplacer("$ID", "ID", "$TRUST", "sha256:…",
		"$FINGERPRINT", "FINGERPRINT", "$SOCKET", "/run/ca-agent/socket")
	for _, file := range files {
		text, err := os.ReadFile(file)
		must(t, err)
		for _, match := range ran.FindAllStringSubmatch(string(text), -1) {
			run[spoken.Replace(strings.TrimSuffix(match[1], " --yes"))] = true
		}
	}
	return run
}
