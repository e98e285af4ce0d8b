package cmd_test

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// rooms is which package may import which of ours: data flows one way, and nothing reaches around.
var rooms = map[string][]string{
	"internal/refusal":   {},
	"internal/pki":       {"refusal"},
	"internal/request":   {"refusal", "pki"},
	"internal/durable":   {},
	"internal/policy":    {"refusal", "request", "pki"},
	"internal/ledger":    {"refusal", "request", "pki"},
	"internal/kube":      {"pki"},
	"internal/inbox":     {"durable"},
	"internal/cli":       {},
	"internal/ca":        {"refusal", "request", "pki", "policy", "ledger", "inbox", "durable", "kube"},
	"internal/component": {"refusal", "request", "pki", "inbox", "durable", "kube"},
}

// pure are the rooms that take bytes and a time, and touch no file.
var pure = map[string]bool{"internal/refusal": true, "internal/pki": true, "internal/request": true, "internal/policy": true}

func TestRooms(t *testing.T) {
	for room, allowed := range rooms {
		for _, imported := range list(t, "{{join .Imports \"\\n\"}}", "../"+room) {
			name, ours := strings.CutPrefix(imported, "ca-exchange/internal/")
			if ours && !slices.Contains(allowed, name) {
				t.Errorf("%s imports %s", room, name)
			}
			if pure[room] && (imported == "os" || imported == "io/ioutil" || imported == "log/slog") {
				t.Errorf("%s imports %s: it takes bytes and a time", room, imported)
			}
		}
	}
	for _, dependency := range list(t, "{{join .Deps \"\\n\"}}", "./component-admin") {
		for _, forbidden := range []string{"ca", "policy", "ledger"} {
			if dependency == "ca-exchange/internal/"+forbidden {
				t.Errorf("component-admin links %s", forbidden)
			}
		}
		if strings.HasPrefix(dependency, "modernc.org/") || dependency == "net/http" {
			t.Errorf("component-admin links %s", dependency)
		}
	}
	for _, dependency := range list(t, "{{join .Deps \"\\n\"}}", "./ca-admin") {
		if dependency == "net/http" || strings.HasPrefix(dependency, "k8s.io/") {
			t.Errorf("ca-admin links %s: a CA needs no web server", dependency)
		}
	}
}

func list(t *testing.T, format, pkg string) []string {
	t.Helper()
	out, err := exec.Command("go", "list", "-f", format, pkg).Output()
	if err != nil {
		t.Fatalf("go list %s: %v", pkg, err)
	}
	return strings.Fields(string(out))
}

// TestDocumentedCommands holds every command line that the documents show against the programs' own help: the command
// must exist, and so must each of its flags.
func TestDocumentedCommands(t *testing.T) {
	bin := build(t)
	command := regexp.MustCompile("(?m)(?:[`$] ?|^ {4,})((?:ca-admin|component-admin) (?:--dir [^ ]+ )?[a-z-]+[^`\n]*)")
	flag := regexp.MustCompile(`--[a-z][a-z-]*`)
	for _, file := range []string{"../README.md", "../docs/files.md", "../docs/ledger.md", "../docs/kubernetes.md", "../docs/policy.md", "../docs/operations.md", "../docs/README.zh-CN.md"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		found := command.FindAllStringSubmatch(string(text), -1)
		if len(found) == 0 {
			t.Errorf("%s shows no command", file)
		}
		for _, match := range found {
			words := strings.Fields(regexp.MustCompile(`--dir \S+ `).ReplaceAllString(match[1], ""))
			help, err := exec.Command(bin+"/"+words[0], words[1], "--help").CombinedOutput()
			if err != nil {
				t.Errorf("%s: %q: %v", file, match[1], err)
				continue
			}
			for _, f := range flag.FindAllString(match[1], -1) {
				if !strings.Contains(string(help), f) {
					t.Errorf("%s: %q: %s %s has no %s", file, match[1], words[0], words[1], f)
				}
			}
		}
	}
}

// TestOnlyTestsSwap: the one package state there is, the System below durable, belongs to tests.
func TestOnlyTestsSwap(t *testing.T) {
	must(t, filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		if strings.Contains(string(text), "durable.Swap(") {
			t.Errorf("%s puts another system below the program", path)
		}
		return err
	}))
}

// TestDocumentedTests: a test that a page names as proof is there, by its whole name or, with an ellipsis, its beginning.
func TestDocumentedTests(t *testing.T) {
	var code strings.Builder
	must(t, filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, "_test.go") {
			text, readErr := os.ReadFile(path)
			code.Write(text)
			err = readErr
		}
		return err
	}))
	pages, err := filepath.Glob("../docs/*.md")
	must(t, err)
	lab, err := filepath.Glob("../docs/lab/*.md")
	must(t, err)
	named := regexp.MustCompile(`\b(?:TestScenarios/([a-z_]+)|((?:Test|Fuzz)[A-Z]\w*)(…)?)`)
	for _, page := range slices.Concat(pages, lab, []string{"../README.md"}) {
		text, err := os.ReadFile(page)
		must(t, err)
		for _, match := range named.FindAllStringSubmatch(string(text), -1) {
			wanted := "func " + match[2]
			if match[3] == "" {
				wanted += "("
			}
			if _, err := os.Stat("testdata/" + match[1] + ".txtar"); match[1] != "" && err != nil || match[2] != "" && !strings.Contains(code.String(), wanted) {
				t.Errorf("%s names %s, which is nowhere", page, match[0])
			}
		}
	}
}
