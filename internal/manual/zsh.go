package manual

import (
	"fmt"
	"strings"
)

// Zsh is a completion for zsh, to lie in a directory of fpath as _PROGRAM, or to be sourced after compinit.
func (p Program) Zsh() string {
	var commands, arguments strings.Builder
	for _, c := range p.Commands {
		fmt.Fprintf(&commands, "\t\t%s\n", quote(c.Name+":"+escape(c.Help)))
		fmt.Fprintf(&arguments, "\t%s)\n\t\t_arguments -s -S", c.Name)
		for _, v := range p.of(c) {
			arguments.WriteString(" \\\n\t\t\t" + v.zsh())
		}
		for _, a := range c.Arguments {
			arguments.WriteString(" \\\n\t\t\t" + a.zsh())
		}
		arguments.WriteString("\n\t\t;;\n")
	}
	var common []string
	for _, v := range p.Options {
		common = append(common, v.zsh())
	}
	return strings.NewReplacer("@PROGRAM@", p.Name, "@COMMANDS@", commands.String(),
		"@COMMON@", strings.Join(common, " \\\n\t\t"), "@ARGUMENTS@", arguments.String()).Replace(zshScript)
}

// zsh is an option or argument as _arguments takes it.
func (v Value) zsh() string {
	if v.argument {
		rule := ":" + escape(v.Stand) + ":" + v.zshAction()
		if v.List {
			rule = "*" + rule
		} else if !v.required {
			rule = ":" + rule
		}
		return quote(rule)
	}
	text, equals := "["+escape(v.Help)+"]", ""
	if v.Kind != Nothing {
		text += ":" + escape(v.Stand) + ":" + v.zshAction()
		equals = "="
	}
	star := ""
	if v.List {
		star = "*"
	}
	if v.Short == "" {
		return quote(star + "--" + v.Name + equals + text)
	}
	short := "-" + v.Short
	if v.Kind != Nothing {
		short += "+"
	}
	return fmt.Sprintf("'(-%s --%s)'{%s,--%s%s}%s", v.Short, v.Name, short, v.Name, equals, quote(text))
}

func (v Value) zshAction() string {
	switch {
	case v.Kind == Words && v.List && !v.argument:
		return "_values -s , " + v.Name + " " + strings.Join(v.Words, " ")
	case v.Kind == Words:
		return "(" + strings.Join(v.Words, " ") + ")"
	case v.Kind == File:
		return "_files"
	case v.Kind == Directory:
		return "_files -/"
	}
	return ""
}

// quote makes one word of the shell.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// escape keeps the characters that end a part of a rule of _arguments.
func escape(s string) string {
	return strings.NewReplacer(`\`, `\\`, ":", `\:`, "[", `\[`, "]", `\]`).Replace(s)
}

const zshScript = `#compdef @PROGRAM@
# zsh completion of @PROGRAM@, as ` + "`@PROGRAM@ completion zsh`" + ` prints it.

_@PROGRAM@() {
	local curcontext=$curcontext state line ret=1
	local -a commands
	commands=(
@COMMANDS@	)
	_arguments -C -s -S \
		@COMMON@ \
		':command:->command' '*::argument:->argument' && ret=0
	case $state in
	command) _describe -t commands command commands && ret=0 ;;
	argument)
		curcontext=${curcontext%:*}-$words[1]:
		_@PROGRAM@_arguments && ret=0
		;;
	esac
	return ret
}

_@PROGRAM@_arguments() {
	case $words[1] in
@ARGUMENTS@	*) _default ;;
	esac
}

if [[ $funcstack[1] == _@PROGRAM@ ]]; then
	_@PROGRAM@ "$@"
else
	compdef _@PROGRAM@ @PROGRAM@
fi
`
