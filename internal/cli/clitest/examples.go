// Package clitest holds the examples in the help of both programs against their command lines.
package clitest

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"ca-exchange/internal/cli"
)

// Grammar is a program's command line with the examples of its commands.
type Grammar interface {
	Examples() map[string][]string
}

// Examples wants examples in the help of every command, and each to be read by the program as a shell passes it on.
// files are what the examples name; they are made in a directory of their own.
func Examples(t *testing.T, program string, grammar func() Grammar, files ...string) {
	t.Helper()
	t.Chdir(t.TempDir())
	for _, file := range files {
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	parser, err := cli.Parser(program, "", grammar())
	if err != nil {
		t.Fatal(err)
	}
	examples := grammar().Examples()
	for _, command := range parser.Model.Children {
		lines := examples[command.Name]
		if len(lines) == 0 {
			t.Errorf("%s has no example", command.Name)
		}
		delete(examples, command.Name)
		for _, line := range lines {
			check(t, program, grammar(), command.Name, line)
		}
	}
	for name := range examples {
		t.Errorf("there are examples for %q, which is not a command", name)
	}
}

func check(t *testing.T, program string, grammar Grammar, command, line string) {
	t.Helper()
	// The directory that an import reads is of another machine.
	script := "set -- " + strings.Replace(line, "/etc/kubernetes/pki", ".", 1) + "\nprintf '%s\\n' \"$@\""
	out, err := exec.Command("sh", "-c", script).Output()
	if err != nil {
		t.Fatal(err)
	}
	words := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
	parser, err := cli.Parser(program, "", grammar)
	if err != nil {
		t.Fatal(err)
	}
	if read, err := parser.Parse(words[1:]); err != nil || words[0] != program || read.Selected().Name != command {
		t.Errorf("%s: %q: %v", command, line, err)
	}
}
