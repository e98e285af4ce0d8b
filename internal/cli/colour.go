package cli

import (
	"io"
	"os"

	"golang.org/x/term"
)

// The colours, as ECMA-48 writes them. Colour only repeats what the words say.
const (
	red    = "\x1b[31m"
	yellow = "\x1b[33m"
	plain  = "\x1b[0m"
)

// cellColours are the words that have a colour in a table.
var cellColours = map[string]string{
	"Expired": red, "Overdue": red, "Denied": red, "Revoked": red, "Missing": red, "guarded": red,
	"Due": yellow, "Held": yellow,
}

// lineColours are the kinds of lines whose kind has a colour.
var lineColours = map[string]string{"error": red, "warning": yellow}

// coloured reports whether colours may be written to w: a terminal that has them, unless --color says otherwise.
func (t *Terminal) coloured(w io.Writer) bool {
	switch t.Color {
	case "always":
		return true
	case "never":
		return false
	}
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd())) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}

// Alarm gives text that a person must not overlook, in red where stderr has colours.
func (t *Terminal) Alarm(text string) string {
	if t.coloured(t.Err) {
		return red + text + plain
	}
	return text
}
