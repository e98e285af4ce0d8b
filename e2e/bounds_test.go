package e2e_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// constant is how the table of bounds names a limit in the code: internal/PACKAGE.name = value.
var constant = regexp.MustCompile("^`(internal/[a-z]+)\\.(\\w+) = ([^`]+)`$")

// TestBounds holds the table of bounds in docs/security.md against the code and its tests: the limit that a row names
// has the value that it says, and the tests are there.
func TestBounds(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../docs/security.md")
	must(t, err)
	_, section, ok := strings.Cut(string(text), "\n## Bounds\n")
	if !ok {
		t.Fatal("docs/security.md has no section Bounds")
	}
	section, _, _ = strings.Cut(section, "\n## ")
	functions, rows := testFunctions(t), 0
	for line := range strings.Lines(section) {
		cells := strings.Split(strings.TrimSpace(line), "|")
		if len(cells) != 7 || aside.MatchString(cells[1]) {
			continue
		}
		rows++
		what, limit := strings.TrimSpace(cells[1]), strings.TrimSpace(cells[4])
		if limit != "-" {
			checkConstant(t, what, limit)
		}
		for item := range strings.SplitSeq(cells[5], ",") {
			checkProof(t, functions, what, strings.TrimSpace(item))
		}
	}
	if rows < 12 {
		t.Errorf("the table has only %d rows", rows)
	}
}

func checkConstant(t *testing.T, what, limit string) {
	t.Helper()
	match := constant.FindStringSubmatch(limit)
	if match == nil {
		t.Errorf("%q: %s is not a constant and its value", what, limit)
		return
	}
	declared := regexp.MustCompile(`(?m)^(?:const)?\s*` + match[2] + `\s*= ` + regexp.QuoteMeta(match[3]) + `(?:$|\s)`)
	files, err := filepath.Glob("../" + match[1] + "/*.go")
	must(t, err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		must(t, err)
		if !strings.HasSuffix(file, "_test.go") && declared.Match(text) {
			return
		}
	}
	t.Errorf("%q: %s does not hold in %s", what, limit, match[1])
}
