package manual

import (
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"ca-exchange/internal/cli"
)

// Program is a command line.
type Program struct {
	Name     string
	About    string
	Options  []Value // of every command
	Commands []Command
}

// Command is one command of a program.
type Command struct {
	Name      string
	Group     string // the heading that it stands below
	Help      string
	Detail    string
	Examples  []string
	Formats   []string // what --output prints besides a table; without any the command does not take the option
	Arguments []Value
	Options   []Value
}

// Value is an option or an argument.
type Value struct {
	Name  string
	Short string // one letter, "" where there is none
	Stand string // what stands for the value: FILE, NODE; "" where an option takes none
	Help  string
	Env   string // the environment variable that stands for it
	Kind  Kind
	Words []string // of kind Words
	List  bool     // several, with commas between them; an argument: several words

	required bool
	argument bool
}

// Kind is what can be completed.
type Kind int

const (
	Nothing   Kind = iota // an option without a value
	Text                  // a value that only a person knows
	Words                 // one of a few words
	File                  // a file's name
	Directory             // a directory's name
)

// Of reads a program's command line. A grammar with a method Words gives the words that values of a name can have.
func Of(parser *kong.Kong) Program {
	model := parser.Model
	words := map[string][]string{}
	if with, ok := model.Target.Addr().Interface().(interface{ Words() map[string][]string }); ok {
		words = with.Words()
	}
	p := Program{Name: model.Name, About: model.Help, Options: options(model.Node, words)}
	for _, node := range model.Children {
		c := Command{Name: node.Name, Help: node.Help, Formats: cli.Formats(node), Options: options(node, words)}
		c.Detail, c.Examples = cli.Detail(node)
		if node.Group != nil {
			c.Group = strings.TrimSuffix(node.Group.Title, ":")
		}
		for _, argument := range node.Positional {
			c.Arguments = append(c.Arguments, value(argument, node, words))
		}
		p.Commands = append(p.Commands, c)
	}
	return p
}

func options(node *kong.Node, words map[string][]string) (all []Value) {
	for _, flag := range node.Flags {
		if flag.Hidden {
			continue
		}
		v := value(flag.Value, node, words)
		if flag.Short != 0 {
			v.Short = string(flag.Short)
		}
		if v.Stand = ""; flag.IsBool() {
			v.Kind = Nothing
		} else {
			v.Stand = flag.FormatPlaceHolder()
		}
		if len(flag.Tag.Envs) > 0 {
			v.Env = flag.Tag.Envs[0]
		}
		all = append(all, v)
	}
	return all
}

// value is what an option and an argument have in common. Its words are those of "COMMAND NAME", else those of NAME,
// else those of the placeholder in small letters: --like PROFILE.
func value(v *kong.Value, node *kong.Node, words map[string][]string) Value {
	is := Value{Name: v.Name, Stand: strings.ToUpper(v.Name), Help: v.Help, Kind: Text, List: v.IsSlice(),
		required: v.Required, argument: v.Flag == nil}
	placeholder := ""
	if v.Flag != nil {
		placeholder = v.Flag.PlaceHolder
	}
	for _, name := range []string{node.Name + " " + v.Name, v.Name, strings.ToLower(placeholder)} {
		if known, ok := words[name]; ok {
			is.Kind, is.Words = Words, known
			return is
		}
	}
	switch {
	case v.Enum != "":
		is.Kind, is.Words = Words, v.EnumSlice()
	case v.Tag.Type == "existingdir" || v.Tag.Type == "path" && placeholder != "FILE":
		is.Kind = Directory
	case v.Tag.Type == "existingfile" || placeholder == "FILE" || v.Name == "file":
		is.Kind = File
	}
	return is
}

// of are the options of a command: its own, then those of every command that it takes.
func (p Program) of(c Command) []Value {
	all := slices.Clone(c.Options)
	for _, o := range p.Options {
		switch o.Name {
		case "output":
			o.Words = append([]string{"table"}, c.Formats...)
			fallthrough
		case "wide":
			if len(c.Formats) == 0 {
				continue
			}
		}
		all = append(all, o)
	}
	return all
}

// synopsis is a command with its arguments as a person types them.
func (c Command) synopsis() string {
	words := []string{c.Name}
	if len(c.Options) > 0 {
		words = append(words, "[OPTION...]")
	}
	for _, a := range c.Arguments {
		word := a.Stand
		if a.List {
			word += "..."
		}
		if !a.required {
			word = "[" + word + "]"
		}
		words = append(words, word)
	}
	return strings.Join(words, " ")
}
