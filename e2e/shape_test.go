package e2e_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
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

// TestShape: no Go file has a line over 120 columns, more than 350 lines, or a function of more than 60 lines.
func TestShape(t *testing.T) {
	t.Parallel()
	for _, file := range tracked(t) {
		if !strings.HasSuffix(file, ".go") {
			continue
		}
		text, err := os.ReadFile("../" + file)
		if err != nil { // removed, and not yet committed
			continue
		}
		checkColumns(t, file, string(text))
		checkLines(t, file, string(text))
		checkFunctions(t, file, text)
	}
}

func checkColumns(t *testing.T, file, text string) {
	n := 0
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimRight(line, "\n")
		if columns := utf8.RuneCountInString(line) + 3*strings.Count(line, "\t"); columns > maxColumns {
			t.Errorf("%s:%d: %d columns, more than %d", file, n, columns, maxColumns)
		}
	}
}

func checkLines(t *testing.T, file, text string) {
	if n := strings.Count(text, "\n"); n > maxFileLines {
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
