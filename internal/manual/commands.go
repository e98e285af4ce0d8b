package manual

import (
	"io"

	"github.com/alecthomas/kong"
)

// Completion is the command that prints a shell's completions.
type Completion struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"The shell: ${enum}."`
}

// Help says how they are loaded.
func (Completion) Help() string {
	return "A package installs them. Without one, load them in the shell's start file as the examples do."
}

// Run prints them.
func (c *Completion) Run(parser *kong.Kong) error {
	p := Of(parser)
	text := map[string]func() string{"bash": p.Bash, "zsh": p.Zsh, "fish": p.Fish}[c.Shell]()
	_, err := io.WriteString(parser.Stdout, text)
	return err
}

// Man is the command that prints the manual page.
type Man struct{}

// Help says where it is read.
func (Man) Help() string { return "A package installs it, for man. It is written in roff." }

// Run prints it.
func (*Man) Run(parser *kong.Kong) error {
	_, err := io.WriteString(parser.Stdout, Of(parser).Man())
	return err
}
