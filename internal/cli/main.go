package cli

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"
)

// Flags are those every command of both programs has.
type Flags struct {
	Output    string           `short:"o" enum:"table,json,csv" default:"table" help:"Print table, json or (list) csv."`
	Wide      bool             `help:"Print every column of a table, however wide the terminal is."`
	Color     string           `enum:"auto,always,never" default:"auto" help:"Colours; auto: on a terminal."`
	Quiet     bool             `short:"q" help:"Print only errors and warnings."`
	LogFormat string           `enum:"text,json" default:"text" help:"Log lines: text for people, json for machines."`
	Version   kong.VersionFlag `help:"Print the version and exit."`
}

// Apply sets the terminal up as the flags say.
func (f Flags) Apply(t *Terminal) {
	t.JSON, t.CSV, t.Wide, t.Color, t.Quiet = f.Output == "json", f.Output == "csv", f.Wide, f.Color, f.Quiet
}

// Main parses the command line into grammar and runs the command, whose Run method gets what bind returns. The context
// ends with the signals that ending gives.
func Main(t *Terminal, description string, grammar any, bind func(context.Context) any) Status {
	noCoreDumps()
	forgetEmpty("CA_EXCHANGE", "CA_ADMIN_DIR", "COMPONENT_ADMIN_DIR")
	parser, err := Parser(t.Program, description, grammar)
	if err != nil {
		return t.Fail(err)
	}
	t.knows(parser)
	command, err := parser.Parse(asFlags(os.Args[1:]))
	if err != nil {
		line := t.Program
		if e, ok := errors.AsType[*kong.ParseError](err); ok && e.Context.Command() != "" {
			line += " " + e.Context.Selected().Name
		}
		return t.Fail(WithStatus(Usage, usage(err), line+" --help"))
	}
	if err := checkOutput(command); err != nil {
		return t.Fail(WithStatus(Usage, err, t.Program+" "+command.Selected().Name+" --help"))
	}
	ctx, stop := signal.NotifyContext(context.Background(), ending(t)...)
	defer stop()
	command.BindTo(ctx, (*context.Context)(nil))
	return t.Fail(command.Run(bind(ctx)))
}

// ending are the signals that end a command in order: what a person decided is published first. A closed terminal is
// one, unless the program was started to outlive it, as nohup does. A watch without a terminal takes SIGHUP for itself.
func ending(t *Terminal) []os.Signal {
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if t.Interactive() && !signal.Ignored(syscall.SIGHUP) {
		signals = append(signals, syscall.SIGHUP)
	}
	return signals
}

// Parser reads command lines into grammar. A grammar with a method Examples has them in the help of its commands; one
// with a method Groups gives the headings of their groups.
func Parser(program, description string, grammar any) (*kong.Kong, error) {
	options := append(values(), kong.Name(program), kong.Description(description), kong.UsageOnError(),
		kong.Help(printHelp), kong.ConfigureHelp(kong.HelpOptions{Compact: true, FlagsLast: true}),
		kong.Vars{"version": Version(program)}, kong.ExplicitGroups(headings(grammar)))
	parser, err := kong.New(grammar, options...)
	if err != nil {
		return nil, err
	}
	describe(parser.Model.Node)
	if with, ok := grammar.(interface{ Examples() map[string][]string }); ok {
		for _, command := range parser.Model.Children {
			if lines := with.Examples()[command.Name]; len(lines) > 0 {
				examples := examplesBelow + strings.Join(lines, "\n    ")
				command.Detail = strings.TrimLeft(command.Detail+"\n\n"+examples, "\n")
			}
		}
	}
	return parser, nil
}

// examplesBelow separates a command's help text from its examples.
const examplesBelow = "Examples:\n\n    "

// Detail is a command's help text below its first line, and its examples.
func Detail(command *kong.Node) (text string, examples []string) {
	text, below, found := strings.Cut(command.Detail, examplesBelow)
	if found {
		examples = strings.Split(below, "\n    ")
	}
	return strings.TrimSpace(text), examples
}

// asFlags reads the two words that people type before they know the flags: help [COMMAND] and version.
func asFlags(args []string) []string {
	switch {
	case len(args) > 0 && args[0] == "help":
		return append(slices.Clone(args[1:]), "--help")
	case len(args) == 1 && args[0] == "version":
		return []string{"--version"}
	}
	return args
}

func headings(grammar any) (groups []kong.Group) {
	if with, ok := grammar.(interface{ Groups() map[string]string }); ok {
		for key, title := range with.Groups() {
			groups = append(groups, kong.Group{Key: key, Title: title})
		}
	}
	return groups
}

// forgetEmpty treats an environment variable that is set to nothing as not set, as the shell's ${NAME:-default} does.
func forgetEmpty(names ...string) {
	for _, name := range names {
		if os.Getenv(name) == "" {
			os.Unsetenv(name)
		}
	}
}
