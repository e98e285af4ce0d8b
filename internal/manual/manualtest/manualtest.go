// Package manualtest holds the manual pages and completions below packaging against the programs' command lines.
package manualtest

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"ca-exchange/internal/cli"
	"ca-exchange/internal/manual"
)

var update = flag.Bool("update", false, "write the manual page and the completions anew")

// Written wants a program's manual page and completions below root as its command line makes them.
func Written(t *testing.T, root, program, about string, grammar any) {
	t.Helper()
	parser, err := cli.Parser(program, about, grammar)
	if err != nil {
		t.Fatal(err)
	}
	p := manual.Of(parser)
	for file, text := range map[string]string{
		"man/" + program + ".1":            p.Man(),
		"completions/" + program + ".bash": p.Bash(),
		"completions/_" + program:          p.Zsh(),
		"completions/" + program + ".fish": p.Fish(),
	} {
		file = filepath.Join(root, "packaging", file)
		if *update {
			if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if written, err := os.ReadFile(file); err != nil || string(written) != text {
			t.Errorf("%s is older than the command line (%v): go test ./cmd/... -run TestManual -update", file, err)
		}
	}
}
