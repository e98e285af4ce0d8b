package e2e_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// The measures of a source file. A tab counts as four columns.
const (
	maxColumns       = 120
	maxFileLines     = 350
	maxFunctionLines = 60
)

// misshapen are directories and files that TestShape lets pass.
var misshapen = strings.Fields(`bench/ cmd/ test/
	e2e/alike_test.go e2e/answer_test.go e2e/attack_doors_test.go e2e/attack_entries_test.go
	e2e/attack_forgeries_test.go e2e/attack_left_test.go e2e/attack_record_test.go e2e/attack_scopes_test.go
	e2e/bounds_test.go e2e/clock_test.go e2e/contrib_test.go e2e/design_test.go e2e/doctor_cases_test.go
	e2e/doctor_test.go e2e/documents_test.go e2e/entries_test.go e2e/exchange_test.go e2e/expired_test.go
	e2e/files_test.go e2e/flow_promises_test.go e2e/flow_test.go e2e/golden_test.go e2e/hints_test.go
	e2e/honest_test.go e2e/identity_test.go e2e/list_test.go e2e/outbox_test.go e2e/person_test.go e2e/prompts_test.go
	e2e/refusals_test.go e2e/remembered_test.go e2e/renewal_examples_test.go e2e/replaced_test.go
	e2e/scenarios_test.go e2e/signed_test.go e2e/terminal_test.go e2e/together_test.go e2e/watch_test.go
	e2e/watching_test.go
	internal/ca/ internal/cli/ internal/component/ internal/durable/ internal/inbox/ internal/kube/
	internal/pass/ internal/policy/ internal/request/requesttest/ internal/request/request_judges_test.go`)

// TestShape: no Go file has a line over 120 columns, more than 350 lines, or a function of more than 60 lines.
func TestShape(t *testing.T) {
	t.Parallel()
	for _, file := range tracked(t) {
		passes := func(directory string) bool { return strings.HasPrefix(file, directory) }
		if !strings.HasSuffix(file, ".go") || slices.ContainsFunc(misshapen, passes) {
			continue
		}
		text, err := os.ReadFile("../" + file)
		if err != nil { // removed, and not yet committed
			continue
		}
		checkLines(t, file, string(text))
		checkFunctions(t, file, text)
	}
}

func checkLines(t *testing.T, file, text string) {
	n := 0
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimRight(line, "\n")
		if columns := utf8.RuneCountInString(line) + 3*strings.Count(line, "\t"); columns > maxColumns {
			t.Errorf("%s:%d: %d columns, more than %d", file, n, columns, maxColumns)
		}
	}
	if n > maxFileLines {
		t.Errorf("%s: %d lines, more than %d", file, n, maxFileLines)
	}
}

func checkFunctions(t *testing.T, file string, text []byte) {
	files := token.NewFileSet()
	parsed, err := parser.ParseFile(files, file, text, parser.SkipObjectResolution)
	must(t, err)
	for _, d := range parsed.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok {
			continue
		}
		first, last := files.Position(f.Pos()).Line, files.Position(f.End()).Line
		if n := last - first + 1; n > maxFunctionLines {
			t.Errorf("%s:%d: %s has %d lines, more than %d", file, first, f.Name.Name, n, maxFunctionLines)
		}
	}
}
