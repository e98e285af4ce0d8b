package e2e_test

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestDocumentedRooms: docs/design.md draws the same walls as TestRooms holds.
func TestDocumentedRooms(t *testing.T) {
	text, err := os.ReadFile("../docs/design.md")
	must(t, err)
	drawn := map[string][]string{}
	rows := regexp.MustCompile("(?m)^\\| `internal/(\\w+)` \\| [^|]+ \\|([^|]*)\\|$")
	for _, row := range rows.FindAllStringSubmatch(string(text), -1) {
		drawn[row[1]] = strings.FieldsFunc(row[2], func(r rune) bool { return r == ' ' || r == ',' })
	}
	held := map[string][]string{}
	for room, imports := range rooms {
		held[room] = slices.DeleteFunc(slices.Clone(imports),
			func(name string) bool { return strings.Contains(name, "/") })
	}
	for _, room := range slices.Sorted(maps.Keys(held)) {
		if have, ok := drawn[room]; !ok || !sameNames(have, held[room]) {
			t.Errorf("docs/design.md: internal/%s imports %q, TestRooms allows %q", room, have, held[room])
		}
		delete(drawn, room)
	}
	for room := range drawn {
		t.Errorf("docs/design.md: internal/%s is not in the table of TestRooms", room)
	}
}

func sameNames(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// promise is how code and scripts cite one of docs/design.md: a P and its number, but not the name of a curve.
var promise = regexp.MustCompile(`\bP([1-9]|1[0-9])\b`)

// TestCitedPromises: what code, tests and scripts cite by number stands in docs/design.md.
func TestCitedPromises(t *testing.T) {
	page, err := os.ReadFile("../docs/design.md")
	must(t, err)
	cited := 0
	for _, root := range []string{"../cmd", "../internal", "../e2e", "../test", "../docs"} {
		must(t, filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !slices.Contains([]string{".go", ".sh", ".md"}, filepath.Ext(path)) {
				return err
			}
			text, err := os.ReadFile(path)
			for _, name := range promise.FindAllString(string(text), -1) {
				if cited++; !strings.Contains(string(page), "\n| **"+name+"** |") &&
					!strings.Contains(string(page), "("+name+")") {
					t.Errorf("%s cites %s, which docs/design.md does not state", path, name)
				}
			}
			return err
		}))
	}
	if cited < 10 {
		t.Errorf("only %d citations were found", cited)
	}
}
