package manual

import (
	"fmt"
	"strings"

	"ca-exchange/internal/cli"
)

// Man is the manual page of a program, section 1, in roff with the man macros. It is plain ASCII.
func (p Program) Man() string {
	var b page
	b.line(".TH %s 1 \"\" ca-exchange", strings.ToUpper(p.Name))
	b.heading("Name")
	b.text(p.Name + " - " + lower(strings.TrimSuffix(p.About, ".")))
	b.heading("Synopsis")
	b.bold(p.Name, " [OPTION...] COMMAND [ARGUMENT...]")
	b.heading("Description")
	b.text(p.About)
	for group, commands := range p.groups() {
		b.heading(group)
		for _, c := range commands {
			b.command(p.Name, c)
		}
	}
	b.heading("Options of every command")
	b.values(p.Options)
	b.statuses()
	b.environment(p)
	b.heading("See also")
	for _, other := range []string{"ca-admin", "component-admin"} {
		if other != p.Name {
			b.bold(other, "(1),")
		}
	}
	b.bold("openssl", "(1),")
	b.bold("ssh-keygen", "(1)")
	return b.String()
}

// groups are the commands below their headings, in the order of the help.
func (p Program) groups() func(yield func(string, []Command) bool) {
	return func(yield func(string, []Command) bool) {
		for i := 0; i < len(p.Commands); {
			n := i
			for n < len(p.Commands) && p.Commands[n].Group == p.Commands[i].Group {
				n++
			}
			if !yield(p.Commands[i].Group, p.Commands[i:n]) {
				return
			}
			i = n
		}
	}
}

// page is a page in roff as it grows.
type page struct{ strings.Builder }

func (b *page) line(format string, args ...any) { fmt.Fprintf(b, format+"\n", args...) }

func (b *page) heading(text string) { b.line(".SH %s", roff(strings.ToUpper(text))) }

// text is a paragraph's line. A full stop or a quote at its beginning would be a macro.
func (b *page) text(s string) {
	if strings.HasPrefix(s, ".") || strings.HasPrefix(s, "'") {
		b.WriteString(`\&`)
	}
	b.line("%s", roff(s))
}

// bold is a line that begins with a word in bold.
func (b *page) bold(word, rest string) { b.line(`\fB%s\fR%s`, roff(word), roff(rest)) }

func (b *page) command(program string, c Command) {
	b.line(".SS %s", roff(c.Name))
	b.bold(program+" "+c.Name, strings.TrimPrefix(c.synopsis(), c.Name))
	b.line(".PP")
	b.text(c.Help)
	if c.Detail != "" {
		b.text(c.Detail)
	}
	if len(c.Formats) > 0 {
		b.text("Takes --output " + strings.Join(c.Formats, ", ") + ".")
	}
	b.values(c.Arguments)
	b.values(c.Options)
	if len(c.Examples) > 0 {
		b.line(".PP\nExamples:\n.PP\n.RS 4\n.EX")
		for _, line := range c.Examples {
			b.text(line)
		}
		b.line(".EE\n.RE")
	}
}

func (b *page) values(all []Value) {
	for _, v := range all {
		b.line(".TP")
		switch {
		case v.Kind == Nothing:
			b.bold(v.dashed(), "")
		case v.dashed() == "":
			b.line(`\fI%s\fR`, roff(v.Stand))
		default:
			b.line(`\fB%s\fR=\fI%s\fR`, roff(v.dashed()), roff(v.Stand))
		}
		b.text(v.Help)
	}
}

// dashed is an option as it is typed: "-o, --output"; "" for an argument.
func (v Value) dashed() string {
	switch {
	case v.argument:
		return ""
	case v.Short != "":
		return "-" + v.Short + ", --" + v.Name
	}
	return "--" + v.Name
}

func (b *page) statuses() {
	b.heading("Exit status")
	for s := cli.Done; s <= cli.RenewalIsDue; s++ {
		b.line(".TP")
		b.bold(fmt.Sprint(int(s)), "")
		b.text(s.Meaning())
	}
	b.line(".PP")
	b.text("When several apply, the first of 5, 4, 3, 6 counts.")
}

// environment lists the variables that stand for options, each once, and that of the colours.
func (b *page) environment(p Program) {
	b.heading("Environment")
	said := map[string]bool{"": true}
	variable := func(name, text string) {
		if !said[name] {
			said[name] = true
			b.line(".TP")
			b.bold(name, "")
			b.text(text)
		}
	}
	for _, o := range p.Options {
		variable(o.Env, "Stands for --"+o.Name+".")
	}
	for _, c := range p.Commands {
		for _, o := range c.Options {
			variable(o.Env, "Stands for --"+o.Name+".")
		}
	}
	variable("NO_COLOR", "Set to anything: no colours, as --color never.")
}

func lower(s string) string { return strings.ToLower(s[:1]) + s[1:] }

// roff writes text so that the formatter changes none of it: a hyphen stays one that can be copied, and no quote is
// made round.
func roff(s string) string {
	return strings.NewReplacer(`\`, `\e`, "-", `\-`, "'", `\(aq`, `"`, `\(dq`, "`", `\(ga`, "^", `\(ha`, "~", `\(ti`,
		"…", "...").Replace(s)
}
