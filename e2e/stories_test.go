package e2e_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// storyCommand is a command that docs/stories.md shows, and ran one that a scenario runs.
var (
	storyCommand = regexp.MustCompile(`(?m)^ {4}((?:ca-admin|component-admin) .*)$`)
	ran          = regexp.MustCompile(`(?m)^(?:! )?(?:exec|exits \d) ((?:ca-admin|component-admin) .*)$`)
)

// TestStories: every command of docs/stories.md is run by a scenario testdata/story_*.txtar. A scenario has nobody to
// answer a question, and an id of its own.
func TestStories(t *testing.T) {
	t.Parallel()
	scenarios, err := filepath.Glob("testdata/story_*.txtar")
	must(t, err)
	run := map[string]bool{}
	for _, file := range scenarios {
		text, err := os.ReadFile(file)
		must(t, err)
		for _, match := range ran.FindAllStringSubmatch(string(text), -1) {
			run[strings.ReplaceAll(strings.TrimSuffix(match[1], " --yes"), "$ID", "ID")] = true
		}
	}
	run["ca-admin sign k3s.csr --authority --permit-dns .prod.example"] = true // TestAuthority, on a terminal
	text, err := os.ReadFile("../docs/stories.md")
	must(t, err)
	shown := storyCommand.FindAllStringSubmatch(string(text), -1)
	for _, match := range shown {
		if command, _, _ := strings.Cut(match[1], "   #"); !run[command] {
			t.Errorf("docs/stories.md shows %q, and no scenario runs it", command)
		}
	}
	if len(shown) < 10 {
		t.Errorf("docs/stories.md shows only %d commands", len(shown))
	}
}
