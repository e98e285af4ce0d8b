package policy

import (
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestIssuerSignHasOneCaller reads the sources of the whole module, tests aside: pki.Issuer.Sign is named in
// Grant.Sign and in Issuer.Prove, which returns only an error, and nowhere else, neither called nor taken as a value.
func TestIssuerSignHasOneCaller(t *testing.T) {
	const method = "(*ca-exchange/internal/pki.Issuer).Sign"
	callers := usersOf(t, method)
	want := []string{"(*ca-exchange/internal/pki.Issuer).Prove", "(ca-exchange/internal/policy.Grant).Sign"}
	if !slices.Equal(callers, want) {
		t.Errorf("%s is named in %v, expected %v", method, callers, want)
	}
}

// usersOf lists the functions of this module that name a function or method, by their full names.
func usersOf(t *testing.T, name string) []string {
	t.Helper()
	files := token.NewFileSet()
	imports := importer.ForCompiler(files, "gc", exportData(t))
	var users []string
	for _, line := range goList(t, `{{.ImportPath}} {{.Dir}} {{join .GoFiles " "}}`, "ca-exchange/...") {
		fields := strings.Fields(line)
		var syntax []*ast.File
		for _, file := range fields[min(2, len(fields)):] {
			parsed, err := parser.ParseFile(files, filepath.Join(fields[1], file), nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			syntax = append(syntax, parsed)
		}
		info := &types.Info{Defs: map[*ast.Ident]types.Object{}, Uses: map[*ast.Ident]types.Object{}}
		if _, err := (&types.Config{Importer: imports}).Check(fields[0], files, syntax, info); err != nil {
			t.Fatal(err)
		}
		for id, used := range info.Uses {
			if f, ok := used.(*types.Func); ok && f.FullName() == name {
				users = append(users, enclosing(info, syntax, id.Pos()))
			}
		}
	}
	slices.Sort(users)
	return users
}

// enclosing names the function that a position lies in, or the position where it lies in none.
func enclosing(info *types.Info, syntax []*ast.File, at token.Pos) string {
	for _, file := range syntax {
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Pos() <= at && at < f.End() {
				return info.Defs[f.Name].(*types.Func).FullName()
			}
		}
	}
	return fmt.Sprintf("a declaration at %d", at)
}

// exportData opens the compiled form of any package this module needs.
func exportData(t *testing.T) func(path string) (io.ReadCloser, error) {
	t.Helper()
	compiled := map[string]string{}
	for _, line := range goList(t, "{{.ImportPath}} {{.Export}}", "-export", "-deps", "ca-exchange/...") {
		if path, file, ok := strings.Cut(line, " "); ok {
			compiled[path] = file
		}
	}
	return func(path string) (io.ReadCloser, error) { return os.Open(compiled[path]) }
}

func goList(t *testing.T, format string, arguments ...string) []string {
	t.Helper()
	out, err := exec.Command("go", append([]string{"list", "-f", format}, arguments...)...).Output()
	if err != nil {
		t.Fatalf("go list %v: %v", arguments, err)
	}
	return strings.Split(strings.TrimSpace(string(out)), "\n")
}
