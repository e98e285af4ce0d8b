package manual

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"ca-exchange/internal/cli"
)

type grammar struct {
	Output string `short:"o" enum:"table,json" default:"table" help:"How."`
	Dir    string `env:"P_DIR" type:"path" placeholder:"DIR" help:"Where."`

	Make struct {
		Kinds []string `arg:"" name:"kind" help:"What: 'a' or \\b."`
		Kind  []string `help:"Of [which]: kind."`
		Force bool     `short:"f" help:"Although it is there."`
		From  string   `type:"existingfile" placeholder:"FILE" help:"A file."`
	} `cmd:"" group:"begin" output:"json" help:".Make it."`
	Rest struct {
		Name string `arg:"" optional:"" help:"Whose."`
	} `cmd:"" group:"begin" help:"Rest."`
}

func (*grammar) Words() map[string][]string { return map[string][]string{"kind": {"a-b", "c"}} }

func (*grammar) Groups() map[string]string { return map[string]string{"begin": "To begin:"} }

func (*grammar) Examples() map[string][]string {
	return map[string][]string{"make": {"p make a-b", "p make -f c"}}
}

func program(t *testing.T) Program {
	t.Helper()
	parser, err := cli.Parser("p", "Do it.", &grammar{})
	if err != nil {
		t.Fatal(err)
	}
	return Of(parser)
}

// TestMan: the whole page of a small program.
func TestMan(t *testing.T) {
	t.Parallel()
	want, err := os.ReadFile("testdata/p.1")
	if got := program(t).Man(); err != nil || got != string(want) {
		t.Errorf("%v, not testdata/p.1:\n%s", err, got)
	}
}

// TestCompletions: each shell's rule for each kind of value.
func TestCompletions(t *testing.T) {
	t.Parallel()
	p := program(t)
	for shell, c := range map[string]struct {
		text  string
		lines []string
	}{
		"bash": {p.Bash(), []string{
			"\tmake) options='--kind --force -f --from --help -h --output -o --dir' ;;\n",
			"\trest) options='--help -h --dir' ;;\n",
			"\t'make --kind') _p_list 'a-b c' ;;\n", "\t'make --from') compopt -o default ;;\n",
			"\t'make --output' | 'make -o') _p_words 'table json' ;;\n", "\t*' --dir') compopt -o dirnames ;;\n",
			"\t\tmake) _p_words 'a-b c' ;;\n", "\t\trest) : ;;\n", "\t\t'') _p_words 'make rest' ;;\n",
			"\t\t--output | -o | --dir) ",
		}},
		"zsh": {p.Zsh(), []string{
			"'make:.Make it.'\n", `'*--kind=[Of \[which\]\: kind.]:KIND,...:_values -s , kind a-b c' \`,
			`'(-f --force)'{-f,--force}'[Although it is there.]' \`, `'--from=[A file.]:FILE:_files' \`,
			`'*:KIND:(a-b c)'`, `'(-o --output)'{-o+,--output=}'[How (default table).]:table|json:(table json)'`,
			`'--dir=[Where.]:DIR:_files -/'`, "'::NAME:'\n",
		}},
		"fish": {p.Fish(), []string{
			"complete -c p -n 'not _p_command >/dev/null' -f -a make -d '.Make it.'\n",
			`-l kind -x -a '(__fish_complete_list , "string split \' \' \'a-b c\'")' -d 'Of [which]: kind.'`,
			"complete -c p -n '_p_is make' -l force -s f -f -d 'Although it is there.'\n",
			"-l from -r -F -d 'A file.'\n",
			`complete -c p -n '_p_is make' -f -a 'a-b c' -d 'What: \'a\' or \\b.'` + "\n",
			"complete -c p -n '_p_is make' -l output -s o -x -a 'table json' -d",
			"if contains -- $words[1] --output -o --dir\n",
		}},
	} {
		for _, line := range c.lines {
			if !strings.Contains(c.text, line) {
				t.Errorf("%s: no %q in\n%s", shell, line, c.text)
			}
		}
	}
	if strings.Contains(p.Fish(), "'_p_is rest' -l output") {
		t.Error("fish completes --output where the command does not take it")
	}
}

// TestStatuses: the manual page and README.md give the same exit statuses.
func TestStatuses(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for s := cli.Done; s <= cli.RenewalIsDue; s++ {
		row := fmt.Sprintf("\n| %d | %s", s, s.Meaning())
		if !strings.Contains(strings.ReplaceAll(string(readme), "`", ""), row) {
			t.Errorf("README.md has no row %q", row)
		}
	}
}
