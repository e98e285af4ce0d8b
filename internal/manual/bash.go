package manual

import (
	"fmt"
	"strings"
)

// Bash is a completion for bash 4.2 or newer, which needs no other package.
func (p Program) Bash() string {
	var names []string
	var options, values, arguments strings.Builder
	for _, c := range p.Commands {
		names = append(names, c.Name)
		fmt.Fprintf(&options, "\t%s) options='%s' ;;\n", c.Name, spelled(p.of(c)))
		for _, v := range c.Options {
			if v.Kind != Nothing {
				fmt.Fprintf(&values, "\t%s) %s ;;\n", patterns(c.Name, v), v.bash())
			}
		}
		for _, v := range p.of(c) {
			if v.Name == "output" {
				fmt.Fprintf(&values, "\t%s) %s ;;\n", patterns(c.Name, v), v.bash())
			}
		}
		for _, a := range c.Arguments {
			fmt.Fprintf(&arguments, "\t\t%s) %s ;;\n", c.Name, a.bash())
			break // those behind the first are not completed
		}
	}
	for _, v := range p.Options {
		if v.Kind != Nothing && v.Name != "output" {
			fmt.Fprintf(&values, "\t%s) %s ;;\n", patterns("*", v), v.bash())
		}
	}
	script := strings.NewReplacer("@PROGRAM@", p.Name, "@COMMANDS@", strings.Join(names, " "),
		"@COMMON@", spelled(p.Options), "@TAKEN@", strings.ReplaceAll(spelled(taking(p.Options)), " ", " | "),
		"@OPTIONS@", options.String(), "@VALUES@", values.String(), "@ARGUMENTS@", arguments.String()).
		Replace(bashScript)
	return strings.ReplaceAll(script, "@FUNCTION@", p.function())
}

// function is the name that a program's functions begin with.
func (p Program) function() string { return "_" + strings.ReplaceAll(p.Name, "-", "_") }

// spelled are all ways of typing options.
func spelled(all []Value) string {
	var words []string
	for _, v := range all {
		if words = append(words, "--"+v.Name); v.Short != "" {
			words = append(words, "-"+v.Short)
		}
	}
	return strings.Join(words, " ")
}

// taking are those options that take a value.
func taking(all []Value) (with []Value) {
	for _, v := range all {
		if v.Kind != Nothing {
			with = append(with, v)
		}
	}
	return with
}

// patterns match "COMMAND OPTION".
func patterns(command string, v Value) string {
	if command != "*" {
		command = "'" + command + "'"
	}
	pattern := command + "' --" + v.Name + "'"
	if v.Short != "" {
		pattern += " | " + command + "' -" + v.Short + "'"
	}
	return strings.ReplaceAll(pattern, "''", "")
}

// bash is what completes a value.
func (v Value) bash() string {
	switch v.Kind {
	case Words:
		if v.List && !v.argument {
			return "@FUNCTION@_list '" + strings.Join(v.Words, " ") + "'"
		}
		return "@FUNCTION@_words '" + strings.Join(v.Words, " ") + "'"
	case File:
		return "compopt -o default"
	case Directory:
		return "compopt -o dirnames"
	}
	return ":"
}

const bashScript = `# bash completion of @PROGRAM@, as ` + "`@PROGRAM@ completion bash`" + ` prints it.

@FUNCTION@_words() { # of which one completes the present word
	mapfile -t COMPREPLY < <(compgen -W "$1" -- "$cur")
}

@FUNCTION@_list() { # of which several may stand in the present word, with commas
	local before=
	[[ $cur != *,* ]] || before=${cur%,*},
	mapfile -t COMPREPLY < <(compgen -P "$before" -W "$1" -- "${cur##*,}")
}

@FUNCTION@() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} command= options='@COMMON@' i
	COMPREPLY=()
	# readline hands --option=value over as three words
	if [[ $cur == = ]]; then
		cur=
	elif [[ $prev == = ]]; then
		prev=${COMP_WORDS[COMP_CWORD - 2]}
	fi
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		@TAKEN@) [[ ${COMP_WORDS[i + 1]} != = ]] || ((i++)); ((i++)) ;;
		-*) ;;
		*) command=${COMP_WORDS[i]}; break ;;
		esac
	done
	case $command in
@OPTIONS@	esac
	case "$command $prev" in
@VALUES@	*)
		if [[ $cur == -* ]]; then
			@FUNCTION@_words "$options"
			return
		fi
		case $command in
		'') @FUNCTION@_words '@COMMANDS@' ;;
@ARGUMENTS@		esac
		;;
	esac
}

complete -F @FUNCTION@ @PROGRAM@
`
