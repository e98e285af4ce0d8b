package e2e_test

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"ca-exchange/internal/refusal"
)

var (
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#+ (.+)$`)
)

// TestDocumentedLinks: every link of a page to a file of the repository leads to one, and to a heading in it.
func TestDocumentedLinks(t *testing.T) {
	followed := 0
	for _, page := range append(documents(t), "../internal/durable/README.md") {
		text, err := os.ReadFile(page)
		must(t, err)
		for _, match := range link.FindAllStringSubmatch(string(text), -1) {
			target, anchor, _ := strings.Cut(match[1], "#")
			if strings.Contains(target, "://") {
				continue
			}
			followed++
			file := page
			if target != "" {
				file = filepath.Join(filepath.Dir(page), target)
			}
			if !leads(file, anchor) {
				t.Errorf("%s links to %s, which does not exist", page, match[1])
			}
		}
	}
	if followed < 30 {
		t.Errorf("only %d links were followed", followed)
	}
}

// leads is whether a file is there and, where an anchor is asked for, has the heading that GitHub derives it from.
func leads(file, anchor string) bool {
	text, err := os.ReadFile(file)
	if err != nil || anchor == "" {
		return err == nil
	}
	for _, match := range heading.FindAllStringSubmatch(string(text), -1) {
		words := strings.Map(func(r rune) rune {
			if strings.ContainsRune("',.:?`", r) {
				return -1
			}
			return r
		}, strings.ToLower(match[1]))
		if strings.ReplaceAll(words, " ", "-") == anchor {
			return true
		}
	}
	return false
}

// TestDocumentedNotice: docs/files.md lists the fields of a notice, in their order.
func TestDocumentedNotice(t *testing.T) {
	text, err := os.ReadFile("../docs/files.md")
	must(t, err)
	_, rest, _ := strings.Cut(string(text), "\n### A notice\n")
	section, _, _ := strings.Cut(rest, "\n## ")
	var listed, known []string
	for _, row := range regexp.MustCompile("(?m)^\\| `(\\w+)` \\|").FindAllStringSubmatch(section, -1) {
		listed = append(listed, row[1])
	}
	for field := range reflect.TypeFor[refusal.Notice]().Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		known = append(known, name)
	}
	if !slices.Equal(listed, known) {
		t.Errorf("docs/files.md lists the fields %q, a notice has %q", listed, known)
	}
}
