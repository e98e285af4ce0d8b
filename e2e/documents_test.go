package e2e_test

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

// TestDocumentedCommands holds every command line that the documents show against the programs' own help: the command
// must exist, and so must each of its flags.
func TestDocumentedCommands(t *testing.T) {
	bin := build(t)
	command := regexp.MustCompile("(?m)(?:[`$] ?|^ {4,})((?:ca-admin|component-admin) (?:--dir [^ ]+ )?[a-z-]+[^`\n]*)")
	flag := regexp.MustCompile(`--[a-z][a-z-]*`)
	for _, name := range []string{
		"README.md", "docs/files.md", "docs/ledger.md", "docs/kubernetes.md", "docs/policy.md", "docs/operations.md",
		"docs/README.zh-CN.md",
	} {
		file := "../" + name
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
