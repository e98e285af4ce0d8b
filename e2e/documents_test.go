package e2e_test

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

// documents are the pages for users and developers.
func documents(t *testing.T) []string {
	t.Helper()
	pages := []string{"../README.md", "../CONTRIBUTING.md"}
	for _, pattern := range []string{"../docs/*.md", "../docs/lab/*.md"} {
		found, err := filepath.Glob(pattern)
		must(t, err)
		pages = append(pages, found...)
	}
	return pages
}

var (
	commandLine = regexp.MustCompile("(?m)(?:[`$] ?|^ {4,})((?:ca-admin|component-admin) " +
		"(?:--dir [^ ]+ )?[a-z-]+[^`\n]*)")
	directoryFlag = regexp.MustCompile(`--dir \S+ `)
	longFlag      = regexp.MustCompile(`--[a-z][a-z-]*`)
)

// TestDocumentedCommands holds every command line that the documents show against the programs' own help: the command
// must exist, and so must each of its flags.
func TestDocumentedCommands(t *testing.T) {
	t.Parallel()
	bin := build(t)
	shown := 0
	for _, page := range documents(t) {
		text, err := os.ReadFile(page)
		must(t, err)
		for _, match := range commandLine.FindAllStringSubmatch(string(text), -1) {
			shown++
			checkCommand(t, bin, page, match[1])
		}
	}
	if shown < 100 {
		t.Errorf("the documents show only %d commands", shown)
	}
}

func checkCommand(t *testing.T, bin, page, line string) {
	t.Helper()
	words := strings.Fields(directoryFlag.ReplaceAllString(line, ""))
	help, err := helpOf(bin, words[0], words[1])
	if err != nil {
		t.Errorf("%s: %q: %v", page, line, err)
		return
	}
	for _, f := range longFlag.FindAllString(line, -1) {
		if !strings.Contains(help, f) {
			t.Errorf("%s: %q: %s %s has no %s", page, line, words[0], words[1], f)
		}
	}
}

// helps are the outputs of --help, which the documents are held against hundreds of times: each command runs once.
var helps sync.Map

func helpOf(bin, program, command string) (string, error) {
	once, _ := helps.LoadOrStore(program+" "+command, sync.OnceValues(func() (string, error) {
		out, err := exec.Command(filepath.Join(bin, program), command, "--help").CombinedOutput()
		return string(out), err
	}))
	return once.(func() (string, error))()
}

// testFunctions are the tests and fuzz targets of each package, by its path below the root.
func testFunctions(t *testing.T) map[string][]string {
	t.Helper()
	declared := regexp.MustCompile(`(?m)^func ((?:Test|Fuzz|Benchmark)\w+)\(`)
	functions := map[string][]string{}
	for _, file := range tracked(t) {
		if !strings.HasSuffix(file, "_test.go") {
			continue
		}
		text, err := os.ReadFile("../" + file)
		if err != nil { // removed, and not yet committed
			continue
		}
		for _, match := range declared.FindAllStringSubmatch(string(text), -1) {
			functions[filepath.Dir(file)] = append(functions[filepath.Dir(file)], match[1])
		}
	}
	return functions
}

// named is a test as the documents name one: TestName, or internal/PACKAGE.TestName; what go test is to -run, and
// what ends with an ellipsis, is the beginning of several names.
var named = regexp.MustCompile(`(?:\b((?:internal|test)/[a-z/]+)\.)?` +
	`(-run '?)?\b((?:Test|Fuzz|Benchmark)[A-Z]\w*)(?:/([a-z_]+))?(…)?`)

// isThere is whether a named test exists in its package; a name without a package is looked for in those given.
func isThere(functions map[string][]string, match []string, packages ...string) bool {
	pkg, name, scenario, more := match[1], match[3], match[4], match[2]+match[5] != ""
	if name == "TestScenarios" && scenario != "" {
		_, err := os.Stat("testdata/" + scenario + ".txtar")
		return err == nil
	}
	if pkg != "" {
		packages = []string{pkg}
	}
	for _, p := range packages {
		is := func(f string) bool { return f == name || more && strings.HasPrefix(f, name) }
		if slices.ContainsFunc(functions[p], is) {
			return true
		}
	}
	return false
}

// TestDocumentedTests: a test that a page names is there, in its package where the page says which.
func TestDocumentedTests(t *testing.T) {
	t.Parallel()
	functions := testFunctions(t)
	everywhere := slices.Collect(maps.Keys(functions))
	for _, page := range documents(t) {
		text, err := os.ReadFile(page)
		must(t, err)
		for _, match := range named.FindAllStringSubmatch(string(text), -1) {
			if !isThere(functions, match, everywhere...) {
				t.Errorf("%s names %s, which does not exist", page, match[0])
			}
		}
	}
}

// proof is an item of the test column of docs/security.md: a test by name, or a script, and what it is about.
var proof = regexp.MustCompile(`^(?:` + named.String() + `|(test/[a-z-]+\.sh))(?: \([^)]*\))?$`)

// aside are the first cells of lines in a table that are no rows: its head, its rule, a title in between.
var aside = regexp.MustCompile(`^(?:---| threat $| what grows $| \*\*)`)

// TestThreatsHaveTests: each row of docs/security.md names its tests, of e2e where it names no package; the name of a
// package alone proves nothing.
func TestThreatsHaveTests(t *testing.T) {
	t.Parallel()
	functions := testFunctions(t)
	text, err := os.ReadFile("../docs/security.md")
	must(t, err)
	rows := 0
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(strings.ReplaceAll(strings.TrimSpace(line), `\|`, "¦"), "|")
		if len(cells) < 5 || aside.MatchString(cells[1]) {
			continue
		}
		rows++
		for item := range strings.SplitSeq(cells[len(cells)-2], ",") {
			checkProof(t, functions, strings.TrimSpace(cells[1]), strings.TrimSpace(item))
		}
	}
	if rows < 30 {
		t.Errorf("docs/security.md has only %d rows", rows)
	}
}

func checkProof(t *testing.T, functions map[string][]string, threat, item string) {
	t.Helper()
	match := proof.FindStringSubmatch(item)
	switch {
	case match == nil:
		t.Errorf("%q: %q is not the name of a test", threat, item)
	case match[3] == "":
		if _, err := os.Stat("../" + match[6]); err != nil {
			t.Errorf("%q: %v", threat, err)
		}
	case !isThere(functions, match, "e2e"):
		t.Errorf("%q: %s does not exist (internal/PACKAGE.TestName where it is not in e2e)", threat, item)
	}
}
