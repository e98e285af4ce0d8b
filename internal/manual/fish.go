package manual

import (
	"fmt"
	"strings"
)

// Fish is a completion for fish 3.1 or newer.
func (p Program) Fish() string {
	var lines strings.Builder
	line := func(condition, rest, help string) {
		fmt.Fprintf(&lines, "complete -c %s -n '%s' %s -d %s\n", p.Name, condition, rest, fishQuote(help))
	}
	none := "not " + p.function() + "_command >/dev/null"
	for _, c := range p.Commands {
		line(none, "-f -a "+c.Name, c.Help)
	}
	for _, v := range p.Options {
		if v.Name != "output" && v.Name != "wide" {
			line("true", v.fish(), v.Help)
		}
	}
	for _, c := range p.Commands {
		is := p.function() + "_is " + c.Name
		for _, v := range p.of(c)[:len(c.Options)] {
			line(is, v.fish(), v.Help)
		}
		for _, v := range p.of(c)[len(c.Options):] {
			if v.Name == "output" || v.Name == "wide" {
				line(is, v.fish(), v.Help)
			}
		}
		for _, a := range c.Arguments {
			line(is, a.fish(), a.Help)
			break // those behind the first are not completed
		}
	}
	return strings.NewReplacer("@PROGRAM@", p.Name, "@FUNCTION@", p.function(),
		"@TAKEN@", spelled(taking(p.Options)), "@LINES@", lines.String()).Replace(fishScript)
}

// fish is an option or argument as complete takes it.
func (v Value) fish() string {
	var words []string
	if !v.argument {
		if words = append(words, "-l "+v.Name); v.Short != "" {
			words = append(words, "-s "+v.Short)
		}
	}
	requires := map[bool]string{true: "-f", false: "-x"}[v.argument] // -x: a value, and no file
	switch v.Kind {
	case Words:
		candidates := "'" + strings.Join(v.Words, " ") + "'"
		if v.List && !v.argument {
			candidates = "'(__fish_complete_list , \"string split \\' \\' \\'" + strings.Join(v.Words, " ") + "\\'\")'"
		}
		words = append(words, requires, "-a "+candidates)
	case Text:
		words = append(words, requires)
	case File:
		words = append(words, map[bool]string{true: "-F", false: "-r -F"}[v.argument])
	case Directory:
		words = append(words, requires, "-a '(__fish_complete_directories)'")
	case Nothing:
		words = append(words, "-f")
	}
	return strings.Join(words, " ")
}

func fishQuote(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(s) + "'"
}

const fishScript = `# fish completion of @PROGRAM@, as ` + "`@PROGRAM@ completion fish`" + ` prints it.

function @FUNCTION@_command # the command that is typed, behind the options that stand before it
    set -l words (commandline -opc)
    set -e words[1]
    while set -q words[1]
        if contains -- $words[1] @TAKEN@
            set -e words[1]
        else if not string match -q -- '-*' $words[1]
            echo $words[1]
            return 0
        end
        set -e words[1]
    end
    return 1
end

function @FUNCTION@_is
    set -l command (@FUNCTION@_command)
    and test $command = $argv[1]
end

complete -c @PROGRAM@ -f
@LINES@`
