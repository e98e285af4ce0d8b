package cli

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/alecthomas/kong"
)

// own finds this program's own commands in a text for people.
type own struct {
	commands  *regexp.Regexp
	directory string // --dir as this command was given it, as a shell reads it; "" where none was needed
}

// WorksAt sets the directory that this command works in, the default directory, and the environment variable that
// overrides the default. Commands that the terminal prints then name the directory, unless it is the one that a pasted
// command would use anyway.
func (t *Terminal) WorksAt(directory, standard, variable string) {
	if set := os.Getenv(variable); set != "" {
		standard = set
	}
	if standard, err := filepath.Abs(standard); err != nil || standard != filepath.Clean(directory) {
		t.own.directory = Word(directory)
	}
}

// knows makes the terminal find the commands of a grammar.
func (t *Terminal) knows(parser *kong.Kong) {
	var names []string
	for _, command := range parser.Model.Children {
		names = append(names, command.Name)
	}
	t.own.commands = regexp.MustCompile(`(^|[^\w-])` + parser.Model.Name + ` (` + strings.Join(names, "|") + `)\b`)
}

// Own rewrites the program's commands in a text so that they work when they are pasted.
func (t *Terminal) Own(text string) string {
	if t.own.directory == "" || t.own.commands == nil {
		return text
	}
	directory := strings.ReplaceAll(t.own.directory, "$", "$$")
	return t.own.commands.ReplaceAllString(text, "${1}"+t.Program+" --dir "+directory+" ${2}")
}
